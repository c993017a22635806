"""Compiling hostile configurations: as ``guardlint compile`` does, and as if no rule had seen anything."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal
from unittest import mock

from guardlint.bundle import compile as compiling
from guardlint.bundle.compile import CheckFailed, compile_bundle
from guardlint.bundle.keys import PrivateKey, generate
from guardlint.errors import GuardlintError
from guardlint.policy.central import Central
from guardlint.resources import central_dir

from .company import COMPARING, POLICIES, write_central
from .making import make
from .proof import Required, faults, required_by, unlike_policy
from .records import Case, Content, write
from .tricks_files import MARKER

__all__ = ["NOW", "Outcome", "Prover", "scratch"]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SECONDS = 60.0
_BLANK: dict[str, Content] = {"config.yml": b"models: []\n"}

Result = Literal["bundle", "check", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one configuration. ``holes`` are the reasons for which the proof fails.

    ``checked`` is what compile says, ``unchecked`` what it says when no rule finds anything: the bundle must
    hold by itself. ``bundle`` is of the second. ``seconds`` are those of the first.
    """

    case: Case
    policy: str
    checked: Result
    unchecked: Result
    said: str
    holes: tuple[str, ...]
    bundle: bytes | None
    seconds: float


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """What depends on the policy alone is worked out once for many teams; ``proof`` looks at every bundle."""
    known: dict[str, Any] = {}

    def again(*arguments: Any) -> Any:
        key = repr([item if isinstance(item, dict | str | date | tuple) else id(item) for item in arguments])
        if key not in known:
            known[key] = function(*arguments)
        return copy(known[key])

    return again


class Prover:
    """Compiles under the policies of ``company`` and holds each bundle against them."""

    def __init__(self, folder: Path, judge_url: str = "http://127.0.0.1:9/v1") -> None:
        self._folder = folder
        self._path = write_central(folder / "central", judge_url)
        self.central = Central.open(self._path)
        self.key: PrivateKey = generate()
        self._required: dict[str, Required] = {}
        self._central_parts: dict[str, Any] = {
            name: remembered(getattr(compiling, name))
            for name in ("company_configuration", "configuration_of", "read_economy")
        }
        for policy in (*POLICIES, COMPARING):
            blank = self._bundle(self._written("blank", _BLANK), policy)
            required = required_by(self._path, central_dir(), policy, blank)
            if wrong := list(unlike_policy(blank, required)):
                raise AssertionError(f"{policy}: {wrong}")
            self._required[policy] = required

    def prove(self, number: int, seed: int = 1, model_url: str | None = None) -> Outcome:
        """Make the configuration of that number, compile it both ways, and look."""
        return self.prove_case(make(number, seed, model_url), POLICIES[number % len(POLICIES)])

    def prove_case(self, case: Case, policy: str) -> Outcome:
        """Compile the configuration under that policy both ways, and look."""
        root = self._written("team", case.files)
        started = time.perf_counter()
        checked, said, bundle, holes = self._compile(root, policy)
        seconds = time.perf_counter() - started
        unchecked = checked
        if checked == "check":
            with mock.patch.object(
                compiling, "check", return_value=SimpleNamespace(findings=(), count=_none)
            ):
                unchecked, said, bundle, holes = self._compile(root, policy)
        if bundle is not None:
            holes += list(faults(bundle, self.key.public.raw, self._required[policy]))
        holes += [f"code ran at {place}" for place in self._marked()]
        return Outcome(case, policy, checked, unchecked, said, tuple(holes), bundle, seconds)

    def required(self, policy: str) -> Required:
        """What the policy asks for."""
        return self._required[policy]

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Whatever a directory holds, compiling it ends."""

        def late(*_: object) -> None:
            raise TimeoutError(f"no end after {_SECONDS} seconds")

        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _compile(self, root: Path, policy: str) -> tuple[Result, str, bytes | None, list[str]]:
        try:
            return "bundle", "", self._bundle(root, policy), []
        except CheckFailed as error:
            return "check", str(error), None, list(_line_faults(error))
        except GuardlintError as error:
            return "refused", str(error), None, list(_line_faults(error))
        except Exception as error:  # noqa: BLE001 - anything else is what is looked for
            return "refused", repr(error), None, [f"compile raises {type(error).__name__}: {error}"[:300]]

    def _bundle(self, root: Path, policy: str) -> bytes:
        with self._in_time(), mock.patch.multiple(compiling, **self._central_parts):
            return compile_bundle(
                root,
                self.central.policy(policy),
                self.central,
                name="hostile",
                created=NOW,
                revision=1,
                signers=[self.key],
            ).data

    def _written(self, name: str, files: dict[str, Content] | object) -> Path:
        root = self._folder / name / "guardrails"
        shutil.rmtree(root.parent, ignore_errors=True)
        write(root, files)  # type: ignore[arg-type]
        return root

    def _marked(self) -> Iterator[str]:
        for folder in (Path.cwd(), self._folder, self._folder / "team", self._folder / "team" / "guardrails"):
            if (folder / MARKER).exists():
                (folder / MARKER).unlink()
                yield str(folder)


def _none(level: str) -> int:  # noqa: ARG001
    """The number of findings of a check that finds nothing."""
    return 0


def _line_faults(error: GuardlintError) -> Iterator[str]:
    """One clear line: printable, not endless, no traceback."""
    text = str(error)
    if not text or not text.isprintable() or len(text) > 800:
        yield f"the refusal is no line: {text[:200]!r}"


def scratch() -> Path:
    """A folder of its own, not below any git repository."""
    return Path(tempfile.mkdtemp(prefix="hostile-", dir=os.environ.get("TMPDIR")))
