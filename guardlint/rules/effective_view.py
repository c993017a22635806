"""An effective configuration as policies look at it (``guardlint.policy.view.EffectiveView``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from guardlint.nemo.catalogue import DIRECTIONS, snake_case
from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference, normalise_flow
from guardlint.policy.rails import prompt_digest
from guardlint.policy.reviews import code_digest
from guardlint.policy.view import Named, PromptText, Protection, Receiver, Violation
from guardlint.rules.text_receivers import endpoints_of, models_of, protections_of, receivers_of
from guardlint.source.files import shown_path
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

if TYPE_CHECKING:
    from guardlint.nemo.spending import Price, Spending
    from guardlint.nemo.tokens import Traffic

__all__ = ["ConfigurationView", "place_of"]


class ConfigurationView:
    """Read-only view of one configuration; what many requirements ask for is worked out once."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._flows: dict[str, tuple[str, ...]] = {}
        self._receivers: dict[str, tuple[Receiver, ...]] = {}

    @property
    def nemo(self) -> str:
        """The release of NeMo's series that the configuration is for."""
        return self._configuration.catalogue.nemo

    @cached_property
    def files(self) -> Sequence[str]:
        """Relative paths of the files, hidden or not: NeMo runs config.py whatever .railsignore says."""
        return [file.relative for file in self._configuration.files]

    @cached_property
    def code(self) -> Mapping[str, str]:
        """The digests of the Python files; one that cannot be read has none."""
        found = {}
        for file in self._configuration.files:
            if file.relative.endswith(".py"):
                try:
                    found[file.relative] = code_digest(file.path.read_bytes())
                except OSError:
                    continue
        return found

    @cached_property
    def engines(self) -> Sequence[str]:
        """The engine of every model that names one."""
        return [str(model["engine"]) for model in self._configuration.models if "engine" in model]

    @cached_property
    def models(self) -> Sequence[Named]:
        """Every model that names its engine, as ``engine/model``."""
        return models_of(self._configuration)

    @cached_property
    def endpoints(self) -> Sequence[Named]:
        """The hosts that are written, and NeMo's own for an engine where a model names none."""
        return endpoints_of(self._configuration)

    @cached_property
    def actions(self) -> Sequence[str]:
        """Names of the actions that the configuration's Python defines."""
        return [action.name for action in self._configuration.actions if action.name is not None]

    @cached_property
    def prompts(self) -> Sequence[PromptText]:
        """The prompts of the configuration's own files."""
        return [
            PromptText(prompt.task, prompt_digest(prompt.data), prompt.path)
            for prompt in self._configuration.prompts
        ]

    def value(self, path: tuple[str | int, ...]) -> object | None:
        """The value at ``path``, or NeMo's default."""
        found: object | None = self._configuration.effective(path)
        return found

    def rail_flows(self, direction: str) -> Sequence[str]:
        """The rails that are listed, exist, and are not replaced by a flow that does not do their work; and
        those that a listed flow of the team's runs, behind it.

        On dialog: the team's flows that start by themselves, which those of Colang 1.0 do unless they are
        subflows.
        """
        if direction not in self._flows:
            found = self._running(direction) if direction in DIRECTIONS else self._dialog()
            self._flows[direction] = tuple(dict.fromkeys(found))
        return self._flows[direction]

    def receivers(self, text: str) -> Sequence[Receiver]:
        """Who reads the text of a direction."""
        if text not in self._receivers:
            self._receivers[text] = receivers_of(self._configuration, text)
        return self._receivers[text]

    def protections(self, direction: str) -> Sequence[Protection]:
        """NeMo's rails that look for personal data in a direction."""
        return protections_of(self._configuration, direction)

    def spending(self, traffic: Traffic, prices: tuple[Price, ...]) -> Spending:
        """Worked out once for each profile."""
        from guardlint.nemo.spending import spending

        return spending(self._configuration, traffic, prices)

    def _running(self, direction: str) -> Iterator[str]:
        for rail in self._configuration.rails(direction):
            if self._works(rail):
                yield rail.flow
                yield from self._within(rail.flow, direction, ())
        if self._configuration.generation == "2.x" and direction in ("input", "output"):
            yield from self._within(f"{direction} rails", direction, ())

    def _within(self, name: str, direction: str, above: tuple[str, ...]) -> Iterator[str]:
        """The library's rails that a flow of the team's runs, by their flow or their action."""
        own = self._configuration.flows.get(name)
        for call in own.calls() if own is not None and name not in above else ():
            called = normalise_flow(call.name)
            action = snake_case(called)
            for surface in self._configuration.catalogue.data["surfaces"]:
                if surface["direction"] == direction and (
                    surface["flow"] == called
                    or (surface["action"] == action and called not in self._configuration.flows)
                ):
                    yield str(surface["flow"])
                    break
            yield from self._within(called, direction, (*above, name))

    def _dialog(self) -> list[str]:
        if self._configuration.generation != "1.0":
            return []
        listed = {rail.flow for rail in self._configuration.all_rails()}
        return [
            name
            for name, flow in self._configuration.flows.items()
            if "subflow" not in flow.modifiers and name not in listed
        ]

    def _works(self, rail: RailReference) -> bool:
        own = self._configuration.flows.get(rail.flow)
        if own is None:
            return rail.surface is not None
        if rail.surface is None:
            return True
        return any(
            call.kind in ("execute", "await") and call.name == rail.surface["action"] for call in own.calls()
        )


def place_of(configuration: Configuration, violation: Violation) -> Place:
    """Where to point: the exact place, the file, or the value; a rail stands in its list by name."""
    if violation.place is not None:
        return violation.place
    if violation.file is not None:
        shown = next((item.path for item in configuration.files if item.relative == violation.file), None)
        return Place.at(shown_path(shown) if shown is not None else violation.file)
    path = violation.path or ()
    return configuration.place(_indexed(configuration, path), key=bool(path) and isinstance(path[-1], str))


def _indexed(configuration: Configuration, path: DataPath) -> DataPath:
    if len(path) == 4 and path[0] == "rails" and path[2] == "flows" and isinstance(path[3], str):
        for rail in configuration.rails(str(path[1])):
            if rail.flow == path[3]:
                return rail.path
    return path
