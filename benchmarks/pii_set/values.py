"""Values to put into templates: seeded, with right check digits, never a real person's.

Independent of the detector's own check digits and lists.
"""

from __future__ import annotations

from pii_set.credentials import Credentials
from pii_set.harmless import HARMLESS, Harmless
from pii_set.identifiers import Identifiers
from pii_set.people import People

__all__ = ["HARMLESS", "Values"]


class Values(People, Identifiers, Credentials, Harmless):
    """Makes one value after another from one seed."""
