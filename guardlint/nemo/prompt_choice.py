"""Which of several prompts NeMo takes for a task (``llm/prompts.py``).

Every prompt of the task is scored by how well its ``models`` fit the model that answers, halved when it is
of the standard mode and another is asked for; the best wins, the last one at equal score. A prompt whose
``models`` fit nothing scores nothing and still wins when it is alone. NeMo's own prompts for its dialog tasks
stand before the team's: at equal score the team's wins, and one of NeMo's that is made for the model beats a
team's prompt that names no models.

The model that counts is the one of the task's own type, else main: for ``content_safety_check_input
$model=x`` that is main, although x is asked. What ``PROMPTS_DIR`` of the process adds is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guardlint.nemo.configuration import Configuration, Prompt
from guardlint.nemo.once import once
from guardlint.nemo.prompt import BuiltinPrompt

__all__ = ["answering_model", "choose_prompt", "model_name", "prompt_score", "taken_prompt"]

_GENERAL = 0.2


def answering_model(configuration: Configuration, task: str) -> str:
    """``engine/model`` that a task's prompts must fit: its own type's, else main's, else ``unknown``."""
    for wanted in (task, "main"):
        for model in configuration.models:
            if model.get("type") == wanted:
                return model_name(model)
    return "unknown"


def choose_prompt(configuration: Configuration, task: str) -> Prompt | None:
    """The team's prompt that NeMo takes for ``task``; None where it takes one of its own, or finds none."""
    taken = taken_prompt(configuration, task)
    return taken if isinstance(taken, Prompt) else None


@once
def taken_prompt(configuration: Configuration, task: str) -> Prompt | BuiltinPrompt | None:
    """The prompt that NeMo takes for ``task``; None where there is none of a fitting mode."""
    model = answering_model(configuration, task).lower()
    mode = str(configuration.effective(("prompting_mode",)) or "standard")
    candidates: list[Prompt | BuiltinPrompt] = [
        BuiltinPrompt(task, file, row) for file, row in configuration.catalogue.builtin_prompts.get(task, ())
    ]
    candidates += [prompt for prompt in configuration.prompts if prompt.task == task]
    best: tuple[float, Prompt | BuiltinPrompt] | None = None
    for prompt in candidates:
        score = prompt_score(prompt.data, model, mode)
        if score is not None and (best is None or score >= best[0]):
            best = (score, prompt)
    return best[1] if best else None


def prompt_score(data: dict[str, Any], model: str, mode: str) -> float | None:
    """How well a prompt fits; None when its mode excludes it. ``model`` is in lower case."""
    models = data.get("models")
    score = _models_score(models, model) if isinstance(models, list) and models else _GENERAL
    own_mode = data.get("mode", "standard")
    if own_mode == mode:
        return score
    return score * 0.5 if own_mode == "standard" else None


def _models_score(models: Sequence[Any], model: str) -> float:
    """The score of the first pattern that fits. Patterns are compared as written, the model in lower case."""
    path = model.split("/", 1)[-1]
    for pattern in map(str, models):
        if pattern == model:
            return 1.0
        if "/" in pattern and path.startswith(pattern):
            return 0.8 if pattern == path else 0.9
        if model.startswith(f"{pattern}/"):
            return 0.5
        if model.endswith(f"/{pattern}"):
            return 0.8
        if pattern in model:
            return 0.4
    return 0.0


def model_name(model: dict[str, Any]) -> str:
    """``engine/model`` of an entry of ``models``, as NeMo spells it; the engine alone without a model."""
    parameters = model.get("parameters")
    inner = parameters if isinstance(parameters, dict) else {}
    name = str(model.get("model") or inner.get("model_name") or inner.get("model") or "")
    engine = str(model.get("engine"))
    return f"{engine}/{name}" if name else engine
