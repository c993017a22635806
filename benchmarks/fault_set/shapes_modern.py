"""Sound configurations of Colang 2.x, as texts with the domain's words left open."""

from __future__ import annotations

from typing import Final

__all__ = ["MODERN"]

_HEAD: Final = """\
colang_version: "2.x"
models:
  - type: main
    engine: openai
    model: gpt-4o-mini
"""
_PROMPTS: Final = """\
prompts:
  - task: self_check_input
    content: |
      Policy of <<company>>: only <<topic>>.
      User message: "{{ user_input }}"
      Should the user message be blocked (Yes or No)?
      Answer:
  - task: self_check_output
    content: |
      Bot message: "{{ bot_response }}"
      Should the message of <<assistant>> be blocked (Yes or No)?
      Answer:
"""
_ACTIONS: Final = '''\
"""Checks of <<company>>."""

from nemoguardrails.actions import action


@action(name="Check<<Slug>>QuestionAction")
async def check_question(text: str) -> bool:
    """True where the customer asks for something that we must not do."""
    return "<<phrase>>".lower() in text.lower()


@action(name="Check<<Slug>>AnswerAction")
async def check_answer(text: str) -> bool:
    """True where the answer may be sent."""
    return "<<leak>>".lower() not in text.lower()
'''
_MAIN: Final = """\
import core
import llm

flow main
  user said something
  $answer = ..."The answer of <<assistant>>, in quotes."
  bot say $answer
"""

MODERN: Final[dict[str, dict[str, str]]] = {
    "modern-own": {
        "config.yml": _HEAD,
        "main.co": _MAIN.replace("import llm\n", "import guardrails\nimport llm\n"),
        "rails.co": """\
import guardrails
import nemoguardrails.library.self_check.input_check

flow input rails $input_text
  check <<slug>> question $input_text

flow output rails $output_text
  check <<slug>> answer $output_text

flow check <<slug>> question $text
  $unwanted = await Check<<Slug>>QuestionAction(text=$text)
  if $unwanted
    bot refuse <<thing>> request
    abort

flow check <<slug>> answer $text
  $fine = await Check<<Slug>>AnswerAction(text=$text)
  if not $fine
    bot refuse <<thing>> request
    abort

flow bot refuse <<thing>> request
  bot say "That is nothing <<assistant>> may talk about."
""",
        "actions.py": _ACTIONS,
    },
    "modern-library": {
        "config.yml": _HEAD + _PROMPTS,
        "main.co": """\
import core
import llm
import guardrails
import nemoguardrails.library.self_check.input_check
import nemoguardrails.library.self_check.output_check

flow main
  activate answering

@loop("answers")
flow answering
  user said something as $said
  $answer = ..."What <<assistant>> says to the customer. Wrap it in quotes."
  bot say $answer

flow input rails $input_text
  self check input

flow output rails $output_text
  self check output
""",
    },
    "modern-mixed": {
        "config.yml": _HEAD,
        "prompts.yml": _PROMPTS,
        "flows/main.co": _MAIN,
        "flows/rails.co": """\
import guardrails
import nemoguardrails.library.self_check.input_check

# What <<company>> looks at before anything else.
flow input rails $input_text
  \"\"\"Two looks at what the customer says.\"\"\"
  self check input
  $unwanted = await Check<<Slug>>QuestionAction(text=$input_text)
  if $unwanted
    bot inform cannot help
    abort

flow output rails $output_text
  $fine = await Check<<Slug>>AnswerAction(text=$output_text)
  if $fine == False
    bot inform cannot help
    abort

flow bot inform cannot help
  bot say "Please call <<company>> about that."
""",
        "actions.py": _ACTIONS,
    },
}
"""Files by shape; ``<<name>>`` stands for the domain's word."""
