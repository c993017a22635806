"""Entries of a rail list are read as NeMo reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.harness.scripted import telemetry_off
from guardlint.nemo.catalogue import load_catalogue
from guardlint.nemo.references import normalise_flow, parameters_of

telemetry_off()

ENTRIES = [
    "self check input",
    "  self check input ",
    "content safety check input $model=shield",
    "content safety check input $model='shield'",
    'content safety check input $model="my shield"',
    "self check input $variant=strict",
    'guardrailsai check input $validator="toxic"',
    "check(text=$user_message)",
    "check ($model=x)",
    "a $b=c $d=e",
    "prüfe Eingabe $modell=x",
]


@pytest.mark.parametrize("text", ENTRIES)
def test_names_are_nemos(text: str) -> None:
    """NeMo's load check strips, then cuts at ``(`` or ``$``."""
    from nemoguardrails.rails.llm.config import _normalize_flow_id

    assert _normalize_flow_id(text) == normalise_flow(text)


@settings(max_examples=300, deadline=None)
@given(st.text("ab c($=)'\"", max_size=25))
def test_names_are_nemos_for_any_text(text: str) -> None:
    """The same, for texts that nobody would write."""
    from nemoguardrails.rails.llm.config import _normalize_flow_id

    assert _normalize_flow_id(text) == normalise_flow(text)


@pytest.mark.parametrize("text", [entry for entry in ENTRIES if "(" not in entry and "ü" not in entry])
def test_parameters_are_nemos(text: str) -> None:
    """Values come without their quotes."""
    from nemoguardrails.manifests import parse_configured_surface

    name, parameters = parse_configured_surface(text)
    assert (name, dict(parameters)) == (normalise_flow(text), parameters_of(text))


def test_the_library_knows_each_surface_by_its_reference() -> None:
    """Every rail of the catalogue is found under the name that a list would hold."""
    catalogue = load_catalogue()
    for surface in catalogue.data["surfaces"]:
        text = surface["flow"] + "".join(f" ${parameter['name']}=x" for parameter in surface["params"])
        assert surface is catalogue.surface(surface["direction"], normalise_flow(text))
