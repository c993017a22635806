"""Write the catalogue of the installed NeMo Guardrails and Presidio, or check that it is up to date.

    python tools/generate_catalogue.py [--check] [--output FOLDER]

Needs the ``runtime`` extra. Sends nothing anywhere: NeMo's telemetry is off and no model is asked.
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
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# A script's own folder comes first on the path, where the folder `catalogue` would hide spaCy's package of
# that name; the repository's root belongs there instead.
sys.path[0] = str(ROOT)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 written or unchanged, 1 files differ (``--check`` only)."""
    parser = argparse.ArgumentParser(
        description="generate NeMo's catalogue and JSON Schema, and Presidio's facts"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 and name the files that differ")
    parser.add_argument("--output", type=Path, default=ROOT, help="root to write below")
    options = parser.parse_args(arguments)
    output: Path = options.output.resolve()
    files = generated_files()
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
    """Path below the root to content."""
    os.environ.update(NEMO_GUARDRAILS_NO_USAGE_STATS="1", DO_NOT_TRACK="1")
    # These change what NeMo loads, prompts with or asks for; the catalogue is about NeMo as it comes.
    for name in ("COLANGPATH", "PROMPTS_DIR", "NEMOGUARDRAILS_LLM_FRAMEWORK"):
        os.environ.pop(name, None)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # NeMo reads actions and imports from the working directory too.
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        from tools.catalogue.presidio import presidio_facts
        from tools.catalogue.schema import json_schema

        catalogue = _catalogue()
        presidio = presidio_facts()
    nemo = catalogue["nemo"]
    return {
        f"guardlint/nemo/data/{nemo}.json": _bytes(catalogue),
        f"guardlint/nemo/data/presidio-{presidio['presidio']}.json": _bytes(presidio),
        f"schemas/nemo/{nemo}.json": _bytes(json_schema(catalogue["keys"], nemo)),
    }


def _catalogue() -> dict[str, Any]:
    from tools.catalogue import colang, engines, loading, prompts, rails

    nemo = version("nemoguardrails")
    actions = rails.actions()
    return {
        "schema": "guardlint/catalogue/v1",
        "nemo": nemo,
        "series": ".".join(nemo.split(".")[:2]),
        "keys": loading.key_table(),
        "joining": loading.joining(),
        "surfaces": rails.surfaces(),
        "flows": colang.flows(frozenset(actions)),
        "modules": colang.modules(),
        "bot_messages": colang.bot_messages(),
        "actions": actions,
        "tasks": prompts.tasks(),
        "output_parsers": prompts.output_parsers(),
        "filters": prompts.filters(),
        "jinja": prompts.jinja(),
        "context_variables": prompts.context_variables(),
        "iorails": rails.fast_engine(),
        "engines": engines.engines(),
        "other_engine_needs": engines.other_engine_needs(),
        "embedding_engines": engines.embedding_engines(),
        "model_types": engines.model_types(),
    }


def _bytes(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _current(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
