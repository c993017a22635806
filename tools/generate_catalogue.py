"""Write the catalogues of NeMo Guardrails and Presidio's facts, or check that they are up to date.

    python tools/generate_catalogue.py [--check] [--output FOLDER]
    python tools/generate_catalogue.py --series 0.21 --wheel WHEEL [--python PYTHON]

Without ``--series``: the installed NeMo and Presidio (the ``runtime`` extra), and what follows from the files
of the older series. With it: the file of one older series, from the wheel of its newest release
(``pip download --no-deps 'nemoguardrails==0.21.*'``). ``--python`` names an interpreter that has this wheel
installed; without it the wheel is installed into a throw-away environment, for which pip asks its index.

A file of an older series says how it differs from the newest one. When that one changes, the difference is
made anew and says the same about the older release as before: what the generator learns to ask is known of an
older release only once its wheel has been read again.

Sends nothing anywhere: NeMo's telemetry is off and no model is asked.
The same packages give the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# A script's own folder comes first on the path, where the folder `catalogue` would hide spaCy's package of
# that name; the repository's root belongs there instead.
sys.path[0] = str(ROOT)

_DATA = "guardlint/nemo/data"


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 written or unchanged, 1 files differ (``--check``), 2 arguments that do not fit."""
    parser = argparse.ArgumentParser(
        description="generate NeMo's catalogues and JSON Schemas, and Presidio's facts"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 and name the files that differ")
    parser.add_argument("--output", type=Path, default=ROOT, help="root to write below")
    parser.add_argument("--series", help="write the file of one older series, as 0.21")
    parser.add_argument("--wheel", type=Path, help="the wheel of its newest release")
    parser.add_argument("--python", type=Path, help="an interpreter that has this wheel installed")
    # What an older release's interpreter is asked with: the newest catalogue comes in, its own goes out.
    parser.add_argument("--dump", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.dump:
        return _dump()
    if (options.series is None) != (options.wheel is None) or (options.python and not options.wheel):
        parser.error("--series and --wheel belong together, and --python to them")
    output: Path = options.output.resolve()
    try:
        files = _series_files(options) if options.series else generated_files()
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    stale = [name for name, content in files.items() if _current(output / name) != content]
    for name in stale:
        if options.check:
            print(f"{name} differs: run python tools/generate_catalogue.py", file=sys.stderr)
        else:
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            (output / name).write_bytes(files[name])
            print(f"wrote {name}")
    return 1 if options.check and stale else 0


def generated_files() -> dict[str, bytes]:
    """Path below the root to content, of everything that needs no package but the installed ones."""
    with _quiet_nemo():
        from tools.catalogue.assemble import catalogue
        from tools.catalogue.grammar import grammar_table
        from tools.catalogue.presidio import presidio_facts

        newest = catalogue()
        presidio = presidio_facts()
        table = grammar_table()
    files = {
        f"{_DATA}/{newest['nemo']}.json": _bytes(newest),
        f"{_DATA}/presidio-{presidio['presidio']}.json": _bytes(presidio),
        "guardlint/source/data/colang-2.x.json": _bytes(table, compact=True),
        **_schema(newest),
    }
    for path, content in _older_files():
        files |= _rewritten(path, content, newest)
    return files


def _older_files() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((ROOT / _DATA).glob("[0-9]*.json")):
        content = json.loads(path.read_bytes())
        if "changes" in content:
            yield path, content


def _rewritten(path: Path, content: dict[str, Any], newest: dict[str, Any]) -> dict[str, bytes]:
    """The file of an older series as a difference to ``newest``, saying what it said, and its schema."""
    from guardlint.nemo.differences import apply_difference, difference

    base = json.loads((ROOT / _DATA / f"{content['newer']}.json").read_bytes())
    older = apply_difference(base, content["changes"])
    older |= {"nemo": content["nemo"], "series": content["series"]}
    content |= {"newer": newest["nemo"], "changes": difference(newest, older)}
    return {f"{_DATA}/{path.name}": _bytes(content), **_schema(older)}


def _series_files(options: argparse.Namespace) -> dict[str, bytes]:
    from guardlint.nemo.catalogue import latest_version
    from tools.catalogue.older import older_file

    newest = json.loads((ROOT / _DATA / f"{latest_version()}.json").read_bytes())
    content = older_file(options.series, options.wheel.resolve(), options.python, newest)
    return _rewritten(Path(f"{content['nemo']}.json"), content, newest)


def _schema(catalogue: dict[str, Any]) -> dict[str, bytes]:
    from tools.catalogue.schema import json_schema

    nemo = catalogue["nemo"]
    return {f"schemas/nemo/{nemo}.json": _bytes(json_schema(catalogue["keys"], nemo))}


def _dump() -> int:
    newest = json.load(sys.stdin)
    with _quiet_nemo(), contextlib.redirect_stdout(sys.stderr):
        from tools.catalogue.assemble import catalogue

        found = catalogue(newest)
    json.dump(found, sys.stdout)
    return 0


@contextlib.contextmanager
def _quiet_nemo() -> Iterator[None]:
    """NeMo as it comes, saying and sending nothing."""
    os.environ.update(NEMO_GUARDRAILS_NO_USAGE_STATS="1", DO_NOT_TRACK="1")
    # These change what NeMo loads, prompts with or asks for.
    for name in ("COLANGPATH", "PROMPTS_DIR", "NEMOGUARDRAILS_LLM_FRAMEWORK"):
        os.environ.pop(name, None)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # NeMo reads actions and imports from the working directory too.
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        yield


def _bytes(data: dict[str, Any], *, compact: bool = False) -> bytes:
    """``compact``: for a table that nobody reads."""
    style: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 1}
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, **style)
    return f"{text}\n".encode()


def _current(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
