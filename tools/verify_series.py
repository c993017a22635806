"""Hold what guardlint says about a NeMo series against the real release, which decides.

    python tools/verify_series.py 0.21 --python PYTHON

PYTHON is an interpreter that has the release installed (up to 0.21 together with ``langchain<1``,
``langchain-core<1`` and ``langchain-community<0.4``). What is compared comes from NeMo at work, not from
the reading that made the catalogue: an engine that is built, directories that are loaded, files that are
joined. Nothing is sent anywhere and no model is asked.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

Facts = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 everything agrees, 1 something differs (each on its own line)."""
    parser = argparse.ArgumentParser(description="compare a catalogue with the installed release")
    parser.add_argument("series")
    parser.add_argument("--python", type=Path, required=True)
    options = parser.parse_args(arguments)
    from guardlint.nemo.catalogue import load_catalogue

    catalogue = load_catalogue(options.series)
    told = {"facts": catalogue.data, "newest_surfaces": load_catalogue().data["surfaces"]}
    done = subprocess.run(
        [options.python, __file__], input=json.dumps(told), capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    result = json.loads(done.stdout)
    figures = ", ".join(f"{count} {name}" for name, count in result["compared"].items())
    print(f"NeMo {result['nemo']}, catalogue of {catalogue.nemo}: {figures}")
    for line in result["differences"]:
        print(f"  differs: {line}")
    return 1 if result["differences"] or result["nemo"] != catalogue.nemo else 0


def inside(told: Facts) -> Facts:
    """In the release's own interpreter: every comparison, with its count and what differs."""
    from importlib.metadata import version

    facts = told["facts"]
    compared: dict[str, int] = {}
    differences: list[str] = []
    checks: dict[str, Callable[[], Iterator[tuple[str, Any, Any]]]] = {
        "keys": lambda: _keys(facts["keys"]),
        "unknown keys tried": lambda: _unknown_keys(facts["keys"]),
        "joined keys": lambda: _joined(facts),
        "flows, messages and actions of 1.0": lambda: _engine(facts, "1.0"),
        "actions of 2.x": lambda: _engine(facts, "2.x"),
        "modules of 2.x imported": lambda: _imported(facts),
        "surfaces listed": lambda: _listed(facts, told["newest_surfaces"]),
        "output parsers": lambda: _parsers(facts),
        "prompts chosen": lambda: _prompts(facts["builtin_prompts"]),
    }
    for name, check in checks.items():
        for what, expected, actual in check():
            compared[name] = compared.get(name, 0) + 1
            if expected != actual:
                differences.append(f"{what}: the catalogue says {expected!r}, NeMo {actual!r}")
    return {"nemo": version("nemoguardrails"), "compared": compared, "differences": differences}


def _keys(table: Facts) -> Iterator[tuple[str, Any, Any]]:
    """The names of the fields of every model, against the key table; what joining adds stands only there."""
    from nemoguardrails import RailsConfig

    yield from _fields(table, RailsConfig, "")


def _fields(node: Facts, model: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    dropped = {name for name, child in node["keys"].items() if child.get("dropped")}
    said, real = {*node["keys"]} - dropped, {*model.model_fields} - dropped
    yield f"keys of {path or 'a file'}", sorted(said), sorted(real)
    for name, field in model.model_fields.items():
        child = node["keys"].get(name, {})
        yield f"{path}.{name}", name in node["keys"], True
        inner = [found for found in _models(field.annotation) if "keys" in child]
        if child.get("type") == "mapping" and len(inner) == 1 and child["keys"]:
            yield from _fields(child, inner[0], f"{path}.{name}")


def _models(annotation: Any) -> list[Any]:
    from typing import get_args

    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models(argument)]


def _unknown_keys(table: Facts) -> Iterator[tuple[str, Any, Any]]:
    for path, node in _mappings(table, ()):
        if "entries" in node or node.get("dropped") or _load(path, {}) is None:
            continue
        plain, odd = _load(path, {}), _load(path, {"no_such_key": 1})
        actual = "refused" if odd is None else "lost" if odd == plain else "kept"
        said = "kept" if node.get("open") else "refused" if node.get("forbids_extra") else "lost"
        yield f"an unknown key in {'.'.join(path) or 'a file'}", said, actual


def _mappings(node: Facts, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Facts]]:
    yield path, node
    for name, child in node["keys"].items():
        if child["type"] == "mapping":
            yield from _mappings(child, (*path, name))


def _load(path: tuple[str, ...], value: Any) -> Facts | None:
    import yaml
    from nemoguardrails import RailsConfig

    for name in reversed(path):
        value = {name: value}
    # One folder for all, as NeMo keeps its name in what it loads.
    folder = Path.cwd() / "configuration"
    folder.mkdir(exist_ok=True)
    (folder / "config.yml").write_text(yaml.safe_dump(value), encoding="utf-8")
    try:
        loaded = RailsConfig.from_path(str(folder))
    except Exception:  # noqa: BLE001 - NeMo refuses with errors of many kinds
        return None
    dumped: Facts = loaded.model_dump(mode="json")
    return dumped


def _joined(facts: Facts) -> Iterator[tuple[str, Any, Any]]:
    """Two files joined by guardlint as the catalogue says, and by NeMo."""
    from nemoguardrails.rails.llm.config import _join_config

    ways: dict[str, tuple[Any, Any, Any]] = {
        "concatenated": (["a", "b"], ["b", "c"], ["a", "b", "b", "c"]),
        "union": (["a", "b"], ["b", "c"], ["a", "b", "c"]),
        "merged": ({"x": 1, "y": 1}, {"y": 2}, {"x": 1, "y": 2}),
        "replaced": ({"x": 1}, {"y": 2}, {"y": 2}),
        "first": ({"x": 1}, {"y": 2}, {"x": 1}),
    }
    named = {key: how for how in ways for key in facts["joining"][how]}
    for key, how in named.items():
        first, second, expected = copy.deepcopy(ways[how])
        joined: Facts = {}
        _join_config(joined, {key: first})
        _join_config(joined, {key: second})
        yield f"joining {key}", expected, joined.get(key)
    for key in sorted({*facts["keys"]["keys"]} - set(named)):
        joined = {}
        _join_config(joined, {key: ["a"]})
        yield f"joining {key}", None, joined.get(key)


def _engine(facts: Facts, version: str) -> Iterator[tuple[str, Any, Any]]:
    engine = _built({"models": [], "colang_version": version})
    actions = {n for n, row in facts["actions"].items() if version in row.get("versions", ("1.0", "2.x"))}
    for name in sorted(actions | set(engine.runtime.registered_actions)):
        yield f"action {name} of {version}", name in actions, name in engine.runtime.registered_actions
    if version == "1.0":
        loaded = {flow["id"]: flow for flow in engine.config.flows}
        for name in sorted({*facts["flows"]["1.0"], *loaded}):
            yield f"flow {name}", name in facts["flows"]["1.0"], name in loaded
        for name, texts in sorted({**facts["bot_messages"]["1.0"], **engine.config.bot_messages}.items()):
            yield f"message {name}", facts["bot_messages"]["1.0"].get(name), texts


def _built(config: Facts) -> Any:
    from nemoguardrails import LLMRails, RailsConfig

    return LLMRails(RailsConfig.from_content(config=config))


def _imported(facts: Facts) -> Iterator[tuple[str, Any, Any]]:
    from nemoguardrails import RailsConfig

    for module, row in facts["modules"].items():
        written = f"import {module}\n\nflow main\n  pass\n"
        try:
            config = RailsConfig.from_content(
                colang_content=written, config={"models": [], "colang_version": "2.x"}
            )
        except Exception:  # noqa: BLE001 - NeMo refuses with errors of many kinds
            yield f"import {module}", bool(row.get("broken")), True
            continue
        flows = facts["flows"]["2.x"]
        said = {name for name, flow in flows.items() if module in (flow["module"], *flow.get("also_in", ()))}
        missing = said - {getattr(flow, "name", "") for flow in config.flows}
        yield f"import {module}", (bool(row.get("broken")), set()), (False, missing)


def _listed(facts: Facts, newest: list[Facts]) -> Iterator[tuple[str, Any, Any]]:
    """Every rail of the newest release: listed in a configuration, does this one start?"""
    mine = {(row["direction"], row["flow"]): row for row in facts["surfaces"]}
    for row in newest:
        if row["direction"] not in ("input", "output", "retrieval"):
            continue
        here = mine.get((row["direction"], row["flow"]))
        wanted = [parameter["name"] for parameter in row["params"] if parameter["required"]]
        # Names of retrieval rails are taken as they are, parameters included.
        given = "" if row["direction"] == "retrieval" else "".join(f" ${name}=probe" for name in wanted)
        text = row["flow"] + given
        tasks = [] if here is None or here["prompt_required"] is None else [here["prompt_required"]]
        # The configuration alone, without models: it is the flow's name that decides.
        config = {
            "models": [],
            "prompts": [{"task": name, "content": "x"} for task in tasks for name in (task, f"{task}=probe")],
            "rails": {row["direction"]: {"flows": [text]}},
        }
        yield f"{row['flow']} on {row['direction']}", here is not None, _starts(config)


def _starts(config: Facts) -> bool:
    try:
        _built(config)
    except Exception as problem:  # noqa: BLE001 - NeMo refuses with errors of many kinds
        # A rail with $model= wants that model; the name of its flow has been found by then.
        return "probe" in str(problem)
    return True


def _parsers(facts: Facts) -> Iterator[tuple[str, Any, Any]]:
    from nemoguardrails import RailsConfig
    from nemoguardrails.llm.taskmanager import LLMTaskManager

    real = {name for name in LLMTaskManager(RailsConfig(models=[])).output_parsers if name}
    for name in sorted({*facts["output_parsers"], *real}):
        yield f"output parser {name}", name in facts["output_parsers"], name in real


def _prompts(shipped: dict[str, list[Facts]]) -> Iterator[tuple[str, Any, Any]]:
    """Which of NeMo's own prompts is taken for each task, for models that it knows and for others."""
    from nemoguardrails import RailsConfig
    from nemoguardrails.llm.prompts import _load_prompts, get_prompt

    from guardlint.nemo.prompt_choice import prompt_score

    rows = [row for file in shipped.values() for row in file]
    patterns = {pattern for row in rows for pattern in row.get("models", ())}
    loaded = sorted((item.task, item.models or [], item.mode) for item in _load_prompts())
    told = sorted((row["task"], row.get("models", []), row.get("mode", "standard")) for row in rows)
    yield "the prompts that are shipped", told, loaded
    for task in sorted({row["task"] for row in rows}):
        for name in [*sorted(patterns), "x/y"]:
            for mode in ("standard", "compact"):
                engine, _, model = name.partition("/")
                entry = {"type": "main", "engine": engine, "model": model or "any"}
                config = RailsConfig.from_content(config={"models": [entry], "prompting_mode": mode})
                scores = [prompt_score(row, f"{engine}/{model or 'any'}", mode) for row in rows]
                fitting = [(score, at) for at, score in enumerate(scores) if score is not None]
                best = rows[max(pair for pair in fitting if rows[pair[1]]["task"] == task)[1]]
                taken = get_prompt(config, task)
                said = (best.get("models", []), best.get("mode", "standard"))
                yield f"prompt of {task} for {name}, {mode}", said, (taken.models or [], taken.mode)


async def _nothing(*_: Any, **__: Any) -> None:
    return None


@contextlib.contextmanager
def _empty_folder() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        yield


def _run_inside() -> int:
    os.environ.update(NEMO_GUARDRAILS_NO_USAGE_STATS="1", DO_NOT_TRACK="1")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    told = json.load(sys.stdin)
    with _empty_folder(), contextlib.redirect_stdout(sys.stderr):
        from nemoguardrails.embeddings.basic import BasicEmbeddingsIndex

        # Older releases embed the library's messages at once, with a model that they would have to fetch.
        BasicEmbeddingsIndex.add_items = BasicEmbeddingsIndex.build = _nothing
        result = inside(told)
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) > 1 else _run_inside())
