"""Signing and trust for any keys, any stores and any moment: who is accepted, and nothing else."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from guardlint.bundle.canonical import compact
from guardlint.bundle.container import join, split
from guardlint.bundle.dsse import PAYLOAD_TYPE, open_envelope, pae, sign_envelope
from guardlint.bundle.keys import PrivateKey, generate, key_id
from guardlint.bundle.seal import sign_bundle
from guardlint.bundle.trust import Trust, load_trust
from guardlint.bundle.verify import verify_bundle, vouched
from guardlint.errors import VerificationError

KEYS = tuple(generate() for _ in range(5))
IDS = {key_id(key.public): key for key in KEYS}
START = datetime(2026, 3, 1, tzinfo=UTC)
quick = settings(deadline=None, max_examples=150, database=None, suppress_health_check=[HealthCheck.too_slow])

keys = st.sampled_from(KEYS)
signers = st.lists(keys, min_size=1, max_size=4, unique_by=lambda key: key_id(key.public))
days = st.integers(-3, 400)
stores = st.builds(
    Trust,
    st.dictionaries(keys.map(lambda key: key_id(key.public)), st.none()).map(
        lambda found: {name: IDS[name].public for name in found}
    ),
    st.frozensets(st.sampled_from(sorted(IDS)), max_size=2),
    st.integers(0, 12),
    st.dictionaries(
        st.sampled_from(sorted(IDS)), days.map(lambda day: START + timedelta(days=day)), max_size=3
    ),
    st.none() | st.frozensets(st.sampled_from(["claims-and-cards", "cards", "claims"]), max_size=2),
)


def expected(bundle_keys: list[PrivateKey], store: Trust, now: datetime, revision: int) -> bool:
    """The rule in plain words, beside the code that enforces it."""
    names = [key_id(key.public) for key in bundle_keys]
    return (
        all(name in store.keys and name not in store.revoked for name in names)
        and all(now <= store.not_after.get(name, now) for name in names)
        and START <= now < START + timedelta(days=300)
        and revision >= store.minimum_revision
        and (store.applications is None or "claims-and-cards" in store.applications)
    )


@quick
@given(signers, stores, days, st.integers(0, 12))
def test_accepted_is_what_the_store_says(
    workshop, by: list[PrivateKey], store: Trust, day: int, revision: int
) -> None:
    """Every signer trusted, none revoked or past its last day, in date, not below the minimum, ours."""
    assume(store.keys)
    now = START + timedelta(days=day)
    bundle = workshop.honest(
        revision=revision, not_before="2026-03-01T00:00:00Z", expires="2026-12-26T00:00:00Z"
    )
    bundle = sign_bundle(bundle, by, now=START)
    try:
        verify_bundle(bundle, store, now=now)
    except VerificationError:
        assert not expected(by, store, now, revision)
    else:
        assert expected(by, store, now, revision)


@quick
@given(signers, stores, days)
def test_to_look_at_is_never_more_than_signed(workshop, by: list[PrivateKey], store: Trust, day: int) -> None:
    """`vouched` shows what trusted keys signed and says why it may not run, exactly when it may not."""
    assume(store.keys)
    now = START + timedelta(days=day)
    bundle = sign_bundle(workshop.honest(not_before=None, expires="2026-12-26T00:00:00Z"), by, now=START)
    names = {key_id(key.public) for key in by}
    trusted = names <= set(store.keys) - store.revoked
    try:
        _, refused = vouched(bundle, store, now=now)
    except VerificationError:
        assert not trusted
        return
    assert trusted
    try:
        verify_bundle(bundle, store, now=now)
        told = None
    except VerificationError as error:
        told = error.message
    assert told == refused


@quick
@given(st.lists(stores, min_size=2, max_size=4), signers, days)
def test_more_stores_never_forgive(workshop, several: list[Trust], by: list[PrivateKey], day: int) -> None:
    """Whatever one of them revokes, dates, numbers or names holds for all of them, in any order."""
    together = load_trust([*several, Trust({key_id(key.public): key.public for key in KEYS})])
    assert together == load_trust([Trust(together.keys), *reversed(several)])
    now = START + timedelta(days=day)
    bundle = sign_bundle(workshop.honest(not_before=None, expires=None), by, now=START)
    try:
        verify_bundle(bundle, together, now=now)
    except VerificationError:
        return
    names = {key_id(key.public) for key in by}
    for store in several:
        assert not names & store.revoked
        assert all(now <= store.not_after.get(name, now) for name in names)
        assert 7 >= store.minimum_revision
        assert store.applications is None or "claims-and-cards" in store.applications


@quick
@given(st.binary(max_size=300), signers)
def test_what_is_signed_is_what_is_opened(payload: bytes, by: list[PrivateKey]) -> None:
    """By every key, in one spelling, whatever the order in which they signed."""
    envelope = sign_envelope(payload, by)
    assert envelope == sign_envelope(payload, list(reversed(by)))
    trusted = {key_id(key.public): key.public for key in by}
    assert (payload, tuple(sorted(trusted))) == open_envelope(envelope, trusted)


@quick
@given(st.binary(max_size=60), st.binary(max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_no_two_messages_are_signed_alike(one: bytes, two: bytes, kind: str, other: str) -> None:
    """The encoding tells every type and payload apart."""
    kind, other = (text.encode("utf-8", "ignore").decode() for text in (kind, other))
    assert ((kind, one) == (other, two)) == (pae(kind, one) == pae(other, two))


@quick
@given(signers, st.data())
def test_no_set_of_signatures_can_be_changed(workshop, by: list[PrivateKey], data: st.DataObject) -> None:
    """Taken off, doubled, moved to another key, exchanged for a valid one over another payload: refused."""
    bundle = sign_bundle(workshop.honest(), by, now=START)
    store = Trust({key_id(key.public): key.public for key in KEYS})
    envelope, archive = split(bundle)
    document = json.loads(envelope)
    entries = document["signatures"]
    position = data.draw(st.integers(0, len(entries) - 1))
    trick = data.draw(st.sampled_from(["off", "double", "rename", "other", "more"]))
    if trick == "off":
        del entries[position]
    elif trick == "double":
        entries.append(entries[position])
    elif trick == "rename":
        entries[position] = {**entries[position], "keyid": data.draw(st.sampled_from(sorted(IDS)))}
        assume(entries[position]["keyid"] != json.loads(envelope)["signatures"][position]["keyid"])
    else:
        payload = base64.b64decode(document["payload"])
        stranger = data.draw(keys)
        message = pae(PAYLOAD_TYPE, payload if trick == "more" else payload + b" ")
        new = {
            "keyid": key_id(stranger.public),
            "sig": base64.b64encode(stranger.sign(message)).decode("ascii"),
        }
        assume(new not in entries)
        entries[position : position + (trick == "other")] = [new]
    entries.sort(key=lambda entry: entry["keyid"])
    workshop.verify_refused(join(compact(document), archive), trust=store, now=START + timedelta(days=40))
