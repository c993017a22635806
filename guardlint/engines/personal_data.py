"""NeMo's own rails for personal data, with the model that is installed and without the network.

They ask spaCy for a package named ``en_core_web_lg``, which no package index has, and raise at the first
request without it (``library/sensitive_data_detection/actions.py``, ``_get_analyzer``). Where it is missing
they get the small model that guardlint verifies, by path. Presidio's e-mail recogniser looks up the list of
public suffixes over the network at the first address it meets; here it uses the copy that tldextract ships,
and keeps none of its own: a worker may not write where tldextract would.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final

__all__ = ["serve_offline"]

_NAMED: Final = "en_core_web_lg"


def serve_offline() -> None:
    """Prepare this process; does nothing without Presidio. Idempotent."""
    if find_spec("presidio_analyzer") is None:
        return
    import tldextract

    vars(tldextract)["extract"] = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    if find_spec(_NAMED) is not None:
        return
    from nemoguardrails.library.sensitive_data_detection import actions

    actions._get_analyzer = _small_analyzer  # noqa: SLF001  NeMo has no other door


@lru_cache
def _small_analyzer(score_threshold: float = 0.4) -> Any:
    """What NeMo's ``_get_analyzer`` returns, on the verified small model.

    Raises ModelError when that is missing or changed: the rail fails, and the guard blocks.
    """
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    from guardlint.pii.model import known_model, locate, verify

    if not 0.0 <= score_threshold <= 1.0:
        raise ValueError("score_threshold must be between 0 and 1")
    folder = locate(known_model())
    verify(folder, known_model())
    provider = NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": str(folder)}],
        }
    )
    return AnalyzerEngine(nlp_engine=provider.create_engine(), default_score_threshold=score_threshold)
