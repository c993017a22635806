"""A machine on which whatever a configuration needs from outside is there, for as long as a block lasts.

What NeMo refuses even here, it refuses everywhere; what it refuses elsewhere only, depends on the machine.
The packages that the configuration's own code imports are stood in for (its imports only: NeMo's own still
fail where a package is not installed), every variable that a model names for its key is set, engines that
need LangChain get a scripted model, and imports that are nowhere to be found bring an empty file.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import os
import re
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from guardlint.harness.scripted import ScriptedModel

__all__ = ["can_help", "helpful", "missing_keys", "stand_ins"]

_KEY = re.compile(r"""api_key_env_var["']?\s*:\s*["']?(\w+)""")
# By this NeMo would take whatever is imported for an action.
_NOT_THEIRS = frozenset({"action_meta"})
_OF_PYTHON = ("<frozen", "importlib")


class _AnythingType(type):
    """Classes that have every attribute, and decorate what they are given alone."""

    def __call__(cls, *given: Any, **named: Any) -> Any:
        return given[0] if _is_decorated(given, named) else super().__call__(*given, **named)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") or name in _NOT_THEIRS:
            raise AttributeError(name)
        return _Anything


class _Anything(metaclass=_AnythingType):
    """A base class, a decorator, a function or a value, as the code wants it."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in _NOT_THEIRS:
            raise AttributeError(name)
        return _Anything()

    def __call__(self, *given: Any, **named: Any) -> Any:
        return given[0] if _is_decorated(given, named) else _Anything()


def _is_decorated(given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    return len(given) == 1 and not named and isinstance(given[0], types.FunctionType | type)


class _StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every package that the code below ``root`` imports and nobody else finds."""

    def __init__(self, root: Path, *, actions_only: bool) -> None:
        self.root = str(root)
        self.actions_only = actions_only
        self.made: list[str] = []

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A stand-in where the import stands in the configuration's code."""
        frame = sys._getframe(1)  # noqa: SLF001 - who asks is all that matters
        while frame.f_back is not None and any(part in frame.f_code.co_filename for part in _OF_PYTHON):
            frame = frame.f_back
        file = os.path.realpath(frame.f_code.co_filename)
        if not file.startswith(self.root) or (self.actions_only and file.endswith("config.py")):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """A module that has every name."""
        self.made.append(spec.name)
        module = types.ModuleType(spec.name)
        vars(module)["__getattr__"] = _name
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def _name(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (_Anything,), {})


@contextlib.contextmanager
def helpful(root: Path) -> Iterator[None]:
    """The machine; ``root`` is the configuration that it is helpful to."""
    import nemoguardrails._compat.langchain_kwargs as compatibility
    from nemoguardrails.rails.llm import llmrails

    keys = missing_keys(root)
    original = llmrails.init_llm_model

    def init_llm_model(*given: Any, **named: Any) -> Any:
        try:
            return original(*given, **named)
        except ValueError as error:
            if "provider" in str(error).lower():
                return ScriptedModel()
            raise

    with (
        stand_ins(root, actions_only=False),
        mock.patch.dict(os.environ, keys),
        mock.patch.object(llmrails, "init_llm_model", init_llm_model),
        mock.patch.object(compatibility, "check_langchain_kwargs", return_value=None),
    ):
        yield


@contextlib.contextmanager
def stand_ins(root: Path, *, actions_only: bool) -> Iterator[None]:
    """Only the packages; with ``actions_only`` not those that ``config.py`` imports."""
    finder = _StandIns(root.resolve(), actions_only=actions_only)
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.made:
            sys.modules.pop(name, None)


def can_help(root: Path) -> bool:
    """Whether the machine changes what ``RailsConfig`` makes of ``root``: by a key, or by an import."""
    return any("import" in text or _KEY.search(text) for text in _texts(root))


def missing_keys(root: Path) -> dict[str, str]:
    """A value that is no key for every variable that a model names and this machine has not."""
    return {name: "unused" for name in _keys(root) if name not in os.environ}


def _keys(root: Path) -> set[str]:
    return {name for text in _texts(root) for name in _KEY.findall(text)}


def _texts(root: Path) -> Iterator[str]:
    for pattern in ("*.yml", "*.yaml", "*.co"):
        for path in root.rglob(pattern):
            with contextlib.suppress(OSError):
                yield path.read_text(encoding="utf-8", errors="replace")
