"""What becomes of rails, flows, prompts, messages and files, and where a value comes from."""

from __future__ import annotations

from pathlib import Path

from guardlint.nemo import account
from guardlint.nemo.configuration import Configuration, read_configuration
from guardlint.resources import examples_dir


def configuration(folder: Path, **files: str) -> Configuration:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_configuration(folder)


def states(fates: list[account.Fate]) -> list[tuple[str, str]]:
    return [(fate.name, fate.state) for fate in fates]


def test_rails_run_wait_are_inert_or_missing(tmp_path: Path) -> None:
    """Each listed rail has its fate, in the order in which they run."""
    read = configuration(
        tmp_path,
        config_DOT_yml=(
            "models: []\nrails:\n  input:\n    flows: [own, self check output, nobody]\n"
            "  output:\n    flows: [self check facts, self check hallucination]\n"
        ),
        flows_DOT_co=(
            "define flow own\n  execute look\n\n"
            "define flow ask\n  user asks\n  $check_facts = True\n  bot answer\n"
        ),
    )
    fates = account.rails(read)
    assert [("own", "runs"), ("self check output", "inert"), ("nobody", "missing")] == states(fates["input"])
    assert [("self check facts", "waits"), ("self check hallucination", "inert")] == states(fates["output"])


def test_the_deeper_flow_wins_and_the_nearer_message(tmp_path: Path) -> None:
    """Flows and bot messages of one name go opposite ways."""
    read = configuration(
        tmp_path,
        config_DOT_yml="models: []\n",
        a_DOT_co='define flow f\n  user x\n  bot hi\n\ndefine bot hi\n  "root"\n',
        sub__b_DOT_co='define flow f\n  user y\n  bot hi\n\ndefine bot hi\n  "sub"\n',
    )
    assert {("a.co", "lost"), ("b.co", "runs")} == {
        (Path(fate.place.file).name, fate.state) for fate in account.flows(read)
    }
    assert {("a.co", "runs"), ("b.co", "lost")} == {
        (Path(fate.place.file).name, fate.state) for fate in account.messages(read)
    }


def test_files_are_read_or_say_why_not(tmp_path: Path) -> None:
    """Ignored, misversioned, misplaced and broken files are named with the reason."""
    read = configuration(
        tmp_path,
        config_DOT_yml="models: []\n",
        _DOT_railsignore="draft*\n",
        draft_DOT_co="define flow x\n  user y\n",
        two_DOT_co="flow main\n  activate llm continuation\n",
        kb__a_DOT_md="# A\n",
        kb__b_DOT_txt="b\n",
        broken_DOT_yml="a: [\n",
    )
    fates = {fate.name: fate.state for fate in account.files(read)}
    assert {
        ".railsignore": "skipped", "broken.yml": "lost", "config.yml": "read", "draft.co": "skipped",
        "kb/a.md": "read", "kb/b.txt": "skipped", "two.co": "skipped",
    } == fates  # fmt: skip


def test_where_a_value_comes_from() -> None:
    """Default, the section that is lost, the section that counts: in order, with places."""
    read = read_configuration(examples_dir() / "claims-and-cards" / "broken")
    found = list(account.contributions(read, ("rails", "input", "flows")))
    assert [False, False, True] == [item.kept for item in found]
    assert [None, "config.yml", "rails.yml"] == [
        Path(item.place.file).name if item.place else None for item in found
    ]
    default = list(account.contributions(read, ("rails", "output", "streaming", "stream_first")))
    assert [(True, None, True)] == [(item.value, item.place, item.kept) for item in default]
    third = list(account.contributions(read, ("prompts", 2, "task")))
    assert ["self_check_facts"] == [item.value for item in third if item.kept]
