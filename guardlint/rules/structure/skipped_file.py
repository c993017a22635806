"""NeMo skips a Colang file that it takes for the other version of the language.

What it does: applies NeMo's own test to every ``.co`` file. A file is Colang 1.0 when a line of it begins
with ``define`` (comments and triple-quoted text aside), and Colang 2.x otherwise.

Why it matters: NeMo reads the files of one version, that of ``colang_version`` (``"1.0"`` where nothing is
written), and passes over the others without a word. The flows in them do not exist.

How to fix: write ``colang_version: "2.x"`` for Colang 2.x; keep to one version in all files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardlint.nemo.configuration import Configuration
from guardlint.nemo.meant_keys import meant
from guardlint.nemo.once import once
from guardlint.nemo.unread import is_set_aside
from guardlint.rules.rule import Found, Project, Related, Rule
from guardlint.rules.unread_view import missed_rails
from guardlint.source.colang import ColangFile
from guardlint.source.files import shown_path
from guardlint.source.lazy_pattern import lazy_pattern
from guardlint.source.place import Place

RULE = Rule(severity="error", confidence="high", since="0.1.0")

_OPENS = lazy_pattern(r"\s*(define|flow|import|@\w+|subflow)\b", re.IGNORECASE)
_DEFINE = lazy_pattern(r"^\s*define\b", re.MULTILINE | re.IGNORECASE)
_VERSION = ("colang_version",)


def check(project: Project) -> Iterator[Found]:
    """One finding where one line of the YAML explains all, else one for each file."""
    configuration = project.configuration
    lost = _lost(configuration)
    if not lost:
        return
    if not _reads_any(configuration) and all(_is_whole(configuration, file) for file, _ in lost):
        if configuration.generation == "1.0" and not any(_begins(file) for file, _ in lost):
            yield from (_by_file(configuration, file, place) for file, place in lost)
            return
        if not _has_misspelt_version(configuration):
            yield _by_version(configuration, lost)
        return
    for file, place in lost:
        yield _by_file(configuration, file, place)


def hides_flow(configuration: Configuration, name: str) -> bool:
    """Whether a missing flow is this rule's finding: a skipped file defines it, or no file is read at all."""
    lost = _lost(configuration)
    if not lost or not _reads_any(configuration):
        return bool(lost)
    defined = re.compile(rf"^\s*(?:define )?flow {re.escape(name)}\b", re.MULTILINE)
    return any(defined.search(configuration.texts.get(file.file, "")) for file, _ in lost)


@once
def _lost(configuration: Configuration) -> list[tuple[ColangFile, Place]]:
    """The skipped files with something in them that is lost, and where it begins."""
    if configuration.colang_version not in ("1.0", "2.x"):
        return []
    skipped = [file for file in configuration.colang_files if file.version != configuration.generation]
    aside = _set_aside(configuration) if skipped else set()
    return [
        (file, place)
        for file in skipped
        if file.file not in aside and (place := _first_loss(configuration, file)) is not None
    ]


def _set_aside(configuration: Configuration) -> set[str]:
    """Files whose path says that they are old, or of the other version; where others are read."""
    if not _reads_any(configuration):
        return set()
    other = {"1.0": r"(?:v|colang)[-_]?2", "2.x": r"(?:v|colang)[-_]?1"}[configuration.generation]
    named = re.compile(rf"(?:^|[/._-]){other}(?:[/._-]|$)", re.IGNORECASE)
    return {
        shown_path(file.path)
        for file in configuration.files
        if file.kind == "colang" and (is_set_aside(file.relative) or named.search(file.relative))
    }


def _first_loss(configuration: Configuration, file: ColangFile) -> Place | None:
    """The first line that defines or imports something; None where nothing is lost."""
    text = configuration.texts.get(file.file, "")
    if not _has_code(text) or _stands_elsewhere(configuration, file):
        return None
    in_text = False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip().lstrip("\ufeff")
        if stripped.startswith("#"):
            continue
        if stripped.count('"""') % 2:
            in_text = not in_text
            continue
        found = _OPENS.match(line.lstrip("\ufeff")) if not in_text else None
        if found is not None:
            return Place.at(file.file, number, found.start(1) + 1, len(line.rstrip()) - found.start(1))
    return None


def _has_code(text: str) -> bool:
    """Whether anything is left without comments and triple-quoted text, as NeMo takes them out."""
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    return bool(re.sub(r'"""(?:.|\n)*?"""', "", text).strip().lstrip("\ufeff"))


def _stands_elsewhere(configuration: Configuration, file: ColangFile) -> bool:
    """Whether a file that is read defines all of it too: this one is the copy from before a migration."""
    names = {flow.name for flow in file.flows} | {message.name for message in file.messages}
    read = set(configuration.flows) | set(configuration.messages) | set(configuration.user_messages)
    return bool(names) and names <= read


def _reads_any(configuration: Configuration) -> bool:
    return any(_has_code(configuration.texts.get(file.file, "")) for file in configuration.read_colang)


def _is_whole(configuration: Configuration, file: ColangFile) -> bool:
    """Whether all definitions of the file are in the version that NeMo takes it for."""
    text = configuration.texts.get(file.file, "")
    if file.version == "2.x":
        return bool(file.flows or file.imports) and not _DEFINE.search(text)
    return not re.search(r"^(?:flow\s|import\s|@)", text, re.MULTILINE)


def _begins(file: ColangFile) -> bool:
    """Whether Colang 2.x could run from here: it needs ``flow main``, and an import for all that it calls."""
    return bool(file.imports) or any(flow.name == "main" for flow in file.flows)


def _has_misspelt_version(configuration: Configuration) -> bool:
    """Whether the version is there under another key, which the rule unknown-key reports."""
    keys = configuration.catalogue.data["keys"]
    for file in configuration.yaml_files:
        for name, value in file.data.items():
            if name not in keys["keys"] and (
                (name == "version" and value == "2.x") or meant(str(name), value, keys) == "colang_version"
            ):
                return True
    return False


def _by_version(configuration: Configuration, lost: list[tuple[ColangFile, Place]]) -> Found:
    file, place = lost[0]
    refused, _ = missed_rails(configuration, [flow for other, _ in lost for flow in other.flows])
    written = configuration.joined.place(_VERSION)
    names = f"`{_name(file)}`" if len(lost) == 1 else f"all {len(lost)} Colang files"
    verb = "is" if len(lost) == 1 else "are"
    mend = f'write `colang_version: "{file.version}"`'
    if written is None:
        first = configuration.yaml_files[0] if configuration.yaml_files else None
        # There is no line to point at: the version belongs at the top, beside the first key.
        where = first.place((next(iter(first.data)),), key=True) if first and first.data else place
        message = f"{names} {verb} skipped: `colang_version` is missing"
        mend += f" in {_name_of(first.file)}" if first else " in config.yml"
    else:
        where = written
        message = f"{names} {verb} skipped: written in Colang {file.version}"
    return Found(
        message,
        where,
        f"NeMo reads Colang {configuration.generation} files only, and skips {names} without a word{refused}",
        mend,
        path=_VERSION,
        value=sorted(_name(file) for file, _ in lost),
        related=tuple(Related(place, f"Colang {file.version}, not read") for file, place in lost[:5]),
    )


def _by_file(configuration: Configuration, file: ColangFile, place: Place) -> Found:
    name = _name(file)
    refused, listed = missed_rails(configuration, file.flows)
    if file.version == "1.0":
        line = _define_line(configuration.texts.get(file.file, ""))
        at = Place.at(file.file, line[0], line[1], len("define")) if line else place
        whole = _is_whole(configuration, file)
        return Found(
            f"`{name}` is skipped: a line that begins with `define` makes it Colang 1.0",
            at,
            f"NeMo reads Colang 2.x files only, and skips the whole file without a word{refused}",
            "write the file in Colang 2.x"
            if whole
            else "write this line in Colang 2.x, or begin it otherwise",
            value=name,
            related=(*_version_place(configuration), *listed),
        )
    wrong = [flow for flow in file.flows if not re.match(r"define\b", flow.name)]
    return Found(
        f"`{name}` is skipped: no line begins with `define`, which makes it Colang 2.x",
        place,
        f"NeMo reads Colang 1.0 files only, and skips the whole file without a word{refused}",
        "write `define` before each definition" + (", as Colang 1.0 does" if wrong else ""),
        value=name,
        related=(*_version_place(configuration), *listed),
    )


def _version_place(configuration: Configuration) -> tuple[Related, ...]:
    written = configuration.joined.place(_VERSION)
    return (Related(written, "the version is set here"),) if written is not None else ()


def _define_line(text: str) -> tuple[int, int] | None:
    """Line and column of the first line that NeMo's test finds, with what it takes out left standing."""
    blank = re.sub(r'"""(?:.|\n)*?"""', lambda found: "\n" * found[0].count("\n"), text)
    for number, line in enumerate(blank.split("\n"), 1):
        found = re.match(r"\s*(define)", line.split("#")[0])
        if found is not None:
            return number, found.start(1) + 1
    return None


def _name(file: ColangFile) -> str:
    return _name_of(file.file)


def _name_of(file: str) -> str:
    return file.rpartition("/")[2]
