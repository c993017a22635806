"""What PyYAML has against a text, in words of our own, and where: asked only of files that it refuses."""

from __future__ import annotations

from guardlint.source.place import Place
from guardlint.source.pyyaml import yaml
from guardlint.source.yaml_limits import children_of

__all__ = ["bad_scalar", "problem_place", "reason"]


def problem_place(error: yaml.MarkedYAMLError, text: str, file: str) -> Place:
    """Where the problem is; what is noticed at the end of the file is shown where it began."""
    last = text.rstrip().count("\n")
    marks = (error.problem_mark, error.context_mark)
    # The line that should have been a key, not the one at which that became clear.
    for mark in marks[::-1] if "expected ':'" in (error.problem or "") else marks:
        if mark is not None and mark.line <= last:
            return Place.at(file, mark.line + 1, mark.column + 1)
    return Place.at(file, last + 1, len(text.rstrip()) - (text.rstrip().rfind("\n") + 1) or 1)


def reason(error: yaml.MarkedYAMLError) -> str:
    """What is wrong, as a part of a sentence."""
    problem = (error.problem or "it cannot be parsed").strip()
    if "single document" in (error.context or "") or "another document" in problem:
        return "a second YAML document begins here, and NeMo reads one document a file"
    if "could not determine a constructor for the tag" in problem:
        return f"the tag {problem.rsplit(' ', 1)[-1]} is unknown to NeMo's safe loader"
    return problem.replace("\\t", "a tab").replace("'\t'", "a tab")


def bad_scalar(text: str, file: str) -> Place:
    """PyYAML does not say where a date such as 2026-13-45 stands; find the scalar that cannot be made."""
    loader = yaml.SafeLoader(text)
    root = loader.get_single_node()
    stack = [root] if root is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.ScalarNode):
            try:
                loader.construct_object(node)
            except yaml.constructor.ConstructorError:
                pass  # of a merge key nothing is made by itself
            except (ValueError, OverflowError):
                return Place.at(file, node.start_mark.line + 1, node.start_mark.column + 1, len(node.value))
        stack.extend(reversed(children_of(node)))
    return Place.at(file)
