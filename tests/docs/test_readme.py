"""README.md and docs/ say what is so: every command and every example in them is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
READ_TOO = [
    *sorted((ROOT / "docs" / "rules").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "policies").rglob("*.md")),
]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_page_tells_the_truth(reader, page: Path):
    """Its commands print what it shows, its Python runs, its YAML and JSON parse."""
    reader.run(page)


@pytest.mark.parametrize("page", [*PAGES, *READ_TOO], ids=_name)
def test_links_lead_somewhere(page: Path):
    """Each relative link of a page is a file or folder of the repository."""
    links = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_readme_shows_the_two_commands():
    """`make demo` and `make test` are what a stranger needs to know."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [command for command in ("$ make demo", "$ make test") if command not in text] == []


GOOD = """\
# A sample

```console
$ guardlint --version
guardlint, version
$ cd examples/claims-and-cards && \\
> guardlint check mended
1 configuration checked: no findings
$ guardlint check broken
...
error[unknown-key]: `pattern`
1 configuration checked:
$ guardlint check nowhere; echo "code $?"
no such file
code 2
$ make test
```

~~~python
from pathlib import Path
assert Path("examples/claims-and-cards/mended/config.yml").is_file()
~~~

```yaml
rails: {input: {flows: [self check input]}}
```

````text
```console
not a block of its own
```
````

<!-- not run: it would fetch from the network -->
```console
$ git clone https://example.com/guardlint
```
"""


def test_good_page(reader, tmp_path: Path):
    """Commands with output, long commands, exit codes, Python and YAML run; what is marked does not."""
    page = tmp_path / "good.md"
    page.write_text(GOOD, encoding="utf-8")
    assert reader.run(page) == 3


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("console", "$ echo one\ntwo", "bad.md:4: `echo one` does not print (in this order): two"),
        ("console", "$ printf 'a\\nb\\n'\nb\na", "does not print (in this order): a"),
        ("console", "$ false", "`false` ended with 1"),
        ("console", "$ guardlint chekc .\nDid you mean", "`guardlint chekc .` ended with 2"),
        ("console", "$ exit 0\n$ echo never", "the shell stopped early"),
        ("console", "guardlint check", "bad.md:4: no command before this line"),
        ("console", "", "a console block without a command"),
        ("console", "$ make release", "`make release` is none of make demo, make test"),
        ("bash", "guardlint check", "`bash` is not run, write `console`"),
        ("py", "import guardlint", "`py` is not run, write `python`"),
        ("python", "import guardlint.nowhere", "bad.md:3: the example fails"),
        ("yaml", "rails: [", "not YAML"),
        ("json", "{'a': 1}", "not JSON"),
    ],
)
def test_bad_page(reader, tmp_path: Path, language: str, text: str, said: str):
    """What is not as the page shows it, or cannot be checked, fails with page, line and reason."""
    page = tmp_path / "bad.md"
    page.write_text(f"# A sample\n\n```{language}\n{text}\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=re.escape(said)):
        reader.run(page)


def test_block_without_an_end(reader, tmp_path: Path):
    """A fence that is never closed would hide the rest of the page."""
    page = tmp_path / "open.md"
    page.write_text("```console\n$ true\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"open\.md:1: the block does not end"):
        reader.run(page)
