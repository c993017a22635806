"""Approved rails: a folder of ``rails/`` with its manifest, prompts and Colang, read and digested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from guardlint.errors import ConfigError
from guardlint.policy.digest import digest_of
from guardlint.policy.documents import Document, read_document
from guardlint.policy.filling import named_settings
from guardlint.policy.model import Direction
from guardlint.policy.own_models import NamedModel, read_models
from guardlint.policy.pii_settings import check_pii_settings, wrong_scores
from guardlint.policy.prompts import Prompt, prompt_digest, read_prompts
from guardlint.policy.recognizers import Recognizer, read_allow_list, read_recognizers
from guardlint.policy.slow_patterns import check_rail_patterns
from guardlint.source.names import closest
from guardlint.source.record import record

__all__ = ["Prompt", "Rail", "RailSetting", "RailSide", "load_rail", "prompt_digest"]


@record
class RailSide:
    """What a rail does in one direction. ``sends`` are pairs of text and receiver.

    ``without_evidence`` names the setting that says what becomes of a reply for which no passages were
    handed over: the flows hold it against retrieved passages. None: they need none.
    """

    flows: tuple[str, ...]
    models: tuple[str, ...]
    prompts: tuple[str, ...]
    config: Mapping[str, Any]
    sends: tuple[tuple[str, str], ...]
    llm_calls: int
    without_evidence: str | None = None


@record
class RailSetting:
    """What a policy may choose, and with ``team`` a team within that.

    ``values`` None: anything of the default's type; ``minimum`` and ``maximum`` are of numbers.
    """

    description: str
    default: Any
    many: bool
    values: tuple[Any, ...] | None
    tighter: Literal["superset", "subset", "higher", "lower", "fixed"]
    team: bool = False
    minimum: float | None = None
    maximum: float | None = None

    @property
    def by_entity(self) -> bool:
        """Whether it is a mapping of entities to scores."""
        return self.tighter == "lower" and isinstance(self.default, dict)

    def beyond(self, value: object) -> str | None:
        """How a number leaves the bounds, or None."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if self.minimum is not None and value < self.minimum:
            return f"is below {self.minimum:g}"
        return f"is above {self.maximum:g}" if self.maximum is not None and value > self.maximum else None


@record
class Rail:
    """An approved rail. ``files`` are those that decide what it does (no README, no tests).

    ``check`` is what a native rail asks; ``before`` are rails that it runs ahead of, whatever order a policy
    writes; ``engines`` those of NeMo's on which its cases are tried.
    """

    id: str
    version: str
    title: str
    owner: str
    description: str
    runs: Literal["nemo", "pii", "native", "tools"]
    controls: tuple[str, ...]
    directions: Mapping[Direction, RailSide]
    settings: Mapping[str, RailSetting]
    prompts: tuple[Prompt, ...]
    files: Mapping[str, bytes]
    digest: str
    folder: Path
    recognizers: tuple[Recognizer, ...] = ()
    allow_list: tuple[str, ...] = ()
    models: tuple[NamedModel, ...] = ()
    check: str | None = None
    before: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``id@version``."""
        return f"{self.id}@{self.version}"

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.split(".", 1)[0])

    def mistake(self, name: str, value: object) -> tuple[str, str | None] | None:
        """Message and help when a setting may not have this value, else None."""
        setting = self.settings.get(name)
        if setting is None:
            near = closest(name, self.settings)
            known = ", ".join(sorted(self.settings)) or "none"
            return f"the rail {self.label} has no setting '{name}'", (
                f"did you mean '{near}'?" if near else f"its settings: {known}"
            )
        if value == setting.default:
            return None
        if setting.by_entity:
            entities = self.settings["entities"].values
            wrong_score = wrong_scores(value, entities, setting.minimum, setting.maximum)
            if wrong_score is None:
                return None
            return f"'{name}' of {self.label} {wrong_score[0]}", wrong_score[1] or setting.description
        beyond = setting.beyond(value)
        if beyond is not None:
            return f"'{name}' of {self.label} {beyond}", setting.description
        if setting.many:
            if not isinstance(value, list) or (not value and setting.tighter != "subset"):
                return f"'{name}' takes a list of values", setting.description
            wrong = [item for item in value if setting.values is not None and item not in setting.values]
        elif setting.values is not None:
            wrong = [] if value in setting.values else [value]
        else:
            wrong = [] if type(value) is type(setting.default) else [value]
        if not wrong:
            return None
        allowed = [str(item) for item in setting.values or ()]
        near = closest(str(wrong[0]), allowed) or _holding(str(wrong[0]), allowed)
        hint = f"did you mean '{near}'?" if near else setting.description
        return f"'{wrong[0]}' is not a value of '{name}' in {self.label}", hint


def _holding(word: str, names: Sequence[str]) -> str | None:
    """EMAIL is meant for EMAIL_ADDRESS and SSN for US_SSN, which no comparison of letters says."""
    return next((name for name in names if word.upper() in name.split("_")), None)


def load_rail(folder: Path) -> Rail:
    """Read ``rails/<id>``. Raises ConfigError naming file, line and column of what is wrong."""
    document = read_document(folder / "rail.yml", "rail")
    data = document.data
    if data["id"] != folder.name:
        raise document.error(f"the id is not the folder's name '{folder.name}'", "id")
    _check_settings(document)
    check_pii_settings(document)
    check_rail_patterns(document)
    prompts = read_prompts(folder)
    directions = {
        cast("Direction", direction): _side(document, direction, data["runs"], prompts)
        for direction in data["directions"]
    }
    files = _files(folder)
    return Rail(
        id=data["id"],
        version=data["version"],
        title=data["title"],
        owner=data["owner"],
        description=data["description"],
        runs=data["runs"],
        controls=tuple(data["controls"]),
        directions=directions,
        settings={name: _setting(document, name) for name in data.get("settings", {})},
        prompts=prompts,
        files=files,
        digest=digest_of(files),
        folder=folder,
        recognizers=read_recognizers(document),
        allow_list=read_allow_list(document),
        models=read_models(document),
        check=data.get("check"),
        before=_before(document),
        engines=tuple(data.get("engines", ("iorails", "llmrails") if data["runs"] == "nemo" else ())),
    )


def _side(document: Document, direction: str, runs: str, prompts: tuple[Prompt, ...]) -> RailSide:
    entry = document.data["directions"][direction]
    if runs == "nemo" and "flows" not in entry:
        raise document.error("a rail that runs in NeMo names its flows", "directions", direction, key=True)
    for key in ("flows", "models", "prompts", "config", "evidence"):
        if runs != "nemo" and key in entry:
            raise document.error(
                f"'{key}' has no meaning for a rail that runs in '{runs}'",
                "directions",
                direction,
                key,
                key=True,
            )
    for index, name in enumerate(entry.get("prompts", ())):
        if name not in {prompt.id for prompt in prompts}:
            near = closest(name, [prompt.id for prompt in prompts])
            raise document.error(
                f"prompts.yml has no prompt '{name}'",
                "directions",
                direction,
                "prompts",
                index,
                help=f"did you mean '{near}'?" if near else None,
            )
    return RailSide(
        flows=tuple(entry.get("flows", ())),
        models=tuple(entry.get("models", ())),
        prompts=tuple(entry.get("prompts", ())),
        config=dict(entry.get("config", {})),
        sends=tuple((sent["text"], sent["to"]) for sent in entry["sends"]),
        llm_calls=entry["llm_calls"],
        without_evidence=entry.get("evidence", {}).get("without", {}).get("setting"),
    )


def _before(document: Document) -> tuple[str, ...]:
    """Only a rail that sends nothing may go ahead of others: what they hide, it would send."""
    data = document.data
    sends = any(side["sends"] for side in data["directions"].values())
    if "before" in data and (data["runs"] == "nemo" or sends):
        raise document.error("only a native rail that sends nothing runs before others", "before", key=True)
    return tuple(data.get("before", ()))


def _check_settings(document: Document) -> None:
    """A setting of a rail that runs in NeMo takes effect where ``{setting: NAME}`` stands in its config."""
    data = document.data
    settings, used = data.get("settings", {}), set()
    if (data["runs"] == "native") != ("check" in data):
        raise document.error("'check' names what a rail asks that runs in 'native'", "runs", key=True)
    for direction, side in data["directions"].items():
        for name in named_settings([side.get("config", {}), side.get("evidence", {})]):
            if name not in settings:
                near = closest(name, settings)
                raise document.error(
                    f"there is no setting '{name}'",
                    "directions",
                    direction,
                    "config",
                    help=f"did you mean '{near}'?" if near else None,
                )
            used.add(name)
    for name in settings:
        if data["runs"] == "nemo" and name not in used:
            what = f"'{{setting: {name}}}' stands nowhere in a config, so that the setting does nothing"
            raise document.error(what, "settings", name, key=True)


def _setting(document: Document, name: str) -> RailSetting:
    entry: Mapping[str, Any] = document.data["settings"][name]
    if "team" in entry and entry["tighter"] == "fixed":
        raise document.error(
            "a setting that is fixed is nobody's to choose", "settings", name, "team", key=True
        )
    values = entry.get("values")
    return RailSetting(
        description=entry["description"],
        default=entry["default"],
        many=entry.get("list", False),
        values=tuple(values) if values is not None else None,
        tighter=entry["tighter"],
        team=entry.get("team", False),
        minimum=entry.get("minimum"),
        maximum=entry.get("maximum"),
    )


def _files(folder: Path) -> dict[str, bytes]:
    names = sorted(
        path for path in folder.iterdir() if path.name in ("rail.yml", "prompts.yml") or path.suffix == ".co"
    )
    try:
        # Line ends are made one, so that a Windows checkout of the same rail has the same digest.
        return {path.name: path.read_bytes().replace(b"\r\n", b"\n") for path in names}
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror or error}", place=str(folder)) from None
