"""What makes NeMo's own answer quick to get, and quiet: nothing of it belongs to a configuration."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nemoguardrails import LLMRails

__all__ = ["paths", "put", "quick", "quiet", "remembering"]


class _SortedOs:
    """``os`` for NeMo's loader, with the files and folders of each folder sorted."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    @staticmethod
    def walk(top: str, **options: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, folders, files in os.walk(top, **options):
            folders.sort()
            yield folder, folders, sorted(files)


@contextlib.contextmanager
def quick(sort: bool) -> Iterator[None]:
    """The shortcuts, for as long as the block lasts."""
    import nemoguardrails.colang as colang
    from nemoguardrails.actions import action_dispatcher
    from nemoguardrails.actions.action_dispatcher import ActionDispatcher
    from nemoguardrails.rails.llm import config, llmrails

    own_paths = ActionDispatcher.load_actions_from_path
    library = Path(config.guardrails_stdlib_path, "nemoguardrails")

    def load_actions(self: ActionDispatcher, path: Path) -> None:
        # The package's own actions and those of the working directory change nothing that is compared.
        if path != Path.cwd() and library not in (path, *path.parents):
            own_paths(self, path)

    async def no_documents(self: LLMRails) -> None:
        self._kb = None

    with contextlib.ExitStack() as stack:
        replace = functools.partial(put, stack)
        if sort:
            replace(config, "os", _SortedOs())
            replace(action_dispatcher, "os", _SortedOs())
        remembered = remembering(colang.parse_colang_file)
        replace(colang, "parse_colang_file", remembered)
        replace(llmrails, "parse_colang_file", remembered)
        replace(llmrails.LLMRails, "_init_kb", no_documents)
        replace(ActionDispatcher, "load_actions_from_path", load_actions)
        replace(ActionDispatcher, "_load_unmanifested_library_actions", lambda *_: None)
        yield


@contextlib.contextmanager
def paths(*, everything: bool) -> Iterator[None]:
    """With ``everything``, imports that are nowhere are taken for empty files."""
    from nemoguardrails.rails.llm import config

    roots = config.colang_path_dirs

    def exists(path: str) -> bool:
        if os.path.exists(path) or not everything or not isinstance(path, str):  # noqa: PTH110
            return os.path.exists(path)  # noqa: PTH110
        names = [os.path.join(root, end) for root in roots for end in (path, f"{path}.co")]  # noqa: PTH118
        return not path.startswith((*roots, '"', "'")) and not any(map(os.path.exists, names))

    class _Path:
        def __getattr__(self, name: str) -> Any:
            return getattr(os.path, name)

    own = _SortedOs()
    path = _Path()
    path.exists = exists  # type: ignore[attr-defined]
    own.path = path  # type: ignore[attr-defined]
    with contextlib.ExitStack() as stack:
        put(stack, config, "os", own)
        yield


def put(stack: contextlib.ExitStack, where: Any, name: str, value: Any) -> None:
    """Set ``where.name``, until ``stack`` is left."""
    before = getattr(where, name)
    setattr(where, name, value)
    stack.callback(setattr, where, name, before)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No log line, for as long as the block lasts."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            Path(os.devnull).open("w") as nowhere,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            yield
    finally:
        logging.disable(before)


@functools.cache
def _library() -> frozenset[str]:
    """The text of every Colang file of NeMo's package."""
    from nemoguardrails.rails.llm import config

    package = Path(config.guardrails_stdlib_path, "nemoguardrails")
    return frozenset(path.read_text(encoding="utf-8") for path in package.rglob("*.co"))


_parsed: dict[tuple[str, str], bytes] = {}


def remembering(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """NeMo's parser, whose result for a file of its own library is kept, its 2.x flows marked as such."""

    def parse(
        filename: str, content: str, include_source_mapping: bool = True, version: str = "1.0"
    ) -> dict[str, Any]:
        if content not in _library():
            return original(filename, content, include_source_mapping, version)
        key = (content, version)
        if key not in _parsed:
            result = original(filename, content, include_source_mapping, version)
            for flow in result.get("flows", ()) if version == "2.x" else ():
                flow.file_info["of_library"] = True
            _parsed[key] = pickle.dumps(result)
        # A fresh copy each time: NeMo writes into what it parsed.
        copy: dict[str, Any] = pickle.loads(_parsed[key])  # noqa: S301 - made two lines above
        return copy

    return parse
