"""Finds what there is to try below a folder, and tries one suite."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from guardlint.cli._trials.outcome import Aspect, Outcome, Settings, Suite, Tried
from guardlint.errors import GuardlintError
from guardlint.policy.central import Central
from guardlint.policy.documents import read_document
from guardlint.source.files import shown_path

__all__ = ["TESTS_FILE", "count_of", "find_suites", "holds_standard", "try_suite"]

TESTS_FILE = "guardlint-tests.yml"
"""The cases of a configuration: this file, or one whose name ends with ``-`` and this."""

_PASSED_OVER = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist", "venv"})


def holds_standard(folder: Path) -> bool:
    """Whether ``folder`` is a central repository; a configuration may have a folder ``rails``, too."""
    return (folder / "policies").is_dir() or any(folder.glob("rails/*/rail.yml"))


def find_suites(folder: Path, *, policies_only: bool, rails: tuple[str, ...]) -> list[Suite]:
    """All suites below ``folder``, in the order in which they are reported."""
    found: list[Suite] = []
    if holds_standard(folder):
        policies = sorted(folder.glob("policies/*/tests/*.yml"))
        if not rails:
            found.append(Suite("controls", "controls", folder, folder))
            found += [Suite("policy", path.parent.parent.name, folder, path) for path in policies]
        # A rail without cases is one too: nothing shows that it works.
        manifests = sorted(folder.glob("rails/*/rail.yml")) if not policies_only else []
        found += [
            Suite("rail", path.parent.name, folder, path.with_name("tests.yml"))
            for path in manifests
            if not rails or path.parent.name in rails
        ]
    if not policies_only and not rails:
        found += [Suite("configuration", shown_path(path), folder, path) for path in sorted(_tests(folder))]
    return found


def count_of(suite: Suite) -> int:
    """How many cases it holds, without those that stand in files of their own. Raises ConfigError."""
    if suite.kind == "controls" or not suite.path.is_file():
        return 0
    kinds = {"policy": "policy-tests", "rail": "rail-tests", "configuration": "team-tests"}
    data = read_document(suite.path, kinds[suite.kind]).data  # type: ignore[arg-type]
    return len(data.get("cases", ())) + len(data.get("benign", ()))


def try_suite(
    suite: Suite, settings: Settings, central: Central | None, done: Callable[[Outcome], object]
) -> Tried:
    """Try every case, and tell ``done`` of each as it ends. A GuardlintError is in what is returned."""
    outcomes: list[Outcome] = []
    aspects: list[Aspect] = []
    try:
        for outcome in _outcomes(suite, settings, central, aspects):
            outcomes.append(outcome)
            done(outcome)
    except GuardlintError as error:
        return Tried(suite, suite.name, tuple(outcomes), tuple(aspects), str(error), error.exit_code)
    label = outcomes[0].suite if outcomes else suite.name
    return Tried(suite, label, tuple(outcomes), tuple(aspects))


def _outcomes(
    suite: Suite, settings: Settings, central: Central | None, aspects: list[Aspect]
) -> Iterator[Outcome]:
    if suite.kind == "configuration":
        from guardlint.cli._trials.configurations import ConfigurationTrial

        trial = ConfigurationTrial(suite, settings)
        aspects += trial.aspects()
        yield from trial.outcomes()
        return
    central = central or Central.open(suite.folder)
    if suite.kind == "rail":
        from guardlint.cli._trials.rails import rail_aspects, rail_outcomes

        aspects += rail_aspects(central.rail(suite.name))
        yield from rail_outcomes(suite, central, settings)
        return
    from guardlint.cli._trials.policies import control_outcomes, policy_aspects, policy_outcomes

    if suite.kind == "policy":
        yield from policy_outcomes(suite, central, settings)
        return
    own = {path.parent.name for path in suite.folder.glob("policies/*/policy.yml")}
    for name in sorted(own):
        aspects += policy_aspects(central.policy(name))
    if not settings.words:
        yield from control_outcomes(suite)


def _tests(folder: Path) -> Iterator[Path]:
    for above, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _PASSED_OVER)
        for name in files:
            if name == TESTS_FILE or name.endswith(f"-{TESTS_FILE}"):
                yield Path(above, name)
