"""Trust stores: read from anywhere, added up, strict about their own typos."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from guardlint.bundle.keys import generate, key_id, public_pem
from guardlint.bundle.trust import Trust, load_trust, trusting
from guardlint.errors import ConfigError

OLD, NEW = generate().public, generate().public
OLD_ID, NEW_ID = key_id(OLD), key_id(NEW)


@pytest.fixture
def store(tmp_path):
    """A folder with the new key as a file; returns a writer of trust.yml in it."""
    (tmp_path / "new.pem").write_bytes(public_pem(NEW))

    def write(text: str, name: str = "trust.yml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def inline(public: object) -> str:
    return "|\n" + "".join(f"      {line}\n" for line in public_pem(public).decode().splitlines())


def test_a_whole_store(store) -> None:
    """Keys inline and by file, last days, revoked ids, a minimum revision."""
    path = store(
        f"schema: guardlint/trust/v1\nkeys:\n"
        f"  - id: {NEW_ID}\n    file: new.pem\n    not_after: 2030-01-02T03:04:05Z\n"
        f"  - public_key: {inline(OLD)}    not_after: 2026-12-31\n"
        f"revoked: ['{'0' * 64}']\nminimum_revision: 12\n"
    )
    trust = load_trust(path)
    assert {NEW_ID: NEW, OLD_ID: OLD} == trust.keys
    assert {"0" * 64} == trust.revoked
    assert 12 == trust.minimum_revision
    assert {
        NEW_ID: datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        OLD_ID: datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    } == trust.not_after


def test_every_kind_of_source(store, tmp_path) -> None:
    """A PEM file, its path as text, a key, a folder, a Trust, and several of them."""
    path = store(f"schema: guardlint/trust/v1\nkeys:\n  - public_key: {inline(OLD)}")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "new.pub").write_bytes(public_pem(NEW))
    (tmp_path / "keys" / "README.md").write_text("Keys of the release team.")
    for source in (
        tmp_path / "keys",
        tmp_path / "new.pem",
        str(tmp_path / "new.pem"),
        NEW,
        trusting(NEW),
        [NEW],
    ):
        assert {NEW_ID: NEW} == load_trust(source).keys
    assert {OLD_ID, NEW_ID} == set(load_trust(tmp_path).keys)
    assert {OLD_ID, NEW_ID} == set(load_trust([path, str(tmp_path / "new.pem")]).keys)


def test_several_sources_never_loosen_one_another() -> None:
    """Revoked by any, the highest revision, the earliest last moment."""
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    one = Trust({OLD_ID: OLD}, frozenset({NEW_ID}), 3, {OLD_ID: late})
    two = Trust({OLD_ID: OLD, NEW_ID: NEW}, frozenset({OLD_ID}), 2, {OLD_ID: early})
    for order in ([one, two], [two, one]):
        trust = load_trust(order)
        assert ({OLD_ID, NEW_ID}, 3, {OLD_ID: early}) == (
            trust.revoked,
            trust.minimum_revision,
            trust.not_after,
        )
    assert {OLD_ID: early} == load_trust([two, OLD]).not_after


HEAD = "schema: guardlint/trust/v1\n"
KEYS = HEAD + "keys:\n  - file: new.pem\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "nothing is not a mapping|null is not a mapping"),
        ("- x\n", 1, "is not a mapping"),
        ("keys: [\n", 1, "expected the node content|did not find expected"),
        (HEAD, 1, "the key 'keys' is missing"),
        (HEAD + "keys: []\n", 2, "there is nothing in it"),
        (KEYS.replace("v1", "v2"), 1, "is not 'guardlint/trust/v1'"),
        (KEYS + "minimum_revison: 3\n", 4, "unknown key 'minimum_revison'"),
        (KEYS + "minimum_revision: -1\n", 4, "is refused: minimum 0"),
        (KEYS + "minimum_revision: yes\n", 4, "true is not a whole number"),
        (KEYS + "minimum_revision: .nan\n", 4, "nan is not a number"),
        (KEYS + "revoked: [abc]\n", 4, "'abc' is not written as it must be"),
        (KEYS + f'revoked: ["{"a" * 64}\\n"]\n', 4, "is not written as it must be"),
        (KEYS + "1: 2\n", 1, "the key 1 is not text"),
        (KEYS + "keys: []\n", 2, "the key 'keys' stands twice in one mapping"),
        (KEYS + "    not_after: 2026-02-30T00:00:00Z\n", 4, "value cannot be read"),
        (KEYS + "    not_after: '2026-02-30'\n", 4, "not_after is no date of the calendar"),
        (KEYS + "    not_after: 2026-01-01 00:00:00\n", 4, "is not written as it must be"),
        (KEYS + "    not_after: soon\n", 4, "is not written as it must be"),
        (KEYS + f"    id: {'f' * 64}\n", 4, "id is not that of the key"),
        (KEYS + "    public_key: x\n", 3, "only one of 'public_key', 'file' may stand here"),
        (KEYS + "  - not_after: 2026-01-01\n", 4, "one of 'public_key', 'file' is missing"),
        (KEYS + "  - public_key: x\n", 4, "no key in PEM form where one is needed"),
        (KEYS + "  - file: ./new.pem\n", 4, "the same key is listed twice"),
    ],
)
def test_mistakes_are_shown_with_their_line(store, workshop, text: str, line: int, reason: str) -> None:
    """File, line, and what is wrong there."""
    path = store(text)
    message = workshop.refused(lambda: load_trust(path), ConfigError)
    with pytest.raises(ConfigError) as caught:
        load_trust(path)
    assert f"{path}:{line}" == str(caught.value.place).rsplit(":", 1)[0]
    assert any(part in message for part in reason.split("|")), message


def test_a_typo_is_answered_with_the_right_word(store) -> None:
    """guardlint does not have the disease that it treats."""
    with pytest.raises(ConfigError) as caught:
        load_trust(store(KEYS + "minimum_revison: 3\n"))
    assert "did you mean 'minimum_revision'?" == caught.value.help


def test_what_is_no_store(tmp_path, store, workshop) -> None:
    """Nothing, an empty folder, a missing file, a private key among the public ones, no text."""
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no trusted key is given" == workshop.refused(lambda: load_trust([]), ConfigError)
    assert "no trusted key is given" == workshop.refused(lambda: load_trust(Trust({})), ConfigError)
    assert "folder holds no *.pem, no *.pub and no trust.yml" == workshop.refused(
        lambda: load_trust(empty), ConfigError
    )
    assert "cannot read" in workshop.refused(lambda: load_trust(empty / "x.pem"), ConfigError)
    assert "cannot read" in workshop.refused(lambda: load_trust(empty / "trust.yml"), ConfigError)
    (empty / "key.pem").write_bytes(workshop.key.to_pem())
    assert "private key where the public key is needed" == workshop.refused(
        lambda: load_trust(empty), ConfigError
    )
    (empty / "trust.yml").write_bytes(b"\xff\xfe")
    assert "it is not UTF-8 text" == workshop.refused(lambda: load_trust(empty / "trust.yml"), ConfigError)
    assert "longer than" in workshop.refused(lambda: load_trust(store("#" * 2_000_000)), ConfigError)


def test_a_trust_made_by_hand_is_checked(workshop) -> None:
    """A key under a foreign id would let it sign in another's name."""
    assert "is listed under the id" in workshop.refused(lambda: Trust({OLD_ID: NEW}), ConfigError)
    naive = {OLD_ID: datetime(2026, 1, 1)}  # noqa: DTZ001
    assert "needs a time zone" in workshop.refused(lambda: Trust({OLD_ID: OLD}, not_after=naive), ConfigError)
