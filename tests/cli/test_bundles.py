"""keygen, compile, sign, verify, inspect and diff, as people type them."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from guardlint.bundle.canonical import compact
from guardlint.bundle.container import join, split
from guardlint.resources import examples_dir, resource_dir

NOW = 1_795_000_000
KINDS = ("bundle-contents", "bundle-difference", "bundle-manifest", "plan")

SIGNER = """\
import sys
from pathlib import Path
from guardlint.bundle.keys import load_private
key = load_private(Path(sys.argv[1]).read_bytes())
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read()))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guardlint: Callable) -> Path:
    """The example team and its central repository, two keys, and a clock that stands."""
    shutil.copytree(examples_dir() / "claims-and-cards", tmp_path / "team")
    shutil.copytree(examples_dir() / "central", tmp_path / "central")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOW))
    monkeypatch.delenv("GUARDLINT_TRUST", raising=False)
    assert 0 == guardlint("keygen", "one").code
    assert 0 == guardlint("keygen", "two").code
    return tmp_path


@pytest.fixture
def bundle(place: Path, guardlint: Callable) -> Path:
    """The mended example, compiled and signed by the first key, as revision 7."""
    ran = guardlint("compile", "team/mended", "--key", "one.key", "--revision", "7", "-o", "app.glbundle")
    assert 0 == ran.code, ran.err
    return place / "app.glbundle"


def fits(kind: str, data: dict[str, Any]) -> None:
    """Hold the data against a schema of the repository."""
    schemas = {name: json.loads((resource_dir("schemas") / f"{name}.json").read_text()) for name in KINDS}
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    Draft202012Validator(schemas[kind], registry=registry).validate(data)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("name", ["keygen", "compile", "sign", "verify", "inspect", "diff"])
def test_help_shows_examples(guardlint: Callable, name: str) -> None:
    """Every command says how it is used and what its exit codes mean."""
    said = guardlint(name, "--help").out
    assert "Examples:" in said
    assert f"guardlint {name} " in said
    assert "Exit codes:" in said


class TestKeygen:
    """Keys."""

    def test_a_pair_is_never_overwritten(self, place: Path, guardlint: Callable) -> None:
        """The second attempt changes nothing."""
        before = (place / "one.key").read_bytes()
        ran = guardlint("keygen", "one")
        assert 2 == ran.code
        assert "one.key: file exists, and a key is never replaced" in ran.err
        assert before == (place / "one.key").read_bytes()

    def test_the_id_of_a_key(self, place: Path, guardlint: Callable) -> None:
        """As trust.yml and errors name it; of a public key only."""
        assert (
            guardlint("keygen", "three").out.split()[-1] + "\n"
            == guardlint("keygen", "--id", "three.pub").out
        )
        assert "private key where the public key is needed" in guardlint("keygen", "--id", "three.key").err


class TestCompile:
    """What the compiler takes and refuses on the command line."""

    def test_the_bundle_says_what_went_in(self, bundle: Path, guardlint: Callable) -> None:
        """Digests of tools, rails with their prompts, cost, engines."""
        data = json.loads(guardlint("inspect", bundle, "--trust", "one.pub", "--format", "json").out)
        fits("bundle-contents", data)
        manifest = data["manifest"]
        assert {"guardlint", "catalogue"} == set(manifest["digests"])
        judge = next(rail for rail in manifest["rails"] if rail["id"] == "self-check")
        assert ["self-check-input"] == [prompt["id"] for prompt in judge["prompts"]]
        assert {"customer-chat", "internal-assistant"} == {entry["profile"] for entry in manifest["cost"]}
        assert 0 < manifest["cost"][0]["per_query"]["cost"]["usual"] < 0.01
        assert "2027-11-18T11:06:40Z" == manifest["expires"]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ((), "say how the bundle is signed"),
            (("--key", "one.key", "--unsigned"), "say how the bundle is signed"),
            (("--key", "one.pub"), "public key where the private key is needed"),
            (("--key", "one.key", "--expires", "2026-01-01"), "`--expires 2026-01-01` is past"),
            (("--key", "one.key", "--expires", "soon"), "`--expires soon` is no date"),
            (("--key", "one.key", "--expires", "2028-01-01", "--valid-days", "3"), "say the same"),
            (("--key", "one.key", "--name", "a name"), "`a name` is no name for an application"),
            (
                ("--key", "one.key", "--not-before", "2027-03-01", "--expires", "2027-02-01"),
                "the bundle expires before it becomes valid",
            ),
            (("--key", "one.key", "--key", "one.key"), "is to sign twice"),
        ],
    )
    def test_wrong_options(
        self, place: Path, guardlint: Callable, options: tuple[str, ...], said: str
    ) -> None:
        """One line, and no bundle."""
        ran = guardlint("compile", "team/mended", *options, "-o", "app.glbundle")
        assert ran.code in (1, 2)
        assert said in ran.err
        assert 1 == len(ran.err.splitlines())
        assert not (place / "app.glbundle").exists()

    def test_a_key_in_the_environment(
        self, place: Path, guardlint: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its text, which no error and no output repeats."""
        text = (place / "one.key").read_text()
        monkeypatch.setenv("SIGNING", text)
        ran = guardlint("compile", "team/mended", "--key", "env:SIGNING", "-o", "app.glbundle")
        assert 0 == ran.code, ran.err
        assert 0 == guardlint("verify", "app.glbundle", "--trust", "one.pub").code
        assert text.splitlines()[1] not in ran.out + ran.err
        monkeypatch.setenv("SIGNING", text.replace("A", "B"))
        broken = guardlint("compile", "team/mended", "--key", "env:SIGNING")
        assert (2, True) == (broken.code, "env:SIGNING: " in broken.err)
        assert text.splitlines()[1].replace("A", "B") not in broken.err

    def test_its_time(self, place: Path, guardlint: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
        """Refused before its day and after its last."""
        options = ("--not-before", "2027-01-01", "--expires", "2027-02-01T12:00:00Z", "-o", "app.glbundle")
        assert 0 == guardlint("compile", "team/mended", "--key", "one.key", *options).code
        said = []
        for moment in (NOW, 1_799_000_000, 1_802_000_000):
            monkeypatch.setenv("SOURCE_DATE_EPOCH", str(moment))
            ran = guardlint("verify", "app.glbundle", "--trust", "one.pub")
            said.append((ran.code, ran.err.partition("app.glbundle: ")[2].strip()))
        assert [
            (1, "bundle is not valid before 2027-01-01T00:00:00Z"),
            (0, ""),
            (1, "bundle has expired at 2027-02-01T12:00:00Z (compile it anew)"),
        ] == said

    def test_findings_are_shown(self, place: Path, guardlint: Callable) -> None:
        """With a configuration that check refuses."""
        ran = guardlint("compile", "team/broken", "--policy", "harbour-bank", "--key", "one.key")
        assert 1 == ran.code
        assert "error[old-style-outcome]" in ran.out
        assert "and harbour-bank@1.0.0 compiles none" in ran.err

    def test_a_file_name_that_windows_does_not_know(self, place: Path, guardlint: Callable) -> None:
        """One clear line, with the file."""
        (place / "team/mended/flows/what?.co").write_text("define flow later\n  bot say later\n")
        ran = guardlint("compile", "team/mended", "--key", "one.key")
        assert (1, 1) == (ran.code, len(ran.err.splitlines()))
        assert "file name 'team/flows/what?.co' has a character that Windows does not allow" in ran.err

    def test_what_the_team_switches_off_is_told(self, place: Path, guardlint: Callable) -> None:
        """As check heeds it, so does compile, and the manifest says so."""
        edit(place / "team/guardlint.yml", "central:", "disable:\n  verbose-logging: we test\ncentral:")
        assert 0 == guardlint("compile", "team/mended", "--key", "one.key", "-o", "app.glbundle").code
        said = guardlint("inspect", "app.glbundle", "--trust", "one.pub").out
        assert "verbose-logging switched off by the team: we test" in said

    def test_plain(self, place: Path, guardlint: Callable) -> None:
        """One configuration that NeMo loads, with a word on what it is worth."""
        ran = guardlint("compile", "team/mended", "--plain", "merged")
        assert 0 == ran.code, ran.err
        assert "it guarantees nothing" in ran.out
        assert "left out mask-personal-data@1 (input): it runs in the guard, not in NeMo" in ran.out
        assert "guarantees nothing" in (place / "merged/config.yml").read_text().splitlines()[1]
        checked = guardlint("check", "merged", "--no-cache")
        assert (0, True) == (checked.code, "NeMo loads it" in checked.out)
        again = guardlint("compile", "team/mended", "--plain", "merged")
        assert (2, "error: merged: is not empty (name a directory that is not there yet)\n") == (
            again.code,
            again.err,
        )


WAIVER = """\
schema: guardlint/waiver/v1
waivers:
  - id: slow-gateway
    rule: {rule}
    team: claims-and-cards
    configuration: mended
    reason: the new gateway comes in spring
    owner: cards@harbour.example
    approver: risk@harbour.example
    ticket: RISK-7
    approved: 2026-11-01
    expires: {expires}
"""


class TestWaivers:
    """A bundle lives no longer than the exceptions that it needs."""

    @pytest.fixture
    def unsound(self, place: Path) -> Path:
        """The patterns on output stay set and never run: an error."""
        config = place / "team/mended/config.yml"
        edit(config, "      - regex check output\n", "")
        (place / "central/policies/waivers").mkdir()
        return place / "central/policies/waivers/cards.yml"

    def test_the_bundle_ends_with_the_waiver(self, unsound: Path, guardlint: Callable) -> None:
        """The day after its last one, whatever was asked for."""
        unsound.write_text(WAIVER.format(rule="unlisted-rail", expires="2027-01-15"))
        ran = guardlint("compile", "team/mended", "--key", "one.key", "-o", "app.glbundle")
        assert 0 == ran.code, ran.err
        assert "expires  2027-01-16T00:00:00Z, with the waiver slow-gateway" in ran.out
        said = guardlint("inspect", "app.glbundle", "--trust", "one.pub").out
        assert "unlisted-rail waived until 2027-01-15 (slow-gateway; owner cards@harbour.example)" in said

    def test_a_bundle_that_ends_before_is_not_cut(self, unsound: Path, guardlint: Callable) -> None:
        """Nothing to say of the waiver then."""
        unsound.write_text(WAIVER.format(rule="unlisted-rail", expires="2027-01-15"))
        ran = guardlint("compile", "team/mended", "--key", "one.key", "--valid-days", "3")
        assert "expires  2026-11-21T11:06:40Z\n" in ran.out

    def test_an_expired_waiver_lifts_nothing(self, unsound: Path, guardlint: Callable) -> None:
        """The refusal names it."""
        unsound.write_text(WAIVER.format(rule="unlisted-rail", expires="2026-11-10"))
        ran = guardlint("compile", "team/mended", "--key", "one.key")
        assert 1 == ran.code
        said = " ".join(ran.out.split())
        assert "the waiver `slow-gateway` of cards@harbour.example does not lift it" in said
        assert "it ended on 2026-11-10" in said


class TestSign:
    """Keys here, keys elsewhere, other keys."""

    def test_an_unsigned_bundle_is_signed_later(self, place: Path, guardlint: Callable) -> None:
        """No guard loads it before."""
        assert 0 == guardlint("compile", "team/mended", "--unsigned", "-o", "app.glbundle").code
        ran = guardlint("verify", "app.glbundle", "--trust", "one.pub")
        assert (1, True) == (ran.code, "signature is missing" in ran.err)
        assert 0 == guardlint("sign", "app.glbundle", "--key", "one.key").code
        assert 0 == guardlint("verify", "app.glbundle", "--trust", "one.pub").code

    def test_rotation(self, bundle: Path, guardlint: Callable) -> None:
        """The new key takes the old one's place over the very same archive, which the old one vouched for."""
        before = bundle.read_bytes()
        assert 0 == guardlint("sign", bundle, "--key", "two.key", "--trust", "one.pub").code
        assert split(before)[1] == split(bundle.read_bytes())[1]
        assert 0 == guardlint("verify", bundle, "--trust", "two.pub").code
        refused = guardlint("sign", bundle, "--key", "two.key", "--trust", "one.pub")
        assert (1, True) == (refused.code, "signature is by the unknown key" in refused.err)

    def test_two_sign_together(self, bundle: Path, guardlint: Callable) -> None:
        """Both must be trusted then."""
        assert 0 == guardlint("sign", bundle, "--key", "one.key", "--key", "two.key").code
        assert 1 == guardlint("verify", bundle, "--trust", "one.pub").code
        (bundle.parent / "keys").mkdir()
        for name in ("one.pub", "two.pub"):
            shutil.copy(bundle.parent / name, bundle.parent / "keys")
        assert 0 == guardlint("verify", bundle, "--trust", "keys").code

    def test_a_command_signs(self, bundle: Path, place: Path, guardlint: Callable) -> None:
        """The same bytes as with the key itself, since Ed25519 draws no random numbers."""
        (place / "signer.py").write_text(SIGNER)
        command = f'"{sys.executable}" signer.py one.key'
        ran = guardlint("sign", bundle, "--public", "one.pub", "--signer", command, "-o", "other.glbundle")
        assert 0 == ran.code, ran.err
        assert bundle.read_bytes() == (place / "other.glbundle").read_bytes()

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            ("signer.py two.key", "gave a signature that does not verify"),
            ("-c pass", "gave 0 bytes, which are no Ed25519 signature"),
            ("-c 'raise SystemExit(3)'", "ended with 3"),
        ],
    )
    def test_a_command_that_signs_wrongly(
        self, bundle: Path, place: Path, guardlint: Callable, command: str, said: str
    ) -> None:
        """The bundle stays as it was."""
        (place / "signer.py").write_text(SIGNER)
        before = bundle.read_bytes()
        ran = guardlint("sign", bundle, "--public", "one.pub", "--signer", f'"{sys.executable}" {command}')
        assert (1, True) == (ran.code, said in ran.err), ran.err
        assert before == bundle.read_bytes()

    @pytest.mark.parametrize("form", ["raw", "base64"])
    def test_in_two_steps(self, bundle: Path, place: Path, guardlint: Callable, form: str) -> None:
        """The message goes where the key is, the signature comes back."""
        from guardlint.bundle.keys import load_private

        before = bundle.read_bytes()
        assert 0 == guardlint("sign", bundle, "--public", "one.pub", "--message", "m").code
        message = (place / "m").read_bytes()
        assert message.startswith(b"DSSEv1 28 application/vnd.in-toto+json ")
        signature = load_private((place / "one.key").read_bytes()).sign(message)
        (place / "s").write_bytes(signature if form == "raw" else base64.b64encode(signature) + b"\n")
        assert 0 == guardlint("sign", bundle, "--public", "one.pub", "--signature", "s").code
        assert before == bundle.read_bytes()

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ((), "say who signs"),
            (("--message", "m"), "say who signs"),
            (("--public", "one.pub"), "1 public keys and 0 signatures"),
            (("--key", "one.key", "--signer", "x"), "--signer signs with one key"),
            (("--public", "one.pub", "--signer", "x", "--message", "m"), "three ways to sign"),
            (("--public", "one.pub", "--signature", "nowhere"), "cannot read the signature"),
            (("--public", "one.pub", "--signer", "''"), "is no command"),
            (("--public", "one.pub", "--signer", "no-such-program-here"), "cannot be run"),
        ],
    )
    def test_wrong_options(
        self, bundle: Path, guardlint: Callable, options: tuple[str, ...], said: str
    ) -> None:
        """One line."""
        ran = guardlint("sign", bundle, *options)
        assert ran.code in (1, 2)
        assert said in ran.err
        assert 1 == len(ran.err.splitlines())

    def test_nothing_broken_or_expired_is_signed(
        self, bundle: Path, place: Path, guardlint: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A signing station says what it signs."""
        (place / "cut.glbundle").write_bytes(bundle.read_bytes()[:-512])
        assert (
            "archive does not end after its end mark"
            in guardlint("sign", "cut.glbundle", "--key", "one.key").err
        )
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOW + 400 * 86400))
        assert "bundle has expired" in guardlint("sign", bundle, "--key", "one.key").err


class TestVerify:
    """Whose, for what, and which."""

    def test_the_application_must_be_the_right_one(self, bundle: Path, guardlint: Callable) -> None:
        """A bundle of another application of the same company is validly signed, too."""
        assert 0 == guardlint("verify", bundle, "--trust", "one.pub", "--name", "claims-and-cards").code
        ran = guardlint("verify", bundle, "--trust", "one.pub", "--name", "mortgages")
        assert (1, True) == (
            ran.code,
            "of the application 'claims-and-cards', expected is mortgages" in ran.err,
        )

    def test_an_older_revision_is_refused(self, bundle: Path, place: Path, guardlint: Callable) -> None:
        """On the machine that has seen a newer one; the record is what is asked, not the order of files."""
        again = ("compile", "team/mended", "--key", "one.key", "--revision", "8", "-o", "newer.glbundle")
        assert 0 == guardlint(*again).code
        (place / "trust.yml").write_text(
            "schema: guardlint/trust/v1\nkeys: [{file: one.pub}]\nrevisions: revisions.json\n"
        )
        said = [
            guardlint("verify", name, "--trust", "trust.yml") for name in (bundle, "newer.glbundle", bundle)
        ]
        assert [0, 0, 1] == [ran.code for ran in said]
        assert "revision 7 is older than 8, which this machine has accepted" in said[-1].err
        elsewhere = guardlint("verify", bundle, "--trust", "one.pub", "--revisions", "other.json")
        assert 0 == elsewhere.code

    def test_a_stripped_or_doubled_signature(self, bundle: Path, place: Path, guardlint: Callable) -> None:
        """Neither is nothing."""
        envelope, archive = split(bundle.read_bytes())
        document = json.loads(envelope)
        (place / "none.glbundle").write_bytes(join(b"", archive))
        document["signatures"] *= 2
        (place / "twice.glbundle").write_bytes(join(compact(document), archive))
        for name, said in {"none": "signature is missing", "twice": "is there twice"}.items():
            ran = guardlint("verify", f"{name}.glbundle", "--trust", "one.pub")
            assert (1, True) == (ran.code, said in ran.err)


class TestInspect:
    """What is in it."""

    def test_in_words(self, bundle: Path, guardlint: Callable) -> None:
        """The steps in order, rails, models, calls."""
        said = guardlint("inspect", bundle, "--trust", "one.pub").out
        parts = (
            "may be run", "claims-and-cards, revision 7", "harbour-bank@1.0.0, which extends customer-facing",
            "A message, before the model", "1. mask-personal-data@1.1.0 masks personal data",
            "2. the company's rails, on NeMo's fast engine", "from self-check@1.0.0, which asks with",
            "3. the team's rails, on NeMo's LLMRails, in a process of its own", "block card credentials",
            "4. the company's rails again", "The answer, before the user", "openai/gpt-4o-mini",
            "usually 4, at most 6", "Exceptions\n  none", "Python: actions.py",
        )  # fmt: skip
        places = [said.find(part) for part in parts]
        assert -1 not in places, parts[places.index(-1)]
        assert sorted(places) == places

    def test_somebody_vouches_or_it_is_said(self, bundle: Path, guardlint: Callable) -> None:
        """Nothing is shown of a bundle that the trust store does not know."""
        assert "nobody is named who vouches" in guardlint("inspect", bundle).err
        assert "not verified: nobody vouches" in guardlint("inspect", bundle, "--unverified").out
        ran = guardlint("inspect", bundle, "--trust", "two.pub")
        assert (1, "") == (ran.code, ran.out)
        data = json.loads(guardlint("inspect", bundle, "--unverified", "--format", "json").out)
        fits("bundle-contents", data)
        assert data["trusted"] is None

    def test_an_expired_bundle_can_be_looked_at(
        self, bundle: Path, guardlint: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its reader is told that it may not run."""
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOW + 400 * 86400))
        ran = guardlint("inspect", bundle, "--trust", "one.pub")
        assert 0 == ran.code
        assert "not to be run: bundle has expired at 2027-11-18T11:06:40Z" in ran.out


class TestDiff:
    """What will run otherwise."""

    def compiled(self, guardlint: Callable, *options: str) -> None:
        ran = guardlint("compile", "team/mended", "--key", "one.key", "-o", "new.glbundle", *options)
        assert 0 == ran.code, ran.out + ran.err

    def test_the_same_will_run(self, bundle: Path, guardlint: Callable) -> None:
        """Another revision of the same is told and is no difference."""
        self.compiled(guardlint, "--revision", "8")
        ran = guardlint("diff", bundle, "new.glbundle", "--trust", "one.pub")
        assert (0, "the same will run; what else is told\n  ~ revision: 7 -> 8\n") == (ran.code, ran.out)
        same = guardlint("diff", bundle, bundle, "--trust", "one.pub")
        assert (0, "the same archive\n") == (same.code, same.out)

    def test_what_changed(self, bundle: Path, place: Path, guardlint: Callable) -> None:
        """Order, rails, models, prompts, settings, files: each in its place."""
        config = place / "team/mended/config.yml"
        edit(config, "      - self check facts\n", "")
        edit(config, "    model: gpt-4o-mini", "    model: gpt-4o")
        edit(
            config,
            "      - mask sensitive data on input\n      - regex check input\n",
            "      - regex check input\n      - mask sensitive data on input\n",
        )
        edit(config, "quick ?assist", "quick ?help")
        edit(place / "team/mended/prompts.yml", "Answer", "Reply")
        self.compiled(guardlint)
        ran = guardlint("diff", bundle, "new.glbundle", "--trust", "one.pub")
        assert 1 == ran.code
        for line in (
            "team rails on input\n  > regex check input: after block card credentials",
            "team rails on output\n  - self check facts",
            "team models\n  ~ main: openai/gpt-4o-mini at http://127.0.0.1:8901/v1 -> openai/gpt-4o at",
            "team prompts\n  ~ self_check_input: ",
            "team settings\n  ~ rails.config.regex_detection.input.patterns: ",
            "files\n  ~ team/config.yml\n  ~ team/prompts.yml",
            "differences in what will run",
        ):
            assert line in ran.out, f"{line}\n---\n{ran.out}"
        data = json.loads(guardlint("diff", bundle, "new.glbundle", "--unverified", "--format", "json").out)
        fits("bundle-difference", data)
        assert not data["same"]

    def test_another_policy(self, bundle: Path, place: Path, guardlint: Callable) -> None:
        """Its rails, its words, its steps."""
        policy = place / "central/policies/harbour-bank/policy.yml"
        edit(policy, "version: 1.0.0", "version: 1.1.0")
        edit(policy, "I'm sorry", "We are sorry")
        edit(policy, "\nmodels:", "\nrails:\n  output:\n    - rail: no-personal-advice@1\n      reason: x y\n"
             '      controls: ["LLM09:2025"]\n\nmodels:')  # fmt: skip
        self.compiled(guardlint)
        ran = guardlint("diff", bundle, "new.glbundle", "--trust", "one.pub")
        for line in (
            "policy\n  ~ harbour-bank: 1.0.0",
            "company rails\n  + no-personal-advice (output): after self-check (output)",
            "plan\n  ~ refusal: I'm sorry",
            "company rails on output\n  + self check output $variant=personal_advice: after self check",
            "company prompts\n  + ",
        ):
            assert line in ran.out, f"{line}\n---\n{ran.out}"

    def test_a_bundle_that_nobody_can_read(self, bundle: Path, place: Path, guardlint: Callable) -> None:
        """Two, since one says that something else will run."""
        (place / "cut.glbundle").write_bytes(bundle.read_bytes()[:-1])
        for options in (("--trust", "one.pub"), ("--unverified",), ("--trust", "two.pub")):
            assert 2 == guardlint("diff", bundle, "cut.glbundle", *options).code
