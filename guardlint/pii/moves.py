"""Named entities from the model's own numbers, in few large sums where spaCy takes one for each token.

spaCy's recogniser walks over the tokens and asks the network for every step: which of the moves begin, in,
last, unit and out comes next. Between two entities its state is the next token alone, so all those scores
are one product; only within an entity the steps depend on each other.
The weights, the features and the rules for moves are spaCy's (``spacy/pipeline/_parser_internals/ner.pyx``),
and so are the entities; ``tests/pii/test_same_findings.py`` compares them text by text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ONE_CORE", "Moves"]

ONE_CORE = "OPENBLAS_NUM_THREADS"
"""The environment's word to numpy's library; it is read when numpy is first imported."""

_FEATURES = 3
"""The next token, the first of the open entity, the one before: what ``extra_state_tokens = false`` says."""


class Moves:
    """The recogniser of one pipeline; safe to call from several threads."""

    def __init__(self, ner: Any) -> None:
        import numpy as np

        _take_the_faster_library(ner.model)
        self._tokens, self._lower, upper = ner.model.layers
        self._weights, self._bias = upper.get_param("W"), upper.get_param("b")
        names = _names(ner)
        kinds, _, labels = zip(*(name.partition("-") for name in names), strict=True)
        self._kinds, self._labels = kinds, labels
        named = np.array([bool(label) for label in labels])
        begins, units = np.array([kind == "B" for kind in kinds]), np.array([kind == "U" for kind in kinds])
        self._out = kinds.index("O")
        self._outside = begins & named | units & named | (np.arange(len(kinds)) == self._out)
        self._at_the_end = self._outside & ~begins
        self._within = {
            label: tuple(names.index(f"{kind}-{label}") for kind in "IL") for label in set(labels) if label
        }

    @classmethod
    def of(cls, nlp: Any) -> Moves | None:
        """The recogniser of ``nlp``, None when the pipeline is built otherwise and spaCy itself must read."""
        if nlp.pipe_names != ["ner"] or nlp.get_pipe_meta("ner").factory != "ner":
            return None
        ner = nlp.get_pipe("ner")
        model, moves = ner.model, set(_names(ner))
        labels = {name.partition("-")[2] for name in moves} - {""}
        known = (
            model.name == "parser_model"
            and model.ops.device_type == "cpu"
            and model.attrs.get("has_upper") is True
            and not model.attrs.get("unseen_classes")
            and ner.cfg.get("beam_width") == 1
            and (model.layers[1].name, model.layers[2].name) == ("precomputable_affine", "linear")
            and model.layers[1].get_dim("nF") == _FEATURES
            and model.layers[1].get_dim("nP") > 1  # else the activation is another
            and moves - {"U-"} == {f"{kind}-{label}" for kind in "BILU" for label in labels} | {"O"}
        )
        return cls(ner) if known else None

    def entities(self, docs: Sequence[Any]) -> list[list[tuple[int, int, str]]]:
        """(start, end, the model's label) of each entity, in characters of its document.

        ``docs``: tokenised, without annotations, none of them empty.
        """
        import numpy as np

        cached = self._lower.predict(self._tokens.predict(docs))
        padding, cached = cached[0], cached[1:]
        # The order of these sums is spaCy's, so that they come out the same to the last bit.
        scores = self._scores(cached[:, 0] + padding[1] + padding[2], self._weights, self._bias)
        scores[:, ~self._outside] = -np.inf
        ends = np.cumsum([len(doc) for doc in docs])
        scores[np.ix_(ends - 1, ~self._at_the_end)] = -np.inf
        best = scores.argmax(axis=1)
        found = []
        for doc, end in zip(docs, ends.tolist(), strict=True):
            first = end - len(doc)
            walk = self._walk(doc, cached[first:end], best[first:end])
            found.append([(doc[a].idx, doc[b - 1].idx + len(doc[b - 1]), label) for a, b, label in walk])
        return found

    def _scores(self, summed: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any]) -> NDArray[Any]:
        hidden = (summed + self._lower.get_param("b")).max(axis=-1)
        scores: NDArray[Any] = self._lower.ops.gemm(hidden, weights, trans2=True) + bias
        return scores

    def _walk(self, doc: Any, cached: NDArray[Any], best: NDArray[Any]) -> Iterator[tuple[int, int, str]]:
        """(first token, token behind the last, label) of each entity."""
        free = 0
        for first in (best != self._out).nonzero()[0].tolist():
            if first < free or doc[first].is_space:
                continue
            free, move = first + 1, int(best[first])
            if self._kinds[move] == "B":
                free = self._last(cached, first, self._labels[move]) + 1
            yield first, free, self._labels[move]

    def _last(self, cached: NDArray[Any], first: int, label: str) -> int:
        """The last token of an entity that begins at ``first``."""
        goes_on, ends = self._within[label]
        weights, bias = self._weights[[goes_on, ends]], self._bias[[goes_on, ends]]
        for token in range(first + 1, len(cached) - 1):
            summed = cached[token, 0] + cached[first, 1] + cached[token - 1, 2]
            inner, last = self._scores(summed[None], weights, bias)[0]
            # spaCy takes the first of equal moves.
            if last > inner or (last == inner and ends < goes_on):
                return token
        return len(cached) - 1


def _take_the_faster_library(model: Any) -> None:
    """Multiply with numpy's library where it may be used.

    spaCy's own is built for any processor and takes three times as long; numpy's takes every core that it
    can get for that, so it is only used in a process that keeps it to one, as ours do (``guard.detecting``).
    """
    from thinc.api import NumpyOps

    if os.environ.get(ONE_CORE) != "1":
        return
    for node in model.walk():
        if type(node.ops) is NumpyOps:
            node.ops = NumpyOps(use_blis=False)


def _names(ner: Any) -> list[str]:
    """``B-PERSON`` and so on, as the network counts them, and ``U-``, which no text brings about."""
    return [ner.moves.get_class_name(number) for number in range(ner.moves.n_moves)]
