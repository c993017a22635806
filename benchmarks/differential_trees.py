"""Random configurations, each made from its number alone: ``write(root, number)``.

Most are valid. Sections overlap, files hide in folders that NeMo treats in its own way, versions of Colang
are mixed, and now and then something is wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from differential_colang import colang_1, colang_2
from differential_sections import SECTIONS, WORDS, WRONG

__all__ = ["write"]

_INIT = """def mine():
    return 1


@action(name='named')
def yours():
    return 1


def init(app):
    app.register_action(mine)
    app.register_action(yours)
    app.register_action(mine, 'second')
    app.register_action(mine, name='third')
"""

_ACTION = "from nemoguardrails.actions import action\n\n"

FOLDERS = [
    "",
    "",
    "",
    "rails",
    "rails/deep",
    "kb",
    "kb_topics",
    "kb/deep",
    "tests",
    ".hidden",
    "a.b",
    "actions",
    "Z",
]
YAML_NAMES = [
    "config.yml",
    "config.yml",
    "a.yml",
    "prompts.yml",
    "z.yaml",
    "kb.yml",
    "models.yaml",
    "Z.YML",
    "x.yml.bak",
]
COLANG_NAMES = ["rails.co", "a.co", "z.co", "main.co", "input.co", "kb.co", "B.CO", "x.co.txt"]


def write(root: Path, number: int, *, broken_colang: bool = False) -> None:
    """Make configuration ``number`` in the empty folder ``root``, and what it may import beside it."""
    rng = random.Random(number)
    colang2 = rng.random() < 0.3
    count = rng.choices(range(9), [1, 12, 20, 20, 16, 12, 8, 6, 5])[0]
    if rng.random() < 0.85:
        _put(root / "config.yml", _yaml(rng, colang2, whole=True), rng)
    for _ in range(count):
        kind = rng.choices(["yaml", "colang", "document", "python", "other"], [40, 42, 8, 5, 5])[0]
        _FILES[kind](root, rng, colang2)
    if rng.random() < 0.25:
        patterns = rng.choices(
            ["z.*", "*.yaml", "# no", "", "prompts*", "rails/a.yml", " Z.yml ", "*.co", "[ab].co", "*", "kb*",
             "a.?o",
             "!a.yml", "*.md"], k=rng.randint(0, 3),
        )  # fmt: skip
        (root / ".railsignore").write_text(rng.choice(["\n", "\r\n"]).join(patterns), encoding="utf-8")
    if rng.random() < 0.1:
        _shared(root.parent / "shared", rng, colang2)
    if broken_colang and rng.random() < 0.02:
        (root / "broken.co").write_text("define flow x\n  if (\n", encoding="utf-8")


def _shared(root: Path, rng: random.Random, colang2: bool) -> None:
    """What ``import_paths: [shared]`` and ``import shared.more`` find."""
    for _ in range(rng.randint(0, 2)):
        _FILES[rng.choice(["yaml", "colang", "document", "python"])](root, rng, colang2)
    for name in ("a.co", "more/b.co"):
        text = colang_2(rng, "shared") if colang2 else colang_1(rng, "shared")
        _put(root / name, text, rng)


def _put(path: Path, text: str, rng: random.Random) -> None:
    """Write a text, now and then with a byte order mark, other line ends or another encoding."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = rng.random()
    if chance < 0.04:
        text = text.replace("\n", "\r\n")
    elif chance < 0.06 and path.suffix != ".co":
        text = "\ufeff" + text
    elif chance < 0.065:
        text = text.replace("\n", "\r")
    encoding = "latin-1" if rng.random() < 0.01 else "utf-8"
    path.write_bytes(text.encode(encoding, "replace"))


def _yaml_file(root: Path, rng: random.Random, colang2: bool) -> None:
    _put(root / rng.choice(FOLDERS) / rng.choice(YAML_NAMES), _yaml(rng, colang2, whole=False), rng)


def _colang_file(root: Path, rng: random.Random, colang2: bool) -> None:
    folder, name = rng.choice(FOLDERS), rng.choice(COLANG_NAMES)
    label = "".join(part for part in f"{folder}{name}".lower() if part.isalnum())
    if rng.random() < 0.12:
        colang2 = not colang2
    text = colang_2(rng, label) if colang2 else colang_1(rng, label)
    _put(root / folder / name, text, rng)


def _document(root: Path, rng: random.Random, _: bool) -> None:
    folder = rng.choice(["kb", "kb", "kb_topics", "kb/deep", "docs"])
    _put(
        root / folder / rng.choice(["a.md", "b.md", "c.txt", "d.MD"]),
        f"# {rng.choice(WORDS)}\n\ntext é\n",
        rng,
    )


def _python(root: Path, rng: random.Random, _: bool) -> None:
    name, text = rng.choice(CODE)
    _put(root / name, text, rng)


CODE = [
    ("actions.py", f"{_ACTION}@action()\nasync def own():\n    return 1\n"),
    (
        "actions.py",
        f"{_ACTION}import not_installed_anywhere\n\n@action(name='far')\ndef own():\n    return 1\n",
    ),
    (
        "actions.py",
        f"{_ACTION}@action(name='Own Action')\nclass Own:\n    def run(self):\n        return 1\n",
    ),
    ("actions.py", "def broken(:\n"),
    ("actions/more.py", "def own():\n    return 1\n"),
    ("actions/more.py", f"{_ACTION}@action('system')\ndef more(text=''):\n    return text\n"),
    (
        "actions/deep/a.py",
        f"{_ACTION}@action(is_system_action=True, name='own')\ndef other():\n    return 2\n",
    ),
    ("actions/__init__.py", f"{_ACTION}@action()\ndef not_seen():\n    return 2\n"),
    ("rails/actions.py", f"{_ACTION}@action()\ndef not_seen():\n    return 2\n"),
    ("config.py", "def init(app):\n    pass\n"),
    ("config.py", "import not_installed_anywhere\n"),
    (
        "config.py",
        "import httpx\nimport yaml\n\ntry:\n    import not_installed\nexcept ImportError:\n    pass\n",
    ),
    ("config.py", "def later():\n    import not_installed\n\n\ndef init(app):\n    import json\n"),
    (
        "config.py",
        f"{_ACTION}{_INIT}",
    ),
    ("tests/config.py", "raise SystemExit(1)\n"),
]


def _other(root: Path, rng: random.Random, _: bool) -> None:
    name = rng.choice(
        ["README.txt", "rails/notes.json", ".env", "rails/__pycache__/a.yml", ".git/config.yml"]
    )
    _put(root / name, '{"models": []}\n', rng)


_FILES: dict[str, Callable[[Path, random.Random, bool], None]] = {
    "yaml": _yaml_file,
    "colang": _colang_file,
    "document": _document,
    "python": _python,
    "other": _other,
}


def _yaml(rng: random.Random, colang2: bool, *, whole: bool) -> str:
    chance = rng.random()
    if chance < 0.015:
        return rng.choice(
            [
                "",
                "# nothing\n",
                "- a\n- b\n",
                "text\n",
                "a: [\n",
                "a:\n\t- b\n",
                "---\na: 1\n---\nb: 2\n",
                "null\n",
            ]
        )
    data: dict[str, Any] = {}
    for name, make in SECTIONS.items():
        if rng.random() < (0.45 if whole or name == "prompts" else 0.2) or (whole and name == "models"):
            data[name] = make(rng)
    if colang2 and (whole or rng.random() < 0.1):
        data["colang_version"] = "2.x"
        if rng.random() < 0.8 and isinstance(data.get("rails"), dict):
            data["rails"].pop("input", None)
            data["rails"].pop("output", None)
    elif rng.random() < 0.1:
        data["colang_version"] = rng.choices(["1.0", "2.x", 1.0, "2.0"], [80, 10, 5, 5])[0]
    if rng.random() < 0.03 and data:
        data[rng.choice(sorted(data))] = rng.choice(WRONG)
    if rng.random() < 0.02:
        data[rng.choice(["rails", "tracing", "core", "streaming", "docs", "nonsense"])] = rng.choice(WRONG)
    style = rng.random()
    text = yaml.safe_dump(
        data,
        allow_unicode=rng.random() < 0.7,
        default_flow_style=None if style < 0.3 else False,
        sort_keys=style < 0.6,
    )
    if rng.random() < 0.02:
        text += "passthrough: true\npassthrough: false\n"
    if rng.random() < 0.04:
        text += 'x_base: &base\n  limit: 3\nx_more:\n  <<: *base\n  team: "é"\n'
    return text
