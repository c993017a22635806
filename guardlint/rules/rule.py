"""What a rule declares and what it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from guardlint.nemo.configuration import Configuration
from guardlint.source.edits import Edit
from guardlint.source.place import Place
from guardlint.source.record import record
from guardlint.source.yaml_file import DataPath

if TYPE_CHECKING:
    from guardlint.policy.model import ComposedPolicy
    from guardlint.policy.vendor import Altered

__all__ = ["Confidence", "Fix", "Found", "LoadedRule", "Project", "Related", "Rule", "Severity", "dotted"]

Severity = Literal["error", "warning", "note"]
Confidence = Literal["high", "medium", "low"]


@record
class Rule:
    """The declaration at the top of a rule's module, as ``RULE``.

    ``severity`` is what happens at run time, ``confidence`` how sure the rule is, ``since`` the guardlint
    version that brought it, ``fix`` whether its findings can come with a mend, and of which kind,
    ``controls`` the controls that a finding gives evidence for.
    """

    severity: Severity
    confidence: Confidence
    since: str
    status: Literal["preview", "stable", "deprecated"] = "stable"
    fix: Literal["safe", "unsafe"] | None = None
    aliases: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()


@record
class Related:
    """Another place that belongs to the finding, with a word about it."""

    place: Place
    label: str


@record
class Fix:
    """The mend of a finding, as edits of one or more files.

    ``title`` says what it does ("rename `rail` to `rails`"). A safe one can only make the configuration do
    what its author meant; any other may change what it does and wants a look. ``changes`` are the paths of
    the files' data that may differ afterwards, each with everything below it; it is not looked at for Colang.
    ``comments`` are those that it rewrites or takes out, as they stand; every other one stays.
    ``renames`` are files that get another name in their folder: old and new path, as findings show them.
    """

    title: str
    edits: tuple[Edit, ...]
    safe: bool = True
    changes: tuple[DataPath, ...] = ()
    comments: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()


@record
class Found:
    """One thing that a rule says.

    ``path`` is the path in the effective configuration, ``value`` what the fingerprint is made of.
    ``requirement`` is the id of the requirement of a policy that is not met, ``waivable`` False where the
    policy allows no exception.
    ``since_nemo`` names the first NeMo version that has the fault: older targets get a note.
    """

    message: str
    place: Place
    at_run_time: str
    help: str
    path: DataPath | None = None
    value: Any = None
    related: tuple[Related, ...] = ()
    severity: Severity | None = None
    confidence: Confidence | None = None
    since_nemo: str | None = None
    policy: str | None = None
    fix: Fix | None = None
    waivable: bool = True
    requirement: str | None = None


@record
class Project:
    """What a rule looks at: one configuration, and the policy that it must meet, if any.

    ``today`` is the day for which dates are judged; None judges none. ``company_rules`` are the ids of the
    company's own rules, ``altered`` the vendored files of its standard that are not the pinned ones.
    """

    configuration: Configuration
    policy: ComposedPolicy | None = None
    today: date | None = None
    company_rules: frozenset[str] = frozenset()
    altered: tuple[Altered, ...] = ()


@record
class LoadedRule:
    """A rule as discovered: its id and family come from its file."""

    id: str
    family: str
    rule: Rule
    documentation: str
    check: Callable[[Project], Iterator[Found]]

    @property
    def home(self) -> str:
        """The package of its family, empty where it has none."""
        return ""

    @property
    def title(self) -> str:
        """The first sentence of its documentation, without the full stop."""
        return self.documentation.strip().partition("\n")[0].rstrip(".")


def dotted(path: DataPath) -> str:
    """``("rails", "input", "flows", 0)`` → ``rails.input.flows[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text
