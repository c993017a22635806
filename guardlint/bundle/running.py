"""Which of a team's rails the guard runs, and the refusal where a policy relies on one that it does not.

NeMo 0.24 checks rails by themselves in Colang 1.0 only (``engines/nemo_0_24.py``, ``_load``); those of a
configuration in Colang 2.x run where the application runs them, around its own model.
"""

from __future__ import annotations

from guardlint.bundle.ingredients import HOOKS
from guardlint.errors import BundleError
from guardlint.nemo.configuration import Configuration
from guardlint.policy.model import ComposedPolicy, Direction

__all__ = ["has_code", "own_code", "refuse_unrun", "runs"]


def runs(team: Configuration, hook: Direction) -> bool:
    """Whether the guard runs rails of the team's in this direction."""
    return team.colang_version == "1.0" and bool(team.rails(hook))


def refuse_unrun(policy: ComposedPolicy, team: Configuration) -> None:
    """Raises BundleError when the policy requires a rail of the team's that the guard would not run."""
    if team.colang_version == "1.0":
        return
    for entry in policy.requirements:
        if entry.verb == "require" and entry.subject == "rail" and entry.direction in HOOKS:
            raise BundleError(
                f"`{entry.id}` requires a rail of the configuration on {entry.direction}, and the guard runs "
                f"no rails in Colang {team.colang_version}",
                place=str(team.place(("colang_version",))),
                help="write the rails in Colang 1.0",
            )


def own_code(half: Configuration) -> str | None:
    """What of a half IORails would pass over in silence, as the end of a sentence; None where nothing is.

    Bot messages do not count: the guard answers with the policy's refusal.
    """
    if any(file.flows for file in half.read_colang):
        return "flows in Colang"
    return "Python" if has_code(half) else None


def has_code(half: Configuration) -> bool:
    """Whether NeMo would run Python of this half; also such as guardlint cannot read."""
    return any(file.kind == "python" for file in half.files)
