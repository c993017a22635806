"""How long composing and checking 200 constraints on one configuration takes, after start.

    python benchmarks/policy_check.py [CONSTRAINTS]

Issue 6 asks for at most 30 ms. Four policies that extend one another share the constraints of every kind;
timed is composing them and holding a configuration that has just been read against each of them. Reading the
four YAML documents (some 1,600 lines) comes before it and is shown beside it. Times are of the processor, so
that other work on the machine does not count.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from guardlint.nemo.configuration import read_configuration
from guardlint.policy.accepted import keep_in
from guardlint.policy.central import Central
from guardlint.policy.compose import compose
from guardlint.policy.documents import read_document
from guardlint.policy.evaluate import violations
from guardlint.policy.load import Policy, policy_from
from guardlint.policy.model import ComposedPolicy
from guardlint.rules.effective_view import ConfigurationView

CONSTRAINTS = 200
TIMES = 15
POLICIES = ("ground", "house", "floor", "room")

CONFIG = """\
models:
  - {type: main, engine: openai, model: gpt-4o-mini, parameters: {base_url: "https://llm.example.com/v1"}}
rails:
  config:
    sensitive_data_detection:
      input: {entities: [PERSON, EMAIL_ADDRESS]}
  input: {flows: [mask sensitive data on input, self check input]}
  output: {flows: [self check output], streaming: {enabled: true, stream_first: false}}
prompts:
  - {task: self_check_input, content: "Block it? {{ user_input }}"}
  - {task: self_check_output, content: "Block it? {{ bot_response }}"}
"""

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("require", {"rail": "self check input", "direction": "input"}),
    ("require", {"any_rail": ["self check output", "llama guard check output"], "direction": "output"}),
    ("require", {"order": ["mask sensitive data on input", "self check input"], "direction": "input"}),
    ("require", {"setting": "rails.output.streaming.stream_first", "equals": False}),
    ("require", {"setting": "models[*].parameters", "schema": {"type": "object", "maxProperties": 9}}),
    ("require", {"personal_data": ["PERSON", "IBAN_CODE"], "direction": "input", "threshold": 0.5}),
    ("require", {"prompt": "self_check_*", "digests": [f"sha256:{'0' * 64}"]}),
    ("require", {"nemo_version": {"at_least": "0.20"}}),
    ("forbid", {"setting": "models[*].parameters.*api_key"}),
    ("forbid", {"rail": "hf classifier*"}),
    ("forbid", {"endpoint": "*.example.org"}),
    ("forbid", {"file": "*.py"}),
    ("allow", {"engines": ["openai", "nim"]}),
    ("allow", {"endpoints": ["*.example.com", "local"]}),
    ("allow", {"text": "input", "to": ["openai", "local"], "masked": True}),
    ("allow", {"text": "output", "to": ["openai", "local"]}),
)


def write_policies(folder: Path, constraints: int) -> None:
    """A chain of policies with ``constraints`` requirements in all."""
    for at, name in enumerate(POLICIES):
        lists: dict[str, list[dict[str, Any]]] = {}
        for number in range(at, constraints, len(POLICIES)):
            verb, entry = KINDS[(number // len(POLICIES)) % len(KINDS)]
            why = {"reason": "because", "controls": ["LLM01:2025"], "enforced_by": "configuration"}
            lists.setdefault(verb, []).append({"id": f"constraint-{number}", **why, **entry})
        head = {"schema": "guardlint/policy/v1", "id": name, "version": "1.0.0", "title": name, "owner": "o"}
        above = {"extends": [f"{POLICIES[at - 1]}@1"]} if at else {}
        home = folder / "policies" / name
        home.mkdir(parents=True)
        text = yaml.safe_dump({**head, "description": name, **above, **lists}, sort_keys=False)
        (home / "policy.yml").write_text(text, encoding="utf-8")


def milliseconds(work: Callable[[], object]) -> dict[str, float]:
    """The middle and the worst of several runs, after one that does not count."""
    work()
    times = []
    for _ in range(TIMES):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}


def main(arguments: list[str]) -> int:
    constraints = int(arguments[0]) if arguments else CONSTRAINTS
    with tempfile.TemporaryDirectory() as folder:
        central, team = Path(folder, "central"), Path(folder, "team")
        write_policies(central, constraints)
        team.mkdir()
        (team / "config.yml").write_text(CONFIG, encoding="utf-8")
        keep_in(str(Path(folder, "accepted")))

        def read() -> list[Policy]:
            files = [central / "policies" / name / "policy.yml" for name in POLICIES]
            return [policy_from(read_document(file, "policy"), f"sha256:{file}") for file in files]

        documents = read()

        def composed() -> ComposedPolicy:
            above: list[ComposedPolicy] = []
            for document in documents:
                above = [compose(document, above, lambda use: reference.rail(use.ref))]
            return above[0]

        def check() -> int:
            # Read anew, so that nothing that was worked out before is used again.
            view = ConfigurationView(read_configuration(team))
            started = time.process_time()
            count = sum(1 for _ in violations(composed(), view))
            spent.append((time.process_time() - started) * 1000)
            return count

        reference, spent = Central.open(), list[float]()
        assert len(composed().requirements) == constraints
        count = check()
        spent.clear()
        for _ in range(TIMES):
            check()
        result = {
            "schema": "guardlint/policy-check/v1",
            "constraints": constraints,
            "violations": count,
            "compose_and_check_ms": {
                "median": round(statistics.median(spent), 1),
                "worst": round(max(spent), 1),
            },
            "compose_ms": milliseconds(composed),
            "read_documents_ms": milliseconds(read),
        }
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
