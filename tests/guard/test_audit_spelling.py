"""Records that are like one before are spelled from its outline: byte for byte as the encoder would."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from guardlint.bundle.canonical import compact
from guardlint.engines.usage import Usage
from guardlint.errors import GuardlintError
from guardlint.guard import AuditLog, audit_context, verify_chain
from guardlint.guard.audit import Audit, Keyed
from guardlint.guard.audit_chain import keyed_digest
from guardlint.guard.audit_spelling import Speller, spelled
from guardlint.guard.records import Entry, Identity
from guardlint.guard.verdict import StepRecord, Verdict

KEY = b"k" * 32
MODEL = "openai/gpt-4o"
PRICES = {"currency": "EUR", "examples": False, "models": {MODEL: {"input": 0.3, "output": 7}}}
NAMES = (
    "self check input",
    '100 % of "quotes" \\ and %s %(x)s',
    "grüße\u2028\u0000",
    "\u00000",
    '"\\u00001"',
    "ends",
)


def profile(name: str, usual: float) -> dict[str, Any]:
    query = {"cost": {"usual": usual}, "llm_calls": {"usual": 2}}
    return {"profile": name, "currency": "EUR", "per_query": query}


IDENTITIES = tuple(
    Identity.of(
        {
            "name": name,
            "policy": {"id": "p", "version": "1"},
            "llm_calls": {"usual": usual},
            "cost": cost,
            "prices": prices,
        },
        "0" * 64,
        ("1" * 64,),
    )
    for name, usual, cost, prices in (("claims", 2, [profile("chat", 0.3)], PRICES), ("cards", 0, [], None))
)


def entries(count: int, seed: int = 1) -> Iterator[Entry]:
    """Entries of 60 kinds of words, with figures of every kind."""
    chance = random.Random(seed)

    def figure() -> Any:
        return chance.choice([0, 0.0, 1, 12345, 1e-7, 1e22, 0.1 + 0.2, chance.random() * 1000, 5e-324])

    for _ in range(count):
        words = random.Random(chance.randrange(60))
        name = words.choice(NAMES)
        steps = tuple(
            StepRecord(
                words.choice(["input", "output"]),
                "company",
                words.choice([None, "iorails"]),
                (name,),
                "passed",
                None,
                False,
                chance.randrange(3),
                words.randrange(2) and chance.randrange(1, 9),
                figure(),
                words.choice([(), (name,)]),
                words.choice([(), ((name, figure()), ("another", figure()))]),
                words.choice([(), (Usage(name, MODEL, *(chance.randrange(1, 1000) for _ in range(4))),)]),
            )
            for _ in range(words.randrange(3))
        )
        entities = {name: chance.randrange(1, 5) for name in words.choice(["", "A", "AB"])}
        verdict = Verdict(
            words.choice(["passed", "blocked"]),
            words.choice([None, name]),
            entities=MappingProxyType(entities),
            steps=steps,
        )
        keyed = Keyed(f"{chance.getrandbits(256):064x}", ("b" * 32, "c" * 32))
        yield Entry(
            words.choice(IDENTITIES),
            verdict,
            now=datetime(2026, 11, 22, chance.randrange(24), tzinfo=UTC),
            hook="call",
            function="returned",
            messages=chance.randrange(5),
            guard_ms=figure(),
            function_ms=words.choice([None, figure()]),
            content=words.choice([{}, {"input": keyed, "output": None}, {"input": None}]),
            stream=words.choice(
                [None, {"pieces_in": chance.randrange(9), "pieces_out": 1, "ended": "whole"}]
            ),
            first_release_ms=words.choice([None, figure()]),
        )


def test_spelled_as_by_the_encoder() -> None:
    """Whatever stands in a record, the first of its kind and those after it."""
    speller = Speller()
    seen = 0
    for number, entry in enumerate(entries(3000)):
        more = {"user": None, "missed": number, "prev": "f" * 64, "request_id": "r-%d"}
        if number % 3:
            more = {"file": number, **more}
        seen += (entry.words(), *more) in speller._known
        assert spelled({**entry.record(entry.figures()), **more}) == speller.spell(entry, more)
    assert seen > 2000


@pytest.mark.parametrize("key", [None, KEY])
def test_lines_of_a_log(tmp_path: Path, key: bytes | None) -> None:
    """Each is canonical, and the chain is whole over kinds of records, rotation and plain ones between."""
    audit = Audit(AuditLog(tmp_path / "audit.jsonl", key, rotate_bytes=50_000, team="100 %"))
    for number, entry in enumerate(entries(300)):
        with audit_context(request_id=f"r-{number}"):
            audit.write(entry if number % 7 else entry.record(entry.figures()))
    lines = [line for path in sorted(tmp_path.iterdir()) for line in path.read_bytes().splitlines()]
    for line in lines:
        record = json.loads(line)
        body = {name: value for name, value in record.items() if name not in ("hash", "mac")}
        assert line.startswith(compact(body)[:-1] + b',"hash":"')
        assert "100 %" == record["team"]
    assert {f"r-{number}" for number in range(300)} == {json.loads(line)["request_id"] for line in lines}
    assert 300 == verify_chain(tmp_path, key=key).records


def test_outlines_are_few() -> None:
    """Words that somebody else chooses do not fill the memory."""
    speller = Speller()
    for number, entry in enumerate(entries(1000)):
        entry.verdict = Verdict("blocked", f"rail {number}")
        speller.spell(entry, {"missed": 0})
    assert 0 < len(speller._known) <= 200


def test_what_utf_8_does_not_have(tmp_path: Path) -> None:
    """Is refused, the first time and the second."""
    audit = Audit(AuditLog(tmp_path / "audit.jsonl"))
    entry = next(entries(1))
    entry.verdict = Verdict("blocked", "\ud800")
    for _ in range(2):
        with pytest.raises(ValueError, match="surrogates"):
            audit.write(entry)
    entry.verdict = Verdict("passed")
    audit.write(entry)
    assert (1, 2) == (verify_chain(tmp_path).records, verify_chain(tmp_path).missed)


@pytest.mark.parametrize("length", [16, 64, 65, 200])
def test_keyed_digests(length: int) -> None:
    """Are those of HMAC-SHA-256, for keys of any length."""
    import hmac

    key = bytes(range(200))[:length]
    for data in (b"", b"text", b"x" * 1000):
        assert hmac.digest(key, data, "sha256") == keyed_digest(key)(data)


def test_a_sink_that_makes_a_call_is_refused(tmp_path: Path) -> None:
    """A record of the record would never end."""
    entry = next(entries(1))

    def sink(record: dict[str, Any]) -> None:
        audit.write(entry)

    audit = Audit(sink)
    with pytest.raises(GuardlintError, match="cannot make a guarded call"):
        audit.write(entry)
