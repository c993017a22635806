"""The repository as it was: git's own answer to what a change is compared with.

Only ``git`` is asked, with fixed arguments; nothing of the work tree, the index or the branches is touched.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path, PurePosixPath

from guardlint.errors import UsageError
from guardlint.source.record import record

__all__ = ["Base", "base_of", "git", "top_of", "write_tree"]

# What a check reads: configurations, pins, team files, and nothing that is only large.
_ENDINGS = (".yml", ".yaml", ".co", ".py", ".md", ".toml", ".txt", ".lock", ".cfg", ".railsignore")


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


def write_tree(top: Path, commit: str, folder: Path) -> None:
    """Write the files of ``commit`` that a check reads below ``folder``, which is to be empty."""
    listed = git(top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    names = [name for name in listed.split("\0") if name.endswith(_ENDINGS)]
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
        text="".join(f"{name}\0" for name in names),
    )
    (folder / ".git-index").unlink()


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
