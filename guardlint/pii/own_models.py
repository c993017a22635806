"""The models of a profile: the small English one, and those that a company named, by language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from guardlint.pii.model import Model, ModelError, load_model
from guardlint.pii.model_labels import LABELS
from guardlint.pii.model_spec import ModelSpec, digest_of, folder_of

__all__ = ["load_models", "load_own"]

_OTHER_TASKS: Final = ("tagger", "parser", "attribute_ruler", "lemmatizer", "senter", "morphologizer")


def load_models(specs: Sequence[ModelSpec], path: Path | None) -> tuple[dict[str, Model], list[str]]:
    """Models by language, and why one that is wanted is not among them.

    ``path`` is the folder of the small English model, where it is not the installed package.
    """
    models: dict[str, Model] = {}
    missing: list[str] = []
    for spec in specs:
        try:
            models[spec.language] = load_own(spec)
        except ModelError as problem:
            missing.append(str(problem))
    if all(spec.language != "en" for spec in specs):
        try:
            models["en"] = load_model(path)
        except ModelError as problem:
            missing.append(str(problem))
    return models, missing


def load_own(spec: ModelSpec) -> Model:
    """The model that ``spec`` names.  Raises ModelError when it is not installed, or is another one."""
    folder = folder_of(spec.package)
    if folder is None:
        raise ModelError(f"the model package {spec.package} is not installed")
    try:
        found = digest_of(folder)
    except OSError as error:
        raise ModelError(f"the model {spec.package} cannot be read ({error.strerror})") from None
    if found != spec.sha256:
        raise ModelError(f"the model {spec.package} is not the approved one (SHA-256 differs)")
    import spacy

    try:
        config = spacy.util.load_config(folder / "config.cfg")
        nlp = spacy.load(folder, exclude=list(_unused(config)))
    except Exception as error:  # noqa: BLE001 - a model names functions of packages that may be missing
        raise ModelError(
            f"spaCy {spacy.__version__} cannot load the model {spec.package} ({type(error).__name__})"
        ) from None
    return Model(nlp, {**LABELS, **dict(spec.labels)})


def _unused(config: Any) -> list[str]:
    """The parts of a pipeline that find no entities and feed none that does."""
    parts = config.get("components", {})
    shared = any(
        "Listener" in str(part.get("model", {}).get("tok2vec", {}).get("@architectures", ""))
        for name, part in parts.items()
        if name not in _OTHER_TASKS and isinstance(part.get("model"), dict)
    )
    return [name for name in parts if name in _OTHER_TASKS or (name == "tok2vec" and not shared)]
