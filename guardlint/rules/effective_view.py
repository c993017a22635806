"""An effective configuration as policies look at it (``guardlint.policy.evaluate.EffectiveView``)."""

from __future__ import annotations

from collections.abc import Sequence

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.references import RailReference
from guardlint.source.place import Place
from guardlint.source.yaml_file import DataPath

__all__ = ["ConfigurationView", "place_of"]


class ConfigurationView:
    """Read-only view of one configuration."""

    __slots__ = ("_configuration",)

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    @property
    def files(self) -> Sequence[str]:
        """Relative paths of the files, hidden or not: NeMo runs config.py whatever .railsignore says."""
        return [file.relative for file in self._configuration.files]

    @property
    def engines(self) -> Sequence[str]:
        """The engine of every model that names one."""
        return [str(model["engine"]) for model in self._configuration.models if "engine" in model]

    @property
    def actions(self) -> Sequence[str]:
        """Names of the actions that the configuration's Python defines."""
        return [action.name for action in self._configuration.actions if action.name is not None]

    def value(self, path: tuple[str | int, ...]) -> object | None:
        """The value at ``path``, or NeMo's default."""
        found: object | None = self._configuration.effective(path)
        return found

    def rail_flows(self, direction: str) -> Sequence[str]:
        """The rails that are listed, exist, and are not replaced by a flow that does not do their work."""
        return [rail.flow for rail in self._configuration.rails(direction) if self._works(rail)]

    def _works(self, rail: RailReference) -> bool:
        own = self._configuration.flows.get(rail.flow)
        if own is None:
            return rail.surface is not None
        if rail.surface is None:
            return True
        return any(
            call.kind in ("execute", "await") and call.name == rail.surface["action"] for call in own.calls()
        )


def place_of(configuration: Configuration, path: DataPath | None, file: str | None) -> Place:
    """Where to point: the file, or the value; a rail stands in its list by name."""
    if file is not None:
        shown = next((item.path for item in configuration.files if item.relative == file), None)
        from guardlint.source.files import shown_path

        return Place.at(shown_path(shown) if shown is not None else file)
    assert path is not None
    return configuration.place(_indexed(configuration, path), key=isinstance(path[-1], str))


def _indexed(configuration: Configuration, path: DataPath) -> DataPath:
    if len(path) == 4 and path[0] == "rails" and path[2] == "flows" and isinstance(path[3], str):
        for rail in configuration.rails(str(path[1])):
            if rail.flow == path[3]:
                return rail.path
    return path
