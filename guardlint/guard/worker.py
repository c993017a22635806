"""The other side of :mod:`guardlint.guard.isolated`: one configuration in a process of its own.

``python -P -m guardlint.guard.worker``, started in an empty working directory, the folder above which is the
only place that it can write to (``guardlint.guard.confine``).  Frames come in on what was
standard input and leave on what was standard output; user code finds neither there.  The process ends when
its input does, so it never outlives the guard.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
from dataclasses import astuple
from pathlib import Path
from typing import Any, BinaryIO

from guardlint.engines import Rails, RailsVerdict, open_rails, preload
from guardlint.errors import GuardlintError
from guardlint.guard.confine import confine
from guardlint.guard.frames import BadFrame, read_frame, send, take_pipes

__all__ = ["main"]


def main() -> int:
    """Open the configuration that the first frame names, then answer until the pipe closes."""
    inbound, outbound = take_pipes()
    confine(Path.cwd().parent)
    try:
        # NeMo takes two seconds to import: done before the files are there, while the guard still reads
        # the company half in its own process.
        preload()
        order = read_frame(inbound)
        if order is None:
            return 0
        directory = Path(order["directory"])
        rails = open_rails(directory, order["uses"])
    except BaseException as error:  # noqa: BLE001 - config.py may even call sys.exit()
        send(outbound, {"refused": _told(error)})
        return 1
    asyncio.run(_serve(rails, inbound, outbound, directory.parent))
    return 0


def _told(error: BaseException) -> dict[str, str | None]:
    if isinstance(error, GuardlintError):
        return {"message": error.message, "help": error.help}
    return {"message": f"the configuration raised {type(error).__name__} while it was loaded", "help": None}


async def _serve(rails: Rails, inbound: BinaryIO, outbound: BinaryIO, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    running: dict[int, asyncio.Task[None]] = {}

    def take(frame: dict[str, Any]) -> None:
        number = frame["id"]
        if "cancel" in frame:
            if number in running:
                running[number].cancel()
            return
        task = loop.create_task(_answer(rails, frame, outbound))
        running[number] = task
        task.add_done_callback(lambda _: running.pop(number, None))

    def listen() -> None:
        try:
            while (frame := read_frame(inbound)) is not None:
                loop.call_soon_threadsafe(take, frame)
        except (BadFrame, OSError, RuntimeError):
            pass
        # The guard is gone, perhaps killed before it could tidy up.
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)  # user code may have left threads that would keep the process

    try:
        await rails.start()
    except GuardlintError as error:
        send(outbound, {"refused": _told(error)})
        return
    flows = {direction: list(names) for direction, names in rails.flows.items()}
    send(
        outbound,
        {
            "ready": {
                "engine": rails.engine,
                "flows": flows,
                "unused": list(rails.unused),
                "models": list(rails.models),
            }
        },
    )
    threading.Thread(target=listen, daemon=True).start()
    await loop.create_future()


async def _answer(rails: Rails, frame: dict[str, Any], outbound: BinaryIO) -> None:
    try:
        verdict = await rails.check(frame["direction"], frame["turns"])
    except asyncio.CancelledError:
        verdict = RailsVerdict.broken()
    send(
        outbound,
        {
            "id": frame["id"],
            "status": verdict.status,
            "text": verdict.text,
            "rail": verdict.rail,
            "error": verdict.error,
            "rails": list(verdict.rails),
            "llm_calls": verdict.llm_calls,
            "usage": [astuple(one) for one in verdict.usage],
        },
    )


if __name__ == "__main__":
    sys.exit(main())
