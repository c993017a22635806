"""What a type checker sees: functions keep their signatures, results know their replies."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

_CODE = """
from typing import Any, AsyncIterator, Iterator
from guardlint.guard import Checked, Guard, Result, Session, Verdict

guard: Guard

@guard.protect
def sync(messages: list[dict[str, str]], *, k: int = 1) -> str:
    return "x"

@guard.protect(context="chunks", on_block="exception")
async def later(prompt: str, chunks: list[str]) -> dict[str, int]:
    return {}

class Bot:
    @guard.protect
    def chat(self, prompt: str) -> bytes:
        return b""

    @guard.protect
    @staticmethod
    def ask(prompt: str) -> str:
        return prompt

@guard.protect
def pieces(messages: list[dict[str, str]]) -> Iterator[str]:
    yield "x"

@guard.protect
async def chunks(prompt: str) -> AsyncIterator[bytes]:
    yield b""

async def created(prompt: str) -> AsyncIterator[bytes]:
    return chunks(prompt)

def told(verdict: Verdict) -> str:
    return verdict.status

reveal_type(sync)  # def (messages: list[dict[str, str]], *, k: int =) -> str
reveal_type(later)  # def (prompt: str, chunks: list[str]) -> typing.Coroutine[Any, Any, dict[str, int]]
reveal_type(Bot().chat)  # def (prompt: str) -> bytes
reveal_type(guard.wrap(sync, on_block=told))  # def (messages: list[dict[str, str]], *, k: int =) -> str
reveal_type(guard.call(sync, [], k=2))  # guardlint.guard.verdict.Result[str]
reveal_type(guard.session().call(sync, "hi").reply)  # str
reveal_type(guard.check_input("hi").value)  # str
reveal_type(pieces)  # def (messages: list[dict[str, str]]) -> typing.Iterator[str]
reveal_type(chunks)  # def (prompt: str) -> typing.AsyncIterator[bytes]
reveal_type(guard.stream(pieces, []))  # guardlint.guard.streamed.Streamed[str]
reveal_type(guard.astream(chunks, "x"))  # guardlint.guard.streamed.AsyncStreamed[bytes]
reveal_type(guard.astream(created, "x"))  # guardlint.guard.streamed.AsyncStreamed[bytes]
reveal_type(guard.session().stream(pieces, "hi"))  # guardlint.guard.streamed.Streamed[str]
reveal_type(guard.session().astream(chunks, "hi"))  # guardlint.guard.streamed.AsyncStreamed[bytes]
reveal_type([piece for piece in guard.stream(pieces, [])])  # list[str]
reveal_type(guard.check_tool_call("f", {"a": 1}).value)  # dict[str, int]

async def main() -> None:
    reveal_type((await guard.acall(later, "x", [])).reply)  # dict[str, int]
    reveal_type((await guard.acheck_output("x")).value)  # str
    reveal_type([piece async for piece in guard.astream(chunks, "x")])  # list[bytes]
    async with guard.astream(chunks, "x") as stream:
        reveal_type(stream.verdict)  # Verdict | None

guard.stream(later, "x", [])  # error: Argument 1 to "stream"
sync(3)  # error: Argument 1 to "sync" has incompatible type "int"; expected "list[dict[str, str]]"
sync([], j=1)  # error: Unexpected keyword argument "j" for "sync"
guard.wrap(sync, on_block="raise")  # error: Argument "on_block"
guard.protect(sync, tone="kind")  # error: No overload variant
"""


def test_types(tmp_path: Path) -> None:
    """Every line says what mypy has to say about it."""
    code = textwrap.dedent(_CODE).lstrip()
    (tmp_path / "host.py").write_text(code)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), "host.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(root), "PATH": "/usr/bin:/bin", "MYPY_CACHE_DIR": str(root / ".mypy_cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    said: dict[int, str] = {}
    for line in done.stdout.splitlines():
        if line.startswith("host.py:"):
            number = int(line.split(":")[1])
            said[number] = said.get(number, "") + line
    expected = {
        number: line.rsplit("  # ", 1)[1]
        for number, line in enumerate(code.splitlines(), 1)
        if "  # " in line
    }
    assert sorted(said) == sorted(expected), done.stdout + done.stderr
    for number, part in expected.items():
        assert part.removeprefix("error: ") in said[number]
        assert ("error:" in said[number]) == part.startswith("error: ")
