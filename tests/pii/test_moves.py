"""The walk over the tokens in large sums: as spaCy's for networks of every kind, or left to spaCy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import spacy
from thinc.api import NumpyOps

from guardlint.pii.model import Model
from guardlint.pii.moves import ONE_CORE, Moves

TEXTS = [
    "Anna met Peter Miller of Example Ltd. in London, on a Monday.",
    "one",
    "two words",
    " \n a  b \t c \n",
    "a b c d e f g h i j k l m n o p",
    "\u00e9\u00e8 \u65e5\u672c\u8a9e 4111-1111 anna@example.com ...",
]


def network(seed: int | None, labels: str = "PERSON GPE ORG", **model: Any) -> Any:
    """A recogniser that was taught nothing; without a seed all its moves are worth the same."""
    spacy.util.fix_random_seed(seed or 0)
    nlp = spacy.blank("en")
    spec = {"@architectures": "spacy.TransitionBasedParser.v2", "state_type": "ner"}
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 16,
        "depth": 1,
        "embed_size": 50,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
        "pretrained_vectors": None,
    }
    known = {"hidden_width": 8, "maxout_pieces": 2, "use_upper": True, "extra_state_tokens": False}
    ner = nlp.add_pipe("ner", config={"model": {**spec, **known, **model, "tok2vec": tok2vec}})
    for label in labels.split():
        ner.add_label(label)
    nlp.initialize()
    if seed is not None:
        upper = ner.model.layers[2]
        shape = upper.get_param("W").shape
        upper.set_param("W", np.random.default_rng(seed).normal(size=shape).astype("float32"))
    return nlp


def by_spacy(nlp: Any) -> list[list[tuple[int, int, str]]]:
    return [[(one.start_char, one.end_char, one.label_) for one in nlp(text).ents] for text in TEXTS]


@pytest.mark.parametrize("pieces", [2, 3])
@pytest.mark.parametrize("seed", [None, *range(12)])
def test_the_entities_of_any_network(seed: int | None, pieces: int) -> None:
    """Networks that open and close entities at random, and one for which every move is as good."""
    nlp = network(seed, maxout_pieces=pieces)
    moves = Moves.of(nlp)
    assert moves is not None
    wanted = by_spacy(nlp)
    assert moves.entities([nlp.make_doc(text) for text in TEXTS]) == wanted
    assert [moves.entities([nlp.make_doc(text)])[0] for text in TEXTS] == wanted


def test_random_networks_name_something() -> None:
    """Else the comparison would show nothing."""
    named = [entity for seed in range(12) for entities in by_spacy(network(seed)) for entity in entities]
    assert len(named) > 50
    assert sum(end - first > 20 for first, end, _ in named) > 5  # of several words


@pytest.mark.parametrize("model", [{"extra_state_tokens": True}, {"maxout_pieces": 1}])
def test_other_networks_are_left_to_spacy(model: dict[str, Any]) -> None:
    """What looks at more than three tokens, or has another activation."""
    nlp = network(3, **model)
    assert Moves.of(nlp) is None
    labels = {"PERSON": "PERSON", "GPE": "LOCATION", "ORG": "ORGANIZATION"}
    wanted = [[(first, end, labels[label]) for first, end, label in found] for found in by_spacy(nlp)]
    assert Model(nlp, labels).entities_of(TEXTS) == wanted


def test_pipelines_of_other_parts_are_left_to_spacy() -> None:
    """A list of patterns may be called ``ner``; a part before or after it may change what is found."""
    ruled = spacy.blank("en")
    ruled.add_pipe("entity_ruler", name="ner")
    two = network(1)
    two.add_pipe("sentencizer", first=True)
    assert [Moves.of(nlp) for nlp in (ruled, two, spacy.blank("en"))] == [None] * 3


def test_the_faster_library_where_it_keeps_to_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the host's process spaCy's own is left; both find the same."""
    for value, blis in (("", True), ("1", False), ("4", True)):
        monkeypatch.setenv(ONE_CORE, value)
        nlp = network(5)
        wanted = by_spacy(nlp)
        moves = Moves.of(nlp)
        assert moves is not None
        assert moves.entities([nlp.make_doc(text) for text in TEXTS]) == wanted
        kinds = {node.ops.use_blis for node in nlp.get_pipe("ner").model.walk() if type(node.ops) is NumpyOps}
        assert kinds == {blis}
