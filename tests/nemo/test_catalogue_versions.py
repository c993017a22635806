"""Every NeMo series has a catalogue, and an older one says what that release really has."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlint.nemo.catalogue import catalogued_version, known_versions, latest_version, load_catalogue
from guardlint.nemo.differences import apply_difference, difference

DATA = Path(__file__).resolve().parents[2] / "guardlint/nemo/data"
SERIES = ("0.17", "0.18", "0.19", "0.20", "0.21", "0.22", "0.23", "0.24")
OLDER = SERIES[:-1]


def data(series: str) -> dict[str, Any]:
    return load_catalogue(series).data


def test_there_is_one_release_of_each_series() -> None:
    assert SERIES == tuple(version.rpartition(".")[0] for version in known_versions())
    assert known_versions()[-1] == latest_version() == load_catalogue().nemo


@pytest.mark.parametrize(
    ("version", "series"),
    [
        ("0.21.0", "0.21"),
        ("0.21", "0.21"),
        ("0.21.99", "0.21"),
        ("v0.22.1", "0.22"),
        ("0.23.0rc1", "0.23"),
        ("0.9.1", "0.17"),
        ("0", "0.17"),
        ("0.25.0", "0.24"),
        ("1.0", "0.24"),
        ("main", "0.24"),
        ("", "0.24"),
    ],
)
def test_a_version_is_answered_for_by_its_series_or_the_nearest(version: str, series: str) -> None:
    """Older than all: the oldest; newer than all, or no version: the newest."""
    assert series == load_catalogue(version).data["series"]
    assert load_catalogue(version).nemo == catalogued_version(version)


def test_loading_an_older_catalogue_leaves_the_newest_as_it_is() -> None:
    before = copy.deepcopy(load_catalogue().data)

    for series in OLDER:
        load_catalogue(series)

    assert before == load_catalogue().data


@pytest.mark.parametrize("series", OLDER)
def test_an_older_catalogue_has_every_section_and_knows_no_more_rails(series: str) -> None:
    found = data(series)

    assert set(found) == set(data("0.24"))
    assert {row["flow"] for row in found["surfaces"]} < {row["flow"] for row in data("0.24")["surfaces"]}


@pytest.mark.parametrize("series", OLDER)
def test_what_an_older_catalogue_names_it_also_has(series: str) -> None:
    """Surfaces run actions and flows of their own release, and stand in sections of its key table."""
    found = data(series)
    sections = found["keys"]["keys"]["rails"]["keys"]["config"]["keys"]

    for row in found["surfaces"]:
        assert row["flow"] in found["flows"]["1.0"], row["flow"]
        assert row["action"] in found["flows"]["1.0"][row["flow"]]["actions"], row["flow"]
        assert row["action"] in found["actions"], row["flow"]
        assert row["config_key"] is None or row["config_key"] in sections, row["flow"]
    for name, task in found["tasks"].items():
        assert task["action"] in found["actions"], name
    modules = {flow["module"] for flow in found["flows"]["2.x"].values()}
    assert modules <= set(found["modules"])


@pytest.mark.parametrize("series", SERIES)
def test_rail_actions_give_outcomes_since_0_24_only(series: str) -> None:
    rail = {name for name, row in data(series)["actions"].items() if row["rail"]}

    assert (rail != set()) is (series == "0.24")


@pytest.mark.parametrize("series", OLDER)
def test_how_an_older_flow_reads_the_verdict(series: str) -> None:
    actions = data(series)["actions"]

    assert "not $result" == actions["self_check_input"]["blocks_when"]
    assert "$result < 0.5" == actions["self_check_facts"]["blocks_when"]
    assert 'not $result["allowed"]' == actions["content_safety_check_input"]["blocks_when"]
    assert "dict" == actions["content_safety_check_input"]["returns"]
    assert "$result" == actions["jailbreak_detection_model"]["blocks_when"]


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("rails.output.apply_to_reasoning_traces", "0.17", "0.17"),
        ("rails.config.ai_defense", "0.18", "0.24"),
        ("rails.config.content_safety", "0.20", "0.24"),
        ("rails.config.regex_detection", "0.21", "0.24"),
        ("metrics", "0.22", "0.24"),
        ("rails.input.speculative_generation", "0.22", "0.24"),
        ("rails.config.hf_classifier", "0.23", "0.24"),
        ("rails.config.f5", "0.24", "0.24"),
        ("rails.output.streaming.stream_first", "0.17", "0.24"),
    ],
)
def test_keys_that_come_and_go(key: str, first: str, last: str) -> None:
    """Known from the first series to the last, unknown before and after."""
    known = [series for series in SERIES if load_catalogue(series).key(tuple(key.split(".")))]

    assert [series for series in SERIES if first <= series <= last] == known


def test_the_streaming_key_is_deprecated_since_0_20_and_still_there() -> None:
    nodes = {series: load_catalogue(series).key(("streaming",)) or {} for series in SERIES}

    assert {"bool"} == {node["scalar"] for node in nodes.values()}
    assert list(SERIES[3:]) == [series for series, node in nodes.items() if node.get("deprecated")]


def test_rails_that_came_later() -> None:
    def first(direction: str, flow: str) -> str:
        return next(series for series in SERIES if load_catalogue(series).surface(direction, flow))

    assert "0.17" == first("input", "self check input")
    assert "0.20" == first("input", "gliner detect pii on input")
    assert "0.21" == first("input", "regex check input")
    assert "0.23" == first("input", "polygraf detect pii on input")


def test_variants_of_self_checks_came_with_0_24() -> None:
    for series in SERIES:
        row = load_catalogue(series).surface("input", "self check input")
        assert row is not None
        assert (["variant"] if series == "0.24" else []) == [item["name"] for item in row["params"]]


@pytest.mark.parametrize("series", SERIES)
def test_masking_rails_rewrite_in_every_series(series: str) -> None:
    row = load_catalogue(series).surface("input", "mask sensitive data on input")

    assert row is not None
    assert "user_message" == row["transform"]


@pytest.mark.parametrize("series", SERIES)
def test_who_makes_the_models(series: str) -> None:
    """LangChain up to 0.21; since 0.22 NeMo itself, and LangChain's parameters are refused."""
    found = data(series)

    assert (series <= "0.21") is found["langchain"]["default"]
    assert (series <= "0.21") is (found["engines"] == {})
    assert (series <= "0.21") is ("openai" in found["langchain"].get("engines", ()))
    assert (series >= "0.22") is ("streaming" in found["langchain"].get("refused", ()))


@pytest.mark.parametrize(
    ("series", "colang", "served"),
    [
        ("0.20", [], 0),
        ("0.21", ["1.0", "2.x"], 4),
        ("0.22", ["1.0", "2.x"], 4),
        ("0.23", ["1.0"], 4),
        ("0.24", ["1.0"], 59),
    ],
)
def test_what_the_fast_engine_serves(series: str, colang: list[str], served: int) -> None:
    """There is none up to 0.20; at first it did not look at the Colang version."""
    fast = data(series)["iorails"]

    assert colang == fast["colang"]
    assert served == len(fast["flows"]["input"]) + len(fast["flows"]["output"])


@pytest.mark.parametrize("series", SERIES)
def test_injection_detection_cannot_be_imported_before_0_24(series: str) -> None:
    module = data(series)["modules"]["nemoguardrails.library.injection_detection.flows"]

    assert (series != "0.24") is bool(module.get("broken"))


@pytest.mark.parametrize("series", OLDER)
def test_an_older_file_is_small_and_says_what_it_was_read_from(series: str) -> None:
    content = json.loads((DATA / f"{load_catalogue(series).nemo}.json").read_text(encoding="utf-8"))

    assert "guardlint/catalogue-difference/v1" == content["schema"]
    assert latest_version() == content["newer"]
    assert f"nemoguardrails-{content['nemo']}-py3-none-any.whl" == content["wheel"]["name"]
    assert 64 == len(content["wheel"]["sha256"])
    assert difference(load_catalogue().data, data(series)) == content["changes"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["a", "a/b", "~", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab/~"), inner, max_size=3),
    max_leaves=8,
)
SURFACES = st.dictionaries(st.sampled_from(["x", "y/z", "~w"]), VALUES, max_size=3)


@given(
    newer=st.dictionaries(st.sampled_from(["keys", "flows"]), VALUES, max_size=2),
    older=st.dictionaries(st.sampled_from(["keys", "flows"]), VALUES, max_size=2),
    rows=st.tuples(SURFACES, SURFACES),
)
def test_a_difference_leads_from_the_newer_to_the_older(
    newer: dict[str, Any], older: dict[str, Any], rows: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Whatever the two hold; a section of one only counts as an empty one of the other."""
    made = []
    for found, surfaces in zip((newer, older), rows, strict=True):
        listed = [{"direction": "input", "flow": flow, "fact": surfaces[flow]} for flow in sorted(surfaces)]
        made.append({"keys": {}, "flows": {}, **found, "surfaces": listed})
    before = copy.deepcopy(made[0])

    assert made[1] == apply_difference(made[0], difference(made[0], made[1]))
    assert before == made[0]
