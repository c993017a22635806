"""`guardlint audit` on logs that real code wrote."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from guardlint.guard import AuditLog, audit_context
from guardlint.guard.audit import Audit
from guardlint.guard.audit_read import records_of
from guardlint.guard.audit_stats import Latency, Stats, stats_of
from guardlint.guard.records import Identity, make_record
from guardlint.guard.verdict import StepRecord, Verdict
from guardlint.resources import resource_dir

KEY = b"k" * 32
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
IDENTITY = Identity.of(
    {
        "name": "claims",
        "revision": 3,
        "policy": {"id": "baseline", "version": "1.0.0"},
        "tier": "internal",
        "waivers": [{"id": "portal-keys"}],
        "llm_calls": {"low": 1, "usual": 2, "high": 4},
        "cost": [
            {
                "profile": "chat",
                "currency": "EUR",
                "per_query": {"cost": {"usual": 0.004}, "llm_calls": {"usual": 2}},
            }
        ],
    },
    "ab" * 32,
    ("1" * 64,),
)


def plain_record() -> dict[str, Any]:
    """A call that passed, as a log has it."""
    record = make_record(
        IDENTITY,
        Verdict("passed"),
        now=NOON,
        hook="call",
        function="returned",
        messages=1,
        guard_ms=1.0,
        function_ms=1.0,
        content={},
    )
    return {**record, "missed": 0}


def verdict(number: int) -> Verdict:
    """Of the tenth call each: blocked, blocked by a failure, degraded, modified, else passed."""
    step = StepRecord("input", "company", "iorails", ("judge",), "passed", None, False, 1, 1, 0.5)
    kinds: dict[int, dict[str, Any]] = {
        0: {"status": "blocked", "rail": "self check input", "reason": "rail"},
        1: {"status": "blocked", "reason": "timeout", "error": True},
        2: {"status": "passed", "degraded": True},
        3: {"status": "modified", "entities": MappingProxyType({"PERSON": 2, "IBAN_CODE": 1})},
    }
    return Verdict(**{"status": "passed", "steps": (step,), **kinds.get(number % 10, {})})


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hundred calls, an hour apart, in several files; the key beside them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audit.key").write_bytes(KEY + b"\n")
    (tmp_path / "logs").mkdir()
    audit = Audit(AuditLog(tmp_path / "logs" / "audit.jsonl", KEY, rotate_bytes=40_000, team="claims"))
    for number in range(100):
        text = {"role": "user", "content": f"question {number % 50}"}
        record = make_record(
            IDENTITY,
            verdict(number),
            now=NOON + timedelta(hours=number),
            hook="call",
            function="returned" if number % 10 else "not-called",
            messages=1,
            guard_ms=1.0 + number,
            function_ms=500.0 if number % 10 else None,
            content={"input": audit.keyed_hash([text])},
        )
        with audit_context(user=f"user-{number % 5}", request_id=f"r-{number}"):
            audit.write(record)
    return tmp_path / "logs"


def valid(name: str, text: str) -> Any:
    """The JSON in ``text``, which its schema knows."""
    schema = json.loads((resource_dir("schemas") / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    data = json.loads(text)
    Draft202012Validator(schema).validate(data)
    return data


def test_verify_a_whole_log(logs: Path, guardlint: Callable[..., Any]) -> None:
    """A folder, and a file with its full ones; its head is what `head` prints."""
    head = guardlint("audit", "head", "logs/audit.jsonl").out.strip()
    ran = guardlint("audit", "verify", "logs", "--head", head, "--key-file", "audit.key")
    assert 0 == ran.code
    assert "logs/audit.000001.jsonl and" in ran.out
    assert "100 records, 2026-11-01 12:00 to 2026-11-05 15:00" in ran.out
    assert f"head   {head}" in ran.out
    assert "every record was written by who has it" in ran.out
    assert guardlint("audit", "verify", "logs/audit.jsonl").out in ran.out
    data = valid("audit-verified", guardlint("audit", "verify", "logs", "--format", "json").out)
    assert (True, False, None) == (data["whole"], data["key_checked"], data["broken"])
    assert (100, head) == (data["chains"][0]["records"], data["chains"][0]["head"])


@pytest.mark.parametrize("form", ["text", "json"])
def test_verify_a_broken_log(logs: Path, guardlint: Callable[..., Any], form: str) -> None:
    """The first record that is not right, with file and line."""
    file = logs / "audit.000002.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    lines[4] = lines[4].replace('"error":false', '"error":true')
    file.write_text("".join(lines))
    ran = guardlint("audit", "verify", "logs", "--format", form)
    assert 1 == ran.code
    place, message = "logs/audit.000002.jsonl:5", "the record was changed after it was written"
    if form == "text":
        assert ran.err == f"error: {place}: {message}\n"
    else:
        data = valid("audit-verified", ran.out)
        assert (False, {"place": place, "message": message}) == (data["whole"], data["broken"])


def test_verify_a_log_with_a_cut_end(logs: Path, guardlint: Callable[..., Any]) -> None:
    """Nothing but a head that was kept elsewhere shows it."""
    head = guardlint("audit", "head", "logs/audit.jsonl").out.strip()
    file = logs / "audit.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    assert 0 == guardlint("audit", "verify", "logs").code
    ran = guardlint("audit", "verify", "logs", "--head", head)
    assert (1, True) == (ran.code, "the end is missing" in ran.err)


def test_verify_with_another_key(logs: Path, guardlint: Callable[..., Any]) -> None:
    """Says that somebody else wrote the records; the key is not shown."""
    Path("other.key").write_text("another key that is long enough")
    ran = guardlint("audit", "verify", "logs", "--key-file", "other.key")
    assert 1 == ran.code
    assert "audit.000001.jsonl:1: the record was not written by who has the key" in ran.err
    assert "another" not in ran.err


def test_verify_the_newer_part(logs: Path, guardlint: Callable[..., Any]) -> None:
    """When older files are put away, the hash of their end stands for them."""
    old = logs / "audit.000001.jsonl"
    head = guardlint("audit", "head", old).out.strip()
    old.unlink()
    ran = guardlint("audit", "verify", "logs")
    assert (1, True) == (ran.code, "the beginning of the chain is missing" in ran.err)
    ran = guardlint("audit", "verify", "logs", "--after", head)
    assert (0, True) == (ran.code, f"from the one after {head[:12]} on" in ran.out)


def test_verify_tells_what_is_torn_and_missing(logs: Path, guardlint: Callable[..., Any]) -> None:
    """A crash is no break, but it is told."""
    with (logs / "audit.jsonl").open("ab") as stream:
        stream.write(b'{"schema":"guardl')
    audit = Audit(AuditLog(logs / "audit.jsonl", KEY))
    audit._missed = 2
    audit.write({"time": "2026-11-06T00:00:00.000Z"})
    ran = guardlint("audit", "verify", "logs")
    assert 0 == ran.code
    assert "torn   1 line half written by a crash: logs/audit.jsonl:" in ran.out
    assert "missed 2 calls whose record could not be written" in ran.out


def test_verify_a_log_that_goes_on(logs: Path, guardlint: Callable[..., Any]) -> None:
    """The head of yesterday is still in it; in one that was written anew it is not."""
    head = guardlint("audit", "head", "logs/audit.jsonl").out.strip()
    audit = Audit(AuditLog(logs / "audit.jsonl", KEY))
    audit.write({"time": "2026-11-06T00:00:00.000Z"})
    assert 1 == guardlint("audit", "verify", "logs", "--head", head).code
    assert 0 == guardlint("audit", "verify", "logs", "--includes", head).code
    records = list(records_of([logs]))
    for path in logs.iterdir():
        path.unlink()
    audit = Audit(AuditLog(logs / "audit.jsonl", KEY))
    for record in records[1:]:
        audit.write({name: value for name, value in record.items() if name not in ("hash", "mac")})
    assert 0 == guardlint("audit", "verify", "logs").code
    ran = guardlint("audit", "verify", "logs", "--includes", head)
    assert (1, True) == (ran.code, f"the record {head[:12]}… is not there" in ran.err)


def test_seal(logs: Path, guardlint: Callable[..., Any]) -> None:
    """A seal by a key that the writers do not have holds for as long as nothing before it changes."""
    guardlint("keygen", "auditors")
    guardlint("keygen", "strangers")
    ran = guardlint("audit", "seal", "logs", "--key", "auditors.key", "-o", "one.seal")
    assert (0, True) == (ran.code, "one.seal  100 records sealed, head " in ran.out)
    Audit(AuditLog(logs / "audit.jsonl", KEY)).write({"time": "2026-11-06T00:00:00.000Z"})
    with_seal = ("audit", "verify", "logs", "--seal", "one.seal", "--trust")
    ran = guardlint(*with_seal, "auditors.pub")
    assert (0, True) == (ran.code, "  seal   one.seal holds\n" in ran.out)
    ran = guardlint(*with_seal, "strangers.pub")
    assert (1, True) == (ran.code, "one.seal: signature is by the unknown key" in ran.err)
    seal = Path("one.seal").read_bytes()
    Path("one.seal").write_bytes(seal.replace(b'"payload":"e', b'"payload":"f'))
    assert 1 == guardlint(*with_seal, "auditors.pub").code
    Path("one.seal").write_bytes(seal)
    file = logs / "audit.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-2]))
    ran = guardlint(*with_seal, "auditors.pub")
    assert (1, True) == (ran.code, "the log was cut off before it, or written anew" in ran.err)
    (logs / "audit.000001.jsonl").unlink()
    ran = guardlint("audit", "seal", "logs", "--key", "auditors.key", "-o", "two.seal")
    assert (1, False) == (ran.code, Path("two.seal").exists())


def test_a_bundle_is_no_seal(logs: Path, guardlint: Callable[..., Any]) -> None:
    """A signature over something else, by the same key, vouches for no log."""
    from guardlint.bundle.dsse import sign_envelope
    from guardlint.bundle.keys import generate, write_public

    key = generate()
    write_public(Path("release.pub"), key.public)
    for payload in (
        b"{}",
        b'{"predicate":{},"predicateType":"https://guardlint.dev/bundle/v1","subject":[]}',
    ):
        Path("other.seal").write_bytes(sign_envelope(payload, [key]))
        ran = guardlint("audit", "verify", "logs", "--seal", "other.seal", "--trust", "release.pub")
        assert (1, True) == (ran.code, "other.seal: the signature is not over an audit log" in ran.err)


def test_stats(logs: Path, guardlint: Callable[..., Any]) -> None:
    """What a hundred calls say together."""
    ran = guardlint("audit", "stats", "logs")
    assert 0 == ran.code
    for line in (
        "100 calls, 2026-11-01 12:00 to 2026-11-05 15:00 UTC",
        "  passed             70   70.0%  █████████████████",
        "  blocked            20   20.0%  █████",
        "  error              10   10.0%  ██",
        "  degraded           10   10.0%  ██",
        "  self check input         10   50.0%  ████████████",
        "  timeout            10   50.0%  ████████████",
        "  baseline@1.0.0        100  100.0%",
        "  claims revision 3 (abababababab)        100  100.0%",
        "  portal-keys        100  100.0%",
        "  PERSON             20   66.7%  ████████████████",
        "model calls of the rails  100 made, 1 a call",
        "  predicted               200; made 50% of that",
        "  tokens                  nobody knows",
        "  cost EUR                0.2 spent (estimated); 0.4 predicted, spent 50% of that",
    ):
        assert line in ran.out
    data = valid("audit-stats", guardlint("audit", "stats", "logs", "--format", "json").out)
    assert {"calls": 20, "share": 0.2} == data["verdicts"]["blocked"]
    assert {"self check input": 10, "none": 10} == data["by"]["rail"]
    assert 90 == data["latency_ms"]["function"]["calls"]
    assert data["latency_ms"]["guard"]["p50"] == pytest.approx(50, rel=0.03)
    assert {"input company"} == set(data["steps"])


def test_stats_of_some_days(logs: Path, guardlint: Callable[..., Any]) -> None:
    """From a day on, up to another without it."""
    for options, count in (
        (["--since", "2026-11-02"], 88),
        (["--until", "2026-11-02"], 12),
        (["--since", "2026-11-02", "--until", "2026-11-03"], 24),
        (["--since", "2026-11-05T12:00Z"], 4),
        (["--since", "2027"], 0),
    ):
        out = guardlint("audit", "stats", "logs", *options, "--format", "json").out
        assert (options, count) == (options, valid("audit-stats", out)["calls"])
    assert "no calls" in guardlint("audit", "stats", "logs", "--since", "2027").out
    ran = guardlint("audit", "stats", "logs", "--since", "yesterday")
    assert (2, True) == (ran.code, "--since is a day such as 2026-11-30" in ran.err)


def test_stats_for_a_spreadsheet(logs: Path, guardlint: Callable[..., Any]) -> None:
    """One figure a row; a name that begins like a formula is none."""
    Audit(AuditLog(logs / "audit.jsonl", KEY, app="=HYPERLINK(1)")).write(
        {**next(records_of([logs])), "app": "=HYPERLINK(1)"}
    )
    out = guardlint("audit", "stats", "logs", "--format", "csv").out
    rows = list(csv.reader(io.StringIO(out)))
    assert ["kind", "name", "figure", "value"] == rows[0]
    assert ["verdict", "blocked", "calls", "21"] in rows
    assert ["app", "'=HYPERLINK(1)", "calls", "1"] in rows
    assert ["cost", "EUR", "predicted", "0.404"] in rows
    assert {4} == {len(row) for row in rows}


def test_stats_of_what_is_no_record(tmp_path: Path, guardlint: Callable[..., Any]) -> None:
    """Strangers' lines are counted as such, and what they hold does not reach the terminal."""
    lines = ['{"a": 1}', "[]", "\x1b[31m", '{"time": 3}', '{"time": "\\u001b[31m", "verdict": "passed"}']
    (tmp_path / "odd.jsonl").write_text("\n".join(lines))
    ran = guardlint("audit", "stats", tmp_path)
    assert (0, "no calls\n") == (ran.code, ran.out)
    data = valid("audit-stats", guardlint("audit", "stats", tmp_path, "--format", "json").out)
    assert (0, 3) == (data["calls"], data["not_records"])


def test_find(logs: Path, guardlint: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """By text and by user, for who has the key; the text itself is shown nowhere."""
    Path("text").write_text("question 7\n")
    ran = guardlint("audit", "find", "logs", "--key-file", "audit.key", "--text", "text")
    assert 0 == ran.code
    assert ["2026-11-01T19:00:00.000Z", "2026-11-03T21:00:00.000Z"] == [
        line.split()[0] for line in ran.out.splitlines()
    ]
    assert "r-7" in ran.out
    assert "question" not in ran.out
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"question 7")))
    options = ("--key-file", "audit.key", "--text", "-", "--user", "user-2", "--format", "json")
    data = valid("audit-found", guardlint("audit", "find", "logs", *options).out)
    assert ["r-7", "r-57"] == [record["request_id"] for record in data["records"]]
    ran = guardlint("audit", "find", "logs", "--key-file", "audit.key", "--user", "user-9")
    assert (1, "no record\n") == (ran.code, ran.out)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["verify"], 2, "Missing argument 'PATHS...'"),
        (["verify", "nowhere"], 4, "nowhere: cannot read: no such file"),
        (["verify", "empty"], 3, "empty: no audit file (*.jsonl) is in this folder"),
        (["verify", "logs", "--head", "12"], 2, "--head is a hash of 64 hexadecimal digits"),
        (["verify", "logs", "--includes", "12"], 2, "--includes is a hash of 64 hexadecimal digits"),
        (["verify", "logs", "--seal", "nowhere"], 2, "--seal and --trust go together"),
        (["verify", "logs", "--key-file", "nowhere"], 4, "nowhere: cannot read the audit key"),
        (["find", "logs", "--key-file", "audit.key"], 2, "what is to be found?"),
        (["find", "logs", "--key-file", "audit.key", "--text", "nowhere"], 2, "cannot read the text"),
        (["find", "logs", "--text", "audit.key"], 2, "Missing option '--key-file'"),
        (["head", "empty/audit.jsonl"], 4, "cannot read: no such file"),
        (["head", "text.jsonl"], 4, "text.jsonl: no head: the audit file holds no record"),
        (["verify", "other.jsonl"], 1, "other.jsonl:1: this is no audit record"),
    ],
)
def test_what_cannot_be_done(
    logs: Path, guardlint: Callable[..., Any], arguments: list[str], code: int, said: str
) -> None:
    """One line and the code of its kind."""
    Path("empty").mkdir()
    Path("text.jsonl").write_text("hello\n")
    Path("other.jsonl").write_text('{"a": 1}\n')
    ran = guardlint("audit", *arguments)
    assert (code, True) == (ran.code, said in ran.err)


def test_percentiles() -> None:
    """Are at most 2 % beside the exact ones, from microseconds to hours."""
    chance = random.Random(3)
    values = sorted(chance.lognormvariate(2, 4) + 0.001 for _ in range(5000))
    latency = Latency()
    for value in values:
        latency.add(value)
    for percent in (1, 50, 90, 99, 99.9):
        exact = values[int(len(values) * percent / 100) - 1]
        assert latency.percentile(percent) == pytest.approx(exact, rel=0.02)
    assert values[-1] == latency.most
    assert Latency().percentile(50) is None
    zero = Latency()
    zero.add(0.0)
    assert 0 == zero.percentile(50)


@pytest.mark.parametrize(
    "changes",
    [
        {"latency_ms": {"guard": float("nan"), "function": 1.0}},
        {"latency_ms": {"guard": float("inf"), "function": 1.0}},
        {"latency_ms": {"guard": -1, "function": 1.0}},
        {"latency_ms": {"guard": 1, "function": "1"}},
        {"entities": {"PERSON": "many"}},
        {"llm_calls": True},
        {"missed": 1e300},
        {"cost": {"currency": "EUR", "estimated": [], "predicted": 1}},
        {"cost": {}},
        {"waivers": [[]]},
        {"app": {}},
        {"policy": None},
        {"steps": [{}]},
        {"time": 5},
    ],
    ids=str,
)
def test_a_record_with_something_else(changes: dict[str, Any]) -> None:
    """Is not counted at all, not even in part."""
    record = plain_record()
    found = stats_of([record, {**record, **changes}]).data()
    assert {**stats_of([record]).data(), "not_records": 1} == found


def test_memory_does_not_grow_with_names() -> None:
    """A log with a million applications is counted, the rest of them together."""
    record = plain_record()
    found: Stats = stats_of({**record, "app": f"app-{number}"} for number in range(5000))
    apps = found.data()["by"]["app"]
    assert 1001 == len(apps)
    assert 4000 == apps["(others)"]
    assert 5000 == found.calls
