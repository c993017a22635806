"""The repository as it was: git's own answer to what a change is compared with.

Only ``git`` is asked, with fixed arguments; nothing of the work tree, the index or the branches is touched.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from guardlint.errors import UsageError
from guardlint.source.record import record

__all__ = ["Base", "base_of", "changed_paths", "git", "top_of", "write_tree"]

# What a check reads: configurations, pins, images, team files, and nothing that is only large.
_ENDINGS = (
    ".yml", ".yaml", ".co", ".py", ".md", ".toml", ".txt", ".in", ".lock", ".cfg", ".sh", ".railsignore",
    ".python-version", "Makefile", "Pipfile",
)  # fmt: skip
_IMAGES = ("dockerfile", "containerfile")
_OWN = ("config.yml", "config.yaml")
# In bytes: nothing of a configuration that is larger is read as text.
_LARGE = 1_000_000


@record
class Base:
    """The commit that a change starts from; ``commit`` is None where everything is new.

    ``moved`` maps folders of the base to the folders that their files went to. ``notice`` says what could
    not be found out.
    """

    commit: str | None
    moved: dict[str, str]
    notice: str | None = None


def top_of(folder: Path) -> Path:
    """The top of the work tree that ``folder`` is in. Raises UsageError where it is in none."""
    return Path(git(folder, "rev-parse", "--show-toplevel").strip())


def base_of(top: Path, ref: str) -> Base:
    """What the present state is compared with: where it left ``ref``, or ``ref`` itself.

    Raises UsageError, with the mend, for a reference that does not exist, or that a shallow clone has not.
    """
    if ref.strip("0") == "" and len(ref) >= 7:
        return Base(None, {}, "there is no commit before this one: everything counts as new")
    commit = _ask(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    shallow = _ask(top, "rev-parse", "--is-shallow-repository") == "true"
    if commit is None:
        if _ask(top, "rev-parse", "--verify", "--quiet", "HEAD") is None:
            return Base(None, {}, "the repository has no commit yet: everything counts as new")
        raise UsageError(
            f"git knows no commit `{ref}`",
            place=str(top),
            help=f"the clone is shallow: `git fetch --depth=1 origin {ref}`, or clone with the whole history"
            if shallow
            else "name a branch, a tag or a commit; in CI, fetch it first",
        )
    start = _ask(top, "merge-base", commit, "HEAD")
    notice = None
    if start is None:
        why = "the clone is shallow" if shallow else "the two share no history"
        notice = f"{why}, so that the change is compared with the newest `{ref}`"
    return Base(start or commit, _moved(top, start or commit), notice)


def changed_paths(top: Path, commit: str) -> frozenset[str]:
    """What differs between ``commit`` and the work tree, ignored files included; folders end in ``/``."""
    differs = git(top, "diff", "--name-only", "-z", "--no-renames", commit).split("\0")
    others = git(top, "ls-files", "--others", "--directory", "-z").split("\0")
    # Python writes those whenever somebody runs the application.
    kept = (name for name in others if not name.endswith(("__pycache__/", ".pyc")))
    return frozenset(filter(None, (*differs, *kept)))


def write_tree(top: Path, commit: str, folder: Path) -> None:
    """Write the files of ``commit`` that a check reads below ``folder``, which is to be empty.

    Of what is large in a configuration a check wants to know that it is there: it is written empty.
    """
    sizes = dict(_files_of(top, commit))
    inside = _in_configurations(sizes)
    names = {name for name in sizes if name.endswith(_ENDINGS) or _is_image(name)}
    names |= {name for name in inside if sizes[name] <= _LARGE}
    environ = {"GIT_INDEX_FILE": str(folder / ".git-index")}
    git(top, "read-tree", commit, environ=environ)
    git(
        top,
        "checkout-index",
        "-q",
        "-z",
        "--stdin",
        f"--prefix={folder}{os.sep}",
        environ=environ,
        text="".join(f"{name}\0" for name in sorted(names)),
    )
    (folder / ".git-index").unlink()
    # The searches that end at the top of a repository end here too.
    (folder / ".git").mkdir()
    for name in inside - names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def _files_of(top: Path, commit: str) -> Iterator[tuple[str, int]]:
    """The files of a commit with their sizes in bytes; other repositories inside are none."""
    for line in git(top, "ls-tree", "-r", "-l", "-z", "--full-tree", commit).split("\0"):
        facts, _, name = line.partition("\t")
        size = facts.rpartition(" ")[2]
        if name and size.isdigit():
            yield name, int(size)


def _is_image(name: str) -> bool:
    last = name.rpartition("/")[2].lower()
    return any(word in last for word in _IMAGES)


def _in_configurations(names: Iterable[str]) -> set[str]:
    """Those of the files that lie in what seems to be a configuration."""
    homes = {
        name.rpartition("/")[0] for name in names if name.endswith(".co") or name.rpartition("/")[2] in _OWN
    }
    return {
        name
        for name in names
        if any(
            str(above) in homes or (str(above) == "." and "" in homes)
            for above in PurePosixPath(name).parents
        )
    }


def git(folder: Path, *arguments: str, environ: dict[str, str] | None = None, text: str = "") -> str:
    """What git prints. Raises UsageError, with git's own last line, where it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            check=False,
            capture_output=True,
            input=text.encode(),
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **(environ or {})},
        )
    except FileNotFoundError:
        raise UsageError("git is not installed", help="the gate compares with a commit") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1].removeprefix("fatal: ")
        raise UsageError(f"git: {said or 'failed'}", place=str(folder))
    return done.stdout.decode("utf-8", "surrogateescape")


def _ask(top: Path, *arguments: str) -> str | None:
    try:
        return git(top, *arguments).strip() or None
    except UsageError:
        return None


def _moved(top: Path, commit: str) -> dict[str, str]:
    """Folders whose files went to another folder, most of them to one."""
    listed = git(top, "diff", "--name-status", "-z", "-M", "--diff-filter=R", commit).split("\0")
    votes: dict[str, Counter[str]] = {}
    for index in range(0, len(listed) - 2, 3):
        old, new = PurePosixPath(listed[index + 1]), PurePosixPath(listed[index + 2])
        # A folder moves with all that is below it: compare every pair of parents with one tail.
        for before, after in zip(old.parents, new.parents, strict=False):
            if old.relative_to(before) != new.relative_to(after):
                break
            votes.setdefault(str(before), Counter())[str(after)] += 1
    return {
        before: after
        for before, counts in votes.items()
        for after, _ in counts.most_common(1)
        if before != after and "." not in (before, after)
    }
