"""Tricks with files: names, encodings, links, sizes, what lies beside the configuration."""
# ruff: noqa: E501

from __future__ import annotations

import random
from typing import Final

from .records import Content, Link, Pipe, Team, Trick
from .spelling import anywhere

__all__ = ["MARKER", "TRICKS"]

MARKER: Final = "guardlint-hostile-was-here"
"""A file of this name, in the working directory or beside the bundle, says that code ran where none may."""

_RUNS: Final = f"import pathlib; pathlib.Path({MARKER!r}).touch()\n"
_IGNORED: Final = (
    "*", "*.yml", "*.co", "config.*", "company*", "plan.yml", "../*", "/", "**/*", "[", "!*", "c?nfig.yml", "*.py",
    "#\n*.yml", "\ufeff*.yml", "*.yml\r", "kb", "manifest.json", "files",
)  # fmt: skip
_SHADOWS: Final = (
    "nemoguardrails.py", "nemoguardrails/__init__.py", "guardlint.py", "guardlint/__init__.py",
    "guardlint/guard/pipeline.py", "json.py", "json/__init__.py", "yaml.py", "yaml/__init__.py", "asyncio.py",
    "sitecustomize.py", "usercustomize.py", "conftest.py", "encodings/__init__.py", "presidio_analyzer.py",
    "hmac.py", "zz.pth", "pyvenv.cfg", "python311._pth", "nemoguardrails-0.24.1.dist-info/METADATA",
    "nemoguardrails-0.24.1.dist-info/entry_points.txt", "setup.py", "__init__.py", "__main__.py", "os.py",
)  # fmt: skip
_NAMES: Final = (
    "company/config.yml", "company/prompts.yml", "team/config.yml", "plan.yml", "manifest.json", "Config.yml",
    "CONFIG.YML", "config.YML", "config.yml ", "config.yml.", "con.yml", "aux.co", "nul", "a:b.yml", "a\\b.yml",
    "a\nb.yml", "\u202elmy.gifnoc", "caf\u00e9.yml", "cafe\u0301.yml", "x\u200b.yml", "-rf.yml", "~.yml", "$HOME.yml",
    "a" * 120 + ".yml", "/".join("d" * 20 for _ in range(14)) + "/x.yml", "%2e%2e/config.yml", "..yml", "...",
    "rails.co/x.yml", "kb.yml", "kb-rails.yml", "kb_flows/rails.co", "kb", "KB/x.yml", "actions.PY", "config.pyc",
    "actions/__pycache__/x.cpython-311.pyc", "actions.so", "config.cpython-311-x86_64-linux-gnu.so",
    "config.py/__init__.py", "actions.py/x.py", "Actions.py", ".config.yml.swp", "config.yml~", "x.glbundle",
)  # fmt: skip
_LINKS: Final = (
    ("loop", "."), ("up", ".."), ("root", "/"), ("me.yml", "me.yml"), ("pw.yml", "/etc/passwd"), ("gone.yml", "/no/such"),
    ("company", "../../company"), ("plan.yml", "../plan.yml"), ("etc", "/etc/apt"), ("zero.yml", "/dev/zero"),
    ("null.yml", "/dev/null"), ("self", "/proc/self"), ("actions.py", "/dev/null"), ("kb", "/etc/ssl"),
    (".railsignore", "/etc/passwd"), ("rails", "../.."), ("random.co", "/dev/urandom"), ("tty.co", "/dev/stdin"),
)  # fmt: skip
_ENCODED: Final = ("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "cp037", "utf-7", "cp1252")


def railsignore(team: Team, dice: random.Random) -> None:
    """Patterns that hide files from NeMo, wherever they are looked for."""
    folder = dice.choice(("", "", "rails/", "company/"))
    team.put(f"{folder}.railsignore", "\n".join(dice.sample(_IGNORED, 3)) + "\n")


def name(team: Team, dice: random.Random) -> None:
    """A name that is the bundle's own, a device, two names on one file system, or code in disguise."""
    path = dice.choice(_NAMES)
    text = dice.choice(("rails: {}\n", "define flow self check input\n  return\n", _RUNS, "\x00\x01", ""))
    team.put(path, text)


def link(team: Team, dice: random.Random) -> None:
    """A symbolic link out of the directory, to itself, to a device."""
    path, target = dice.choice(_LINKS)
    team.files[anywhere(path, dice)] = Link(target)


def pipe(team: Team, dice: random.Random) -> None:
    """A named pipe where a file should be."""
    team.files[anywhere(dice.choice(("x.yml", "x.co", "kb/x.md", "x.bin")), dice)] = Pipe()


def encoding(team: Team, dice: random.Random) -> None:
    """One of the files in another encoding, or with other line ends or characters."""
    path = dice.choice([path for path, content in team.files.items() if isinstance(content, bytes)])
    here = team.files[path]
    assert isinstance(here, bytes)
    text = here.decode("utf-8", "replace")
    kind = dice.randrange(9)
    changed: Content
    if kind < 3:
        changed = text.encode(dice.choice(_ENCODED), "replace")
    else:
        changed = {
            3: b"\xef\xbb\xbf" * 2 + here,
            4: here.replace(b"\n", b"\r"),
            5: here.replace(b"\n", b"\r\n\r\n"),
            6: here.replace(b"\n", "\u2028\n".encode()),
            7: here + dice.choice((b"\x00", b"\x1a", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xae")),
            8: text.replace(" ", "\u00a0", 3).encode(),
        }[kind]
    team.files[path] = changed


def size(team: Team, dice: random.Random) -> None:
    """Files that are large, many, or one long line."""
    kind = dice.randrange(4)
    if kind == 0:
        team.put("big.yml", "#" + "x" * 79 + "\n" + ("# " + "y" * 77 + "\n") * 6000)
    elif kind == 1:
        team.put("kb/long.md", "z" * 400_000)
    elif kind == 2:
        for number in range(120):
            team.put(f"many/{number}.{dice.choice(('co', 'md', 'txt'))}", "# nothing\n")
    else:
        team.put(anywhere("long.co", dice), "define bot x\n" + '  "words"\n' * 8000)


def shadow(team: Team, dice: random.Random) -> None:
    """Modules beside the configuration that bear the names of those that the guard imports."""
    for path in dice.sample(_SHADOWS, 2):
        team.put(path, _RUNS)


def repository(team: Team, dice: random.Random) -> None:
    """A bare git repository around the configuration, whose settings name programs for git to run."""
    orders = f"[core]\n\trepositoryformatversion = 0\n\tbare = {dice.choice(('true', 'false'))}\n"
    orders += f'\tfsmonitor = "touch {MARKER}; false"\n\tworktree = .\n\tpager = "touch {MARKER}"\n'
    orders += f'[filter "x"]\n\tclean = touch {MARKER}\n\tprocess = touch {MARKER}\n[alias]\n\tstatus = !touch {MARKER}\n'
    folder = dice.choice(("", "", ".git/"))
    team.put(f"{folder}HEAD", "ref: refs/heads/main\n")
    team.put(f"{folder}config", orders)
    team.put(f"{folder}objects/info/packs", "")
    team.put(f"{folder}refs/heads/main", "0" * 39 + "1\n")
    team.put(".gitattributes", "* filter=x\n")


TRICKS: Final[dict[str, Trick]] = {
    ".railsignore": railsignore,
    "name": name,
    "link": link,
    "pipe": pipe,
    "encoding": encoding,
    "size": size,
    "shadow module": shadow,
    "git repository": repository,
}
