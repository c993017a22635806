"""The public face: detect and mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guardlint.errors import RuntimeUnavailable, UsageError
from guardlint.pii.acting import Pseudonyms, Transformer
from guardlint.pii.profiles import Profile, profile_named
from guardlint.pii.span import Span

if TYPE_CHECKING:
    from guardlint.pii.engine import Engine

__all__ = ["Detector"]


class Detector:
    """Finds personal data and secrets in text; cheap to make, safe to share between threads.

    ``profile``: ``default``, ``structured`` (no statistical model), ``everything``, or a Profile.
    ``model``: the model's folder, when it is not the installed package.
    ``strict``: refuse to work without the verified model instead of falling back to rules; checked at once.

    Raises ConfigError for an unknown profile; RuntimeUnavailable when the ``runtime`` extra is missing (at
    the first text, or at once when strict).
    """

    def __init__(
        self, profile: str | Profile = "default", *, model: Path | str | None = None, strict: bool = False
    ) -> None:
        self.profile = profile_named(profile)
        self._model_path = Path(model) if model is not None else None
        if strict and self.degraded:
            raise RuntimeUnavailable(
                f"strict mode refuses to look for personal data without its model: {self.degraded}",
                help='pip install --force-reinstall "guardlint[runtime]"',
            )

    @property
    def degraded(self) -> str | None:
        """Why the statistical model is not in use although the profile wants it; None when all is well.

        Loads the engine when no text has been seen yet.
        """
        return self._engine.degraded

    def detect(self, text: str, language: str | None = None) -> list[Span]:
        """Personal data in ``text``, ordered, never overlapping, as character offsets into ``text``.

        ``language`` is a language tag, by default the profile's (``en``).
        The model reads English only; for every other language, and for German and French text that is
        declared English, the rules work alone.
        """
        _check(text)
        return self._engine.scan(text, language or self.profile.language)

    def detect_all(self, texts: Sequence[str], language: str | None = None) -> list[list[Span]]:
        """:meth:`detect` for several texts at once; the model reads them together, which is cheaper."""
        for text in texts:
            _check(text)
        return self._engine.scan_all(texts, language or self.profile.language)

    def mask(self, text: str, language: str | None = None) -> str:
        """``text`` with each finding replaced by its entity's name, such as ``<PERSON>``."""
        return self.mask_spans(text, language)[0]

    def mask_spans(self, text: str, language: str | None = None) -> tuple[str, list[Span]]:
        """The masked text, and what was masked (offsets into the text given)."""
        spans = self.detect(text, language)
        return _MASKING.apply(text, spans, Pseudonyms()), spans

    @property
    def _engine(self) -> Engine:
        from guardlint.pii.engine import engine_for

        return engine_for(self.profile, self._model_path)


def _check(text: object) -> None:
    if not isinstance(text, str):
        raise UsageError(f"only text can be searched for personal data, not {type(text).__name__}")


_MASKING = Transformer()
