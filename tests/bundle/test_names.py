"""File names that mean one file on every platform."""

from __future__ import annotations

import pytest

from guardlint.bundle.names import MAX_PATH_BYTES, name_fault, names_fault, split_name

ALLOWED = [
    "plan.yml",
    "team/.railsignore",
    "team/über uns/grüße.co",
    "team/kb/日本語.md",
    "team/console.md",
    "team/com10.txt",
    "team/..hidden",
    "team/" + "n" * 95,
    "p" * 155 + "/" + "n" * 100,
    "team/- -/~x&$().co",
]

REFUSED = {
    "": "is empty",
    "/etc/passwd": "is absolute",
    "//server/share": "is absolute",
    "../x": "climbs out of the bundle with '..'",
    "team/../../x": "climbs out of the bundle with '..'",
    "team/..": "climbs out of the bundle with '..'",
    "team//x": "has an empty or '.' part",
    "team/./x": "has an empty or '.' part",
    "./x": "has an empty or '.' part",
    "team/": "has an empty or '.' part",
    "team\\x": "has a backslash",
    "..\\x": "has a backslash",
    "C:/x": "has a character that Windows does not allow",
    "team/x:stream": "has a character that Windows does not allow",
    "team/what?.md": "has a character that Windows does not allow",
    "team/CON": "is a device on Windows",
    "team/nul.co": "is a device on Windows",
    "team/Com1.tar.gz": "is a device on Windows",
    "team/lpt²/x": "is a device on Windows",
    "team/aux .txt": "is a device on Windows",
    "team/conin$": "is a device on Windows",
    "team/x.": "has a part that ends with a dot or a blank, which Windows drops",
    "team/x /y": "has a part that ends with a dot or a blank, which Windows drops",
    "team/...": "has a part that ends with a dot or a blank, which Windows drops",
    "team/x\0y": "has a control or invisible character",
    "team/x\ny": "has a control or invisible character",
    "team/x\x7f": "has a control or invisible character",
    "team/x\x85": "has a control or invisible character",
    "team/\u202egpj.exe": "has a control or invisible character",
    "team/config\u200b.yml": "has a control or invisible character",
    "team/x\u2028y": "has a control or invisible character",
    "team/\ud800": "has a control or invisible character",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_ordinary_names_are_allowed(name: str) -> None:
    """Blanks, Unicode and dots in front are ordinary."""
    assert name_fault(name) is None


@pytest.mark.parametrize(("name", "fault"), REFUSED.items(), ids=ascii)
def test_dangerous_names_are_refused(name: str, fault: str) -> None:
    """Each with what is wrong with it."""
    assert fault == name_fault(name)


def test_long_names_are_refused() -> None:
    """What USTAR cannot hold is not abbreviated."""
    long = "n" * 101
    for name in (long, f"team/{long}", "p" * 156 + "/n", "/".join("d" * 60 for _ in range(5))):
        assert "is longer than the archive can hold" in str(name_fault(name)), name
    longest = "p" * 155 + "/" + "n" * 100
    assert MAX_PATH_BYTES == len(longest)
    assert (b"p" * 155, b"n" * 100) == split_name(longest.encode())


def test_length_is_counted_in_bytes() -> None:
    """51 letters of two bytes are too many for 100 bytes."""
    assert name_fault("ü" * 50) is None
    assert "is longer" in str(name_fault("ü" * 51))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("team/a.co", "team/A.co"),
        ("team/straße", "team/STRASSE"),
        ("team/\u00e9", "team/e\u0301"),
        ("team/\u00c9", "team/e\u0301"),
        ("team/dir/x", "team/DIR/y"),
        ("Team/x", "team/y"),
        ("team/\u212a", "team/k"),
    ],
)
def test_names_that_differ_only_in_case_or_form_clash(one: str, other: str) -> None:
    """On macOS and Windows they are one file; folders count too."""
    for names in ((one, other), (other, one)):
        assert "differ only in case or Unicode form" in str(names_fault(names))


def test_a_file_cannot_be_a_folder() -> None:
    """In either order, also under another case."""
    for names in (("team", "team/x"), ("team/x", "team")):
        assert "'team' is a file and a folder" == names_fault(names)
    assert names_fault(("team/x", "TEAM"))


def test_neighbours_live_in_peace() -> None:
    """Common folders and similar names are no clash."""
    assert names_fault(("team/a/x", "team/a/y", "team/ab", "company/a/x")) is None
