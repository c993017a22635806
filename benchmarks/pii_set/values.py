"""Values to put into templates: seeded, with right check digits, never a real person's.

Independent of the detector's own check digits and lists.
"""

from __future__ import annotations

from .credentials import Credentials
from .harmless import HARMLESS, Harmless
from .identifiers import Identifiers
from .people import People

__all__ = ["HARMLESS", "Values"]


class Values(People, Identifiers, Credentials, Harmless):
    """Makes one value after another from one seed."""
