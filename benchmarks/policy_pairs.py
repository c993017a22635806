"""Generated pairs of policies: what composes is never looser than what it is made of.

Usage: ``python benchmarks/policy_pairs.py [PAIRS] [SEED]`` (5000 and 1 by default).

Each pair is composed in four ways: a child on its parent, both as parents of an empty child in either order,
and one of them twice. The judge is not the code that orders constraints: whether a policy is looser is seen
by holding every single constraint of either side against generated configurations, which guardlint reads
from disk as it reads anybody's, and by looking at the values that no configuration shows.
Prints the counts as JSON; the exit code is 1 when a pair is looser.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from guardlint.errors import ConfigError
from guardlint.nemo.configuration import read_configuration
from guardlint.policy.central import Central
from guardlint.policy.compose import compose
from guardlint.policy.documents import parse_document
from guardlint.policy.evaluate import violations
from guardlint.policy.load import Policy, policy_from
from guardlint.policy.model import ComposedPolicy, RailUse
from guardlint.policy.rails import Rail
from guardlint.rules.effective_view import ConfigurationView

CONFIGURATIONS = 400
PER_PAIR = 25

ENGINES = ["openai", "nim", "azure", "ollama"]
MODELS = ["openai/gpt-4o-mini", "nim/meta/llama-3.1-8b-instruct", "openai/*", "*"]
HOSTS = ["api.openai.com", "*.example.com", "llm.example.com", "local", "*"]
READERS = ["openai", "nim", "local", "Private AI API", "openai/gpt-4o-mini", "*"]
FLOWS = {
    "input": ["mask sensitive data on input", "self check input", "mask pii on input", "protect prompt"],
    "output": ["mask sensitive data on output", "self check output", "detect sensitive data on output"],
    "retrieval": ["mask sensitive data on retrieval", "detect sensitive data on retrieval"],
}
ENTITIES = ["PERSON", "EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD"]
DIGESTS = [f"sha256:{digit * 64}" for digit in "0123"]
SETTINGS: dict[str, list[Any]] = {
    "rails.output.streaming.chunk_size": [50, 100, 200],
    "rails.output.streaming.enabled": [True, False],
    "lowest_temperature": [0.0, 0.001, 0.5],
}
WHY = {"reason": "because", "controls": ["LLM01:2025"]}
REFERENCE = Central.open()


def rail_of(use: RailUse) -> Rail:
    return REFERENCE.rail(use.ref)


class Maker:
    """Makes policies and configurations from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def some(self, items: list[Any], least: int = 1) -> list[Any]:
        return self.random.sample(items, self.random.randint(least, len(items)))

    def one(self, items: list[Any]) -> Any:
        return self.random.choice(items)

    def body(self, share: float) -> dict[str, Any]:
        """A policy without its head; each thing stands in it with the chance ``share``.

        Ids are few and belong to one kind, so that two policies often say the same id, tighter or looser.
        """
        lists: dict[str, list[dict[str, Any]]] = {"require": [], "forbid": [], "allow": []}
        for verb, name, entry in self.entries():
            if self.random.random() < share:
                lists[verb].append({"id": name, **WHY, "enforced_by": "configuration", **entry})
        body: dict[str, Any] = {verb: entries for verb, entries in lists.items() if entries}
        return body | {name: section for name, section in self.sections(share) if section}

    def entries(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        way = self.one(["input", "output", "retrieval"])
        rails = self.some(FLOWS[way])
        when = {"when": {"setting": "rails.output.streaming.enabled", "equals": self.one([True, False])}}
        maybe = when if self.random.random() < 0.3 else {}
        name: dict[str, Any] = {"any_rail": rails} if len(rails) > 1 else {"rail": rails[0]}
        yield "require", f"rail-{way}", {**name, "direction": way, **maybe}
        if len(rails) > 1:
            yield "require", f"order-{way}", {"order": rails, "direction": way}
        setting = self.one(list(SETTINGS))
        yield "require", "setting", {"setting": setting, **self.bound(SETTINGS[setting]), **maybe}
        yield "require", "prompt", {"prompt": self.one(["self_check_*", "*"]), "digests": self.some(DIGESTS)}
        data = {"personal_data": self.some(ENTITIES), "direction": way}
        data |= self.one([{}, {"threshold": self.one([0.2, 0.4, 0.8])}])
        yield "require", f"data-{way}", {**data, "becomes": self.one(["mask", "block"]), **maybe}
        least, most = sorted(self.random.sample(["0.20", "0.22", "0.24", "0.26"], 2))
        yield "require", "nemo", {"nemo_version": self.one([{"at_least": least}, {"below": most}])}
        direction = self.one([{}, {"direction": way}])
        yield "forbid", "no-rail", {"rail": self.one([*FLOWS[way], "*"]), **direction}
        value = self.one([{}, {"equals": self.one([50, 100])}])
        yield "forbid", "no-value", {"setting": "rails.output.streaming.chunk_size", **value}
        yield "forbid", "no-engine", {"engine": self.one([*ENGINES, "*"])}
        yield "forbid", "no-model", {"model": self.one(MODELS)}
        yield "forbid", "no-host", {"endpoint": self.one(HOSTS)}
        yield "forbid", "no-file", {"file": self.one(["*.py", "*.co", "*"])}
        yield "allow", "engines", {"engines": self.some([*ENGINES, "*"])}
        yield "allow", "models", {"models": self.some(MODELS)}
        yield "allow", "hosts", {"endpoints": self.some(HOSTS)}
        masked = self.one([{}, {"masked": True}])
        yield "allow", f"text-{way}", {"text": way, "to": self.some(READERS), **masked}

    def bound(self, values: list[Any]) -> dict[str, Any]:
        kinds: list[dict[str, Any]] = [{"equals": self.one(values)}, {"one_of": self.some(values)}]
        if not isinstance(values[0], bool):
            number = self.one(values)
            kinds += [{"minimum": number}, {"maximum": number}]
            kinds += [{"schema": {"type": "number", "maximum": number}}, {"schema": {"enum": values[:2]}}]
        return dict(self.one(kinds))

    def sections(self, share: float) -> Iterator[tuple[str, dict[str, Any] | list[Any]]]:
        def pick(**values: list[Any]) -> dict[str, Any]:
            return {key: self.one(held) for key, held in values.items() if self.random.random() < share}

        uses: list[dict[str, Any]] = []
        if self.random.random() < share:
            entities = self.one([None, "default", self.some(ENTITIES)])
            settings = {"settings": {"entities": entities}} if entities else {}
            uses.append({"rail": "mask-personal-data@1", **WHY, **settings})
        order = self.some(["prompt-injection-patterns", "self-check", "vulnerable-customer-handoff"], 0)
        uses += [{"rail": f"{name}@1", **WHY} for name in order if self.random.random() < share]
        yield "rails", {"input": uses} if uses else {}
        yield "models", {"allow_engines": self.some(ENGINES)} if self.random.random() < share else {}
        yield "runtime", pick(on_error=["block", "pass"], timeout_seconds=[1, 5, 20, 40], mode=["enforce"])
        yield (
            "team_code",
            pick(actions=["isolated", "reviewed", "forbidden"], config_py=["isolated", "forbidden"]),
        )
        yield "severity", pick(one=["error", "warning", "note"], two=["error", "warning", "note"])
        yield "waivers", pick(longest_days=[10, 30, 90])
        yield "not_waivable", self.some(["one", "two", "three"]) if self.random.random() < share else []

    def configuration(self) -> dict[str, str]:
        """The files of a configuration, as a team might write it."""
        rails: dict[str, Any] = {
            way: {"flows": self.some(flows, 0)} for way, flows in FLOWS.items() if self.random.random() < 0.7
        }
        streaming = {"enabled": self.one([True, False]), "chunk_size": self.one([50, 100, 200])}
        rails.setdefault("output", {})["streaming"] = streaming if self.random.random() < 0.7 else {}
        rails["config"] = {
            "sensitive_data_detection": {
                way: {"entities": self.some(ENTITIES, 0), "score_threshold": self.one([0.2, 0.4, 0.9])}
                for way in FLOWS
            },
            "privateai": {
                "server_endpoint": self.one(["http://localhost:8080", "https://pii.example.com/x"])
            },
        }
        models = [
            self.one(
                [
                    {"type": "main", "engine": "openai", "model": "gpt-4o-mini"},
                    {"type": "main", "engine": "nim", "model": "meta/llama-3.1-8b-instruct"},
                    {"type": "main", "engine": "ollama", "model": "llama3"},
                    {
                        "type": "main",
                        "engine": "openai",
                        "model": "gpt-4o",
                        "parameters": {"base_url": "https://llm.example.com/v1"},
                    },
                ]
            )
        ]
        config = {"models": models, "rails": rails, "lowest_temperature": self.one([0.0, 0.001, 0.5])}
        asked = [
            {"task": f"self_check_{way}", "content": f"Block it? {{{{ {text} }}}}"}
            for way, text in (("input", "user_input"), ("output", "bot_response"))
        ]
        files = {"config.yml": yaml.safe_dump(config), "prompts.yml": yaml.safe_dump({"prompts": asked})}
        for name in ("actions.py", "config.py", "more.co"):
            if self.random.random() < 0.2:
                files[name] = "\n"
        return files


def policy(id: str, body: Mapping[str, Any]) -> Policy:
    head = {"schema": "guardlint/policy/v1", "id": id, "version": "1.0.0", "title": id}
    head |= {"owner": "o", "description": id}
    document = parse_document(yaml.safe_dump({**head, **body}, sort_keys=False), f"{id}.yml", "policy")
    return policy_from(document, f"sha256:{id}")


def composed(id: str, body: Mapping[str, Any], *parents: ComposedPolicy) -> ComposedPolicy | None:
    try:
        return compose(policy(id, body), parents, rail_of)
    except ConfigError:
        return None


def looser(tight: ComposedPolicy, loose: ComposedPolicy, views: list[ConfigurationView]) -> list[str]:
    """What ``loose`` refuses and ``tight`` lets pass, constraint by constraint; empty when nothing is."""
    found: set[str] = set()
    for view in views:
        refused, still = ({item.requirement for item in violations(side, view)} for side in (loose, tight))
        found |= refused - still
    return [*sorted(found), *_unseen(tight, loose)]


def _unseen(tight: ComposedPolicy, loose: ComposedPolicy) -> Iterator[str]:
    """Values that no configuration shows: what the bundle, the guard and the reports do."""
    for way, uses in loose.rails.items():
        names = [use.rail for use in tight.rails[way]]
        if any(use.rail not in names for use in uses):
            yield f"rails.{way}: one is missing"
            continue
        before = loose.precedes.get(way, frozenset())
        if any(names.index(one) > names.index(other) for one, other in before):
            yield f"rails.{way}: another order"
        for use in uses:
            entities = tight.rails[way][names.index(use.rail)].settings.get("entities")
            floor = use.settings.get("entities")
            if entities != floor and not set(floor or ()) <= set(entities or ()):
                yield f"rails.{way}: fewer entities"
    if (tight.on_error.value, loose.on_error.value) == ("pass", "block"):
        yield "on_error"
    if tight.timeout_seconds.value > loose.timeout_seconds.value:
        yield "timeout_seconds"
    levels = ["note", "warning", "error"]
    for rule, severity in loose.severity.items():
        if rule not in tight.severity or levels.index(tight.severity[rule].value) < levels.index(
            severity.value
        ):
            yield f"severity of {rule}"
    if not set(loose.not_waivable) <= set(tight.not_waivable):
        yield "not_waivable"
    if loose.longest_waiver and not (
        tight.longest_waiver and tight.longest_waiver.value <= loose.longest_waiver.value
    ):
        yield "longest_days"
    if any(tight.guard.get(key) is None for key in loose.guard):
        yield "runtime"


def run(pairs: int, seed: int, configurations: int = CONFIGURATIONS) -> dict[str, Any]:
    """Judge ``pairs`` pairs of policies; ``looser`` lists the first ten that are."""
    maker = Maker(seed)
    counts = {
        "pairs": 0,
        "children_composed": 0,
        "children_refused": 0,
        "joins_composed": 0,
        "joins_refused": 0,
    }
    worse: list[dict[str, Any]] = []
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        views = []
        for number in range(configurations):
            root = Path(folder, str(number))
            root.mkdir()
            for name, text in maker.configuration().items():
                (root / name).write_text(text, encoding="utf-8")
            version = maker.one(["0.20.0", "0.22.0", "0.24.1"])
            views.append(ConfigurationView(read_configuration(root, version=version)))
        judgements = 0
        while counts["pairs"] < pairs:
            bodies = [maker.body(0.4), maker.body(maker.one([0.05, 0.1, 0.2]))]
            one, two = (composed(name, body) for name, body in zip(("one", "two"), bodies, strict=True))
            if one is None or two is None:
                continue
            counts["pairs"] += 1
            sample = maker.random.sample(views, min(PER_PAIR, len(views)))
            ways: list[tuple[ComposedPolicy | None, tuple[ComposedPolicy, ...], str]] = [
                (composed("child", bodies[1], one), (one,), "children"),
                (composed("child", {}, one, two), (one, two), "joins"),
                (composed("child", {}, two, one), (one, two), "joins"),
                (composed("child", {}, one, one), (one,), "joins"),
            ]
            for made, parts, kind in ways:
                counts[f"{kind}_{'composed' if made is not None else 'refused'}"] += 1
                for part in parts if made is not None else ():
                    assert made is not None
                    judgements += len(sample) * (len(part.requirements) + 3)
                    lost = looser(made, part, sample)
                    if lost:
                        worse.append({"lost": lost, "bodies": bodies})
    return {
        "schema": "guardlint/policy-pairs/v1",
        **counts,
        "configurations": configurations,
        "constraints_judged": judgements,
        "looser": len(worse),
        "examples": worse[:10],
        "seconds": round(time.perf_counter() - started, 1),
    }


def main(arguments: list[str]) -> int:
    pairs = int(arguments[0]) if arguments else 5000
    result = run(pairs, int(arguments[1]) if len(arguments) > 1 else 1)
    print(json.dumps(result, indent=2, default=str))
    return 1 if result["looser"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
