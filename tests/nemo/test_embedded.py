"""Configurations in Python files and ConfigMaps are found, and what is in doubt is left alone."""

from __future__ import annotations

import re
import time
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlint.nemo.embedded import EmbeddedConfiguration, find_embedded, is_test_file, may_embed
from guardlint.source.place import Place


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Names are relative to the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found_in(text: str, name: str = "app.py") -> list[EmbeddedConfiguration]:
    """What is found in a file of that text."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return find_embedded(path)


def only(text: str) -> dict[str, str]:
    """The texts of the only configuration in a Python file."""
    (found,) = found_in("from nemoguardrails import RailsConfig\n" + text)
    assert "" == found.unknown
    return found.files


def doubt(text: str) -> str:
    """Why nothing is said about the only configuration in a Python file."""
    (found,) = found_in("from nemoguardrails import RailsConfig\n" + text)
    assert {} == found.files
    return found.unknown


YAML = "models: []\n"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("from nemoguardrails import RailsConfig", "RailsConfig"),
        ("from nemoguardrails import LLMRails, RailsConfig as RC", "RC"),
        ("import nemoguardrails", "nemoguardrails.RailsConfig"),
        ("import nemoguardrails as ng", "ng.RailsConfig"),
        ("from nemoguardrails.rails import RailsConfig", "RailsConfig"),
        ("from nemoguardrails.rails.llm.config import RailsConfig", "RailsConfig"),
        ("from nemoguardrails.rails.llm import config", "config.RailsConfig"),
        ("import nemoguardrails.rails.llm.config", "nemoguardrails.rails.llm.config.RailsConfig"),
        ("import nemoguardrails.rails.llm.config as c", "c.RailsConfig"),
        ("from nemoguardrails import *", "RailsConfig"),
        (
            "try:\n  from nemoguardrails import RailsConfig\nexcept ImportError:\n  RailsConfig = None",
            "RailsConfig",
        ),
    ],
)
def test_the_class_is_known_by_every_name(head: str, name: str) -> None:
    """Whatever the import looks like."""
    (found,) = found_in(f'{head}\nc = {name}.from_content(yaml_content="models: []\\n")\n')
    assert {"config.yml": YAML} == found.files


@pytest.mark.parametrize(
    "text",
    [
        "from elsewhere import RailsConfig  # nemoguardrails\nRailsConfig.from_content('define flow x')",
        "from nemoguardrails import RailsConfig\nRailsConfig.from_path('./config')",
        "from nemoguardrails import RailsConfig\nRailsConfig.from_path(folder + '/config.yml')",
        "from nemoguardrails import RailsConfig\nRailsConfig.from_path('missing.yml')",
        "from nemoguardrails import RailsConfig\nRailsConfig.parse_object({'models': []})",
        "# nemoguardrails RailsConfig.from_content('x')",
        "from nemoguardrails import RailsConfig\nRailsConfig.from_content('x'",
        "from nemoguardrails import RailsConfig\n\0",
        "from nemoguardrails import RailsConfig\n" + "(" * 5000,
        "from nemoguardrails import RailsConfig\n" + "-" * 100_000 + "1",
    ],
)
def test_what_is_none_is_not_found(text: str) -> None:
    """Another class, directories, computed paths, comments, and files that Python cannot parse."""
    assert [] == found_in(text)


def test_arguments_by_position_and_by_name() -> None:
    """The order is NeMo's: Colang, YAML, dictionary; it joins the dictionary first."""
    expected = {"config-dict.yml": '{"models": []}', "config.yml": "a: 1", "main.co": "define flow x"}
    assert expected == only("RailsConfig.from_content('define flow x', 'a: 1', {'models': []})")
    text = (
        "RailsConfig.from_content(config={'models': []}, yaml_content='a: 1', colang_content='define flow x')"
    )
    assert expected == only(text)
    assert list(expected) == list(only(text))
    assert {"config.yml": "a: 1"} == only("RailsConfig.from_content(None, 'a: 1', config={})")


@pytest.mark.parametrize(
    ("before", "argument"),
    [
        ("", "'models: ' '[]\\n'"),
        ("", "('models: '  # why\n  '[]'\n '\\n')"),
        ("", "'models: ' + '[]\\n'"),
        ("", "f'models: []\\n'"),
        ("Y = 'models: []\\n'", "Y"),
        ("Y: str = 'models: []\\n'", "Y"),
        ("Z = 'models: '\nY = Z + '[]\\n'", "Y"),
        ("import textwrap", "textwrap.dedent('''\\\n  models: []\n  ''')"),
        ("from textwrap import dedent as d", "d('''\n  models: []\n  ''').lstrip()"),
        ("", "'''\n  models: []\n\n'''.strip() + '\\n'"),
        ("", "'\\nmodels: []\\n'.strip('\\n') + '\\n'"),
    ],
)
def test_texts_that_are_known(before: str, argument: str) -> None:
    """Literals in every dress, in the module and in a function."""
    assert {"config.yml": YAML} == only(f"{before}\nRailsConfig.from_content(yaml_content={argument})")
    inside = before.replace("\n", "\n  ")
    assert {"config.yml": YAML} == only(
        f"def f(self):\n  {inside or 'pass'}\n  return RailsConfig.from_content(yaml_content={argument})"
    )


@pytest.mark.parametrize(
    ("before", "argument", "why"),
    [
        ("", "f'models: {x}'", "an f-string with values"),
        ("", "open('x').read()", "computed"),
        ("", "'models: %s' % x", "computed"),
        ("", "'a'.strip(*x)", "computed"),
        ("", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\nY = 'b: 1'", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\nY += 'b: 1'", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\nfor Y in x: pass", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\ndef f():\n  global Y\n  Y = 'b: 1'", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\nimport x as Y", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\nfrom x import *", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\nmatch x:\n  case Y: pass", "Y", "`Y` is not one literal"),
        ("Y = 'a: 1'\ndel Y", "Y", "`Y` is not one literal"),
        ("Y = Z\nZ = Y", "Y", "too involved"),
        ("Y = '' + Y", "Y", "too involved"),
        ("\n".join(f"Y{n} = Y{n + 1} + Y{n + 1}" for n in range(60)) + "\nY60 = ''", "Y0", "too involved"),
        (
            "\n".join(f"Y{n} = Y{n + 1} + Y{n + 1}" for n in range(12)) + f"\nY12 = {'a' * 9999!r}",
            "Y0",
            "too involved",
        ),
        ("", "+".join(["'a'"] * 400), "too involved"),
        ("class A:\n  Y = 'a: 1'\n  def f(self):\n    pass", "A.Y", "computed"),
    ],
)
def test_texts_that_are_in_doubt(before: str, argument: str, why: str) -> None:
    """Nothing is guessed."""
    began = time.process_time()
    assert why in doubt(f"{before}\nRailsConfig.from_content(yaml_content={argument})")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "RailsConfig.from_content(**arguments)",
        "RailsConfig.from_content(*arguments)",
        "RailsConfig.from_content(yaml_content='a: 1', more=2)",
        "RailsConfig.from_content('a', 'b', {}, 'c')",
        "RailsConfig.from_content()",
        "RailsConfig.from_content(config={'models': models})",
        "RailsConfig.from_content(config={'models': [*models]})",
        "RailsConfig.from_content(config={**base})",
        "RailsConfig.from_content(config={1: 2})",
        "RailsConfig.from_content(config={'models': (1, 2)})",
        "RailsConfig.from_content(config={'models': {1, 2}})",
        "RailsConfig.from_content(config=dict(models=[]))",
        "C = {'models': []}\nC['models'].append(1)\nRailsConfig.from_content(config=C)",
        "base + RailsConfig.from_content(yaml_content='a: 1')",
        "c = RailsConfig.from_content(yaml_content='a: 1')\nd = base + c",
        "def f(y):\n  return RailsConfig.from_content(yaml_content=y)",
        "y = 'a: 1'\ndef f(y):\n  return RailsConfig.from_content(yaml_content=y)",
    ],
)
def test_calls_that_are_in_doubt(text: str) -> None:
    """Computed arguments, dictionaries with values of their own, and configurations added to others."""
    assert doubt(text)


def test_a_dictionary_becomes_yaml_of_the_same_value() -> None:
    """Every kind of scalar; a dictionary by name where nothing else uses it."""
    value: dict[str, object] = {
        "text": 'a\n"b"\t\\ é😀 \x85\u2028 # x: y',
        "yes": "yes",
        "numbers": [1, -2, 1.5, -1e-5, 1e300, 10**40],
        "none": None,
        "flags": [True, False],
        "<<": {"=": []},
    }
    import yaml

    (text,) = only(f"C = {value!r}\nRailsConfig.from_content(config=C)").values()
    assert value == yaml.safe_load(text)


def test_two_calls_have_two_names() -> None:
    """Names hold the line, identities the function, which survives edits above it."""
    text = dedent("""
        from nemoguardrails import RailsConfig
        class A:
            def one(self):
                RailsConfig.from_content("define flow a")
                RailsConfig.from_content("define flow b")
        c = RailsConfig.from_content("define flow c")
    """)
    found = found_in(text, "app/main.py")
    assert ["app/main.py:5", "app/main.py:6", "app/main.py:7"] == [item.name for item in found]
    assert ["app/main.py::A.one", "app/main.py::A.one#2", "app/main.py::module"] == [
        item.identity for item in found
    ]
    assert Place("app/main.py", 5, 9, 5, 33) == found[0].place


def test_from_path_with_a_file(here: Path) -> None:
    """The file that is named, from the Python file's folder or the one folder above where it exists."""
    Path("rails").mkdir()
    Path("rails/config.yml").write_text(YAML, encoding="utf-8")
    head = "import os\nfrom pathlib import Path\nfrom nemoguardrails import RailsConfig\n"
    for argument in (
        "'rails/config.yml'",
        "'./rails/config.yml'",
        "str(Path(__file__).parent.parent / 'rails' / 'config.yml')",
        "str(Path(__file__).resolve().parents[1] / 'rails' / 'config.yml')",
        "os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rails/config.yml')",
        "f'{os.path.dirname(__file__)}/../rails/config.yml'",
        "config_path=os.path.join(os.getcwd(), 'rails', 'config.yml')",
        repr(str(here / "rails/config.yml")),
    ):
        (found,) = found_in(f"{head}c = RailsConfig.from_path({argument})\n", "app/main.py")
        assert ("from_path", {"config.yml": YAML}) == (found.kind, found.files)
        assert "rails/config.yml" == found.place_of("config.yml", Place.at("v")).file
    Path("app/rails").mkdir()
    Path("app/rails/config.yml").write_text(YAML, encoding="utf-8")
    assert [] == found_in(f"{head}c = RailsConfig.from_path('rails/config.yml')\n", "app/main.py")


CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: bot-rails}
data:
  config.yml: |
    models: []
    rails:
      input: {flows: [nope]}
  rails.co: "define flow a\\n  bot hi\\n"
  other: 1
"""


def test_a_config_map_is_a_directory() -> None:
    """Its keys are files; other documents of the file, templates among them, do not matter."""
    text = "# ours\n---\nkind: Service\n---\nmetadata: {{ .Values.x }}\n--- # rails\n" + CONFIG_MAP
    (found,) = found_in(text, "k8s/all.yaml")
    assert ("k8s/all.yaml:10", "k8s/all.yaml::bot-rails", "config_map") == (
        found.name,
        found.identity,
        found.kind,
    )
    assert ["config.yml", "other", "rails.co"] == list(found.files)
    assert Place("k8s/all.yaml", 14, 23, 14, 27) == found.place_of("config.yml", Place.at("v", 3, 19, 4))
    assert Place("k8s/all.yaml", 15, 35, 15, 37) == found.place_of("rails.co", Place.at("v", 2, 7, 2))


def test_a_list_of_config_maps() -> None:
    """``kubectl get -o yaml`` writes them so."""
    items = "".join(
        "- " + CONFIG_MAP.replace("\n", "\n  ").rstrip(" ").replace("bot-rails", name) for name in "ab"
    )
    found = found_in(f"apiVersion: v1\nkind: List\nitems:\n{items}", "all.yml")
    assert ["all.yml::a", "all.yml::b"] == [item.identity for item in found]


@pytest.mark.parametrize(
    "text",
    [
        CONFIG_MAP.replace("[nope]", "[{{ .Values.flow }}]"),
        CONFIG_MAP.replace("    models: []\n", '    {{- include "x" . | nindent 4 }}\n    models: []\n'),
        CONFIG_MAP.replace("ConfigMap", "Secret").replace("name:", "x: {kind: ConfigMap}, name:"),
        CONFIG_MAP.replace("config.yml: |\n    models: []\n    rails:\n", "config.yml: |\n    server:\n"),
        "kind: ConfigMap\ndata: 1\n",
        "kind: ConfigMap\ndata: {rails.co: 'define flow x'}\n",
        "kind: ConfigMap\ndata: {config.yml: 'models: ['}\n",
        "kind: ConfigMap\ndata: " + "[" * 5000,
        "kind: ConfigMap\ndata: &a\n  x: *a\n",
        "kind: ConfigMap\n- x\n",
    ],
)
def test_other_config_maps_are_passed_over(text: str) -> None:
    """Templates, other applications' settings, and what does not parse."""
    assert [] == found_in(text, "map.yaml")


def test_jinja_in_a_prompt_is_no_template() -> None:
    """Only Go's forms are."""
    text = CONFIG_MAP + '  prompts.yml: "prompts: [{task: x, content: \\"{{ user_input }}\\"}]"\n'
    assert 1 == len(found_in(text, "map.yaml"))


def test_only_files_with_the_words_are_parsed() -> None:
    """And none that are too large, missing, folders, or not UTF-8."""
    Path("a.py").write_text("import nemoguardrails", encoding="utf-8")
    Path("b.yaml").write_text("kind: Service", encoding="utf-8")
    Path("c.txt").write_text(CONFIG_MAP, encoding="utf-8")
    Path("d.yml").write_text(CONFIG_MAP + "#" * 2_000_000, encoding="utf-8")
    Path("e.py").mkdir()
    assert not [
        name for name in ("a.py", "b.yaml", "c.txt", "d.yml", "e.py", "f.py") if may_embed(Path(name))
    ]
    Path("g.py").write_bytes(b"# nemoguardrails RailsConfig \xff")
    assert [] == find_embedded(Path("g.py"))


def test_files_of_tests() -> None:
    """By folder or by name."""
    assert is_test_file(Path("tests/data/map.yml"))
    assert is_test_file(Path("src/test/a.py"))
    assert is_test_file(Path("src/test_a.py"))
    assert is_test_file(Path("a_test.py"))
    assert is_test_file(Path("conftest.py"))
    assert not is_test_file(Path("contest/latest.py"))
    assert not is_test_file(Path("test_map.yml"))


def test_a_huge_file_costs_little() -> None:
    """A thousand calls, a long text in many of them, and one literal of three megabytes."""
    began = time.process_time()
    calls = "RailsConfig.from_content('define flow a', Y)\n" * 1_000
    assert 1_000 == len(found_in(f"from nemoguardrails import RailsConfig\nY = 'a: 1'\n{calls}"))
    calls = "RailsConfig.from_content(dedent(Y + 'a'))\n" * 1_000
    head = "from textwrap import dedent\nfrom nemoguardrails import RailsConfig"
    assert "too involved" in found_in(f"{head}\nY = {'y' * 1_000_000!r}\n{calls}")[-1].unknown
    literal = "# é\n" * 380_000
    assert 1 == len(
        found_in(f"from nemoguardrails import RailsConfig\nRailsConfig.from_content('''{literal}''')")
    )
    assert time.process_time() - began < 20


LINES = st.lists(st.text(alphabet="ab é😀:'-", max_size=12), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    LINES,
    st.integers(0, 8),
    st.sampled_from(["Y = '''{}'''", "Y = '''\\\n{}'''", "Y = 'a' '''{}'''", 'Y = r"""{}"""']),
    st.sampled_from(["Y", "textwrap.dedent(Y)", "Y.strip()", "textwrap.dedent(Y.lstrip('a'))"]),
    st.data(),
)
def test_any_position_in_a_literal_is_its_position_in_the_file(
    lines: list[str], indent: int, literal: str, argument: str, data: st.DataObject
) -> None:
    """Take any character of the configuration: at the place given for it stands this character."""
    body = "\n".join(" " * indent + re.sub("'+", "'", line).strip("'") for line in lines)
    text = f"# é\nfrom nemoguardrails import RailsConfig\nimport textwrap\n{literal.format(body)}\n"
    (found,) = found_in(f"{text}RailsConfig.from_content({argument}, 'models: []')\n")
    content = found.files.get("main.co", "")
    if not content:
        return
    index = data.draw(st.integers(0, len(content) - 1))
    before = content[:index]
    line, column = before.count("\n") + 1, index - before.rfind("\n")
    place = found.place_of("main.co", Place.at("v", line, column))
    written = Path("app.py").read_text(encoding="utf-8").split("\n")[place.line - 1] + "\n"
    assert content[index] == written[place.column - 1]
