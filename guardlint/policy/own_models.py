"""The models that a rail on ``guardlint.pii`` reads texts with, beside the small English one."""

from __future__ import annotations

from typing import Any

from guardlint.policy.documents import Document
from guardlint.source.record import record

__all__ = ["NamedModel", "read_models"]


@record
class NamedModel:
    """An installed spaCy model for the texts of one language, held to the digest ``sha256``.

    ``labels`` are those of the model that are none of spaCy's usual ones, with their entities.
    """

    language: str
    package: str
    sha256: str
    labels: tuple[tuple[str, str], ...]

    def step(self) -> dict[str, Any]:
        """As ``plan.yml`` carries it."""
        step: dict[str, Any] = {"language": self.language, "package": self.package, "sha256": self.sha256}
        return {**step, "labels": dict(self.labels)} if self.labels else step


def read_models(document: Document) -> tuple[NamedModel, ...]:
    """The models of a rail.  Raises ConfigError for two of one language, or where they have no meaning."""
    if "models" in document.data and document.data["runs"] != "pii":
        raise document.error("'models' has no meaning for a rail that runs in NeMo", "models", key=True)
    models: list[NamedModel] = []
    for index, entry in enumerate(document.data.get("models", ())):
        if any(model.language == entry["language"] for model in models):
            raise document.error(
                f"a second model for texts in {entry['language']!r}",
                *("models", index, "language"),
                help="name one model for each language",
            )
        labels = tuple(sorted(entry.get("labels", {}).items()))
        models.append(NamedModel(entry["language"], entry["package"], entry["sha256"], labels))
    return tuple(models)
