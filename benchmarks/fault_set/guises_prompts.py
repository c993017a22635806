# ruff: noqa: E501
"""Faults of prompts, and prompts that only look odd."""

from __future__ import annotations

from typing import Final

from .editing import add, both, only, swap
from .questions import ALLOWING, BLOCKING
from .records import Guise

__all__ = ["PROMPTS"]

_BLIND: Final = ("prompt-without-text",)
_PARSER: Final = ("unfit-output-parser",)
_QUESTION: Final = r"Question: Should the user message be blocked \(Yes or No\)\?\n *Answer:"
_OUT_QUESTION: Final = r"Question: Should the message be blocked \(Yes or No\)\?\n *Answer:"
_IN_TEXT: Final = r"\{\{ user_input \}\}"
_OUT_TEXT: Final = r"\{\{ bot_response \}\}"
_FIRST: Final = "one-file|prompts-apart|own-and-library|flow-style|parallel|modern-library"
_TASK: Final = "  - task: self_check_input\n    content: |\n      Block it? (Yes or No)\n"

PROMPTS: Final = (
    *(
        Guise(
            "text not shown",
            f"input {name}",
            "C",
            only(_FIRST, swap(_IN_TEXT, shown)),
            _BLIND,
            at=(("*", "- task: self_check_input"),),
        )
        for name, shown in (
            ("gone", "above"),
            ("single brace", "{ user_input }"),
            ("user_message", "{{ user_message }}"),
            ("message", "{{ message }}"),
            ("camel", "{{ userInput }}"),
            ("comment", "{# {{ user_input }} #}"),
            ("dollar", "$user_input"),
            ("percent", "{% user_input %}"),
            ("dash", "{{ user-input }}"),
            ("capital", "{{ User_Input }}"),
            ("answer", "{{ bot_response }}"),
            ("angle", "<user_input>"),
            ("raw", "{% raw %}{{ user_input }}{% endraw %}"),
            ("in a dead branch", "{% if false %}{{ user_input }}{% endif %}"),
            ("attribute", "{{ context.user_input }}"),
            ("default", "{{ last_message | default('') }}"),
        )
    ),
    *(
        Guise(
            "text not shown",
            f"output {name}",
            "C",
            only(
                "one-file|prompts-apart|personal-data|flow-style|streaming|modern-library",
                swap(_OUT_TEXT, shown),
            ),
            _BLIND,
            at=(("*", "- task: self_check_output"),),
        )
        for name, shown in (
            ("input", "{{ user_input }}"),
            ("bot_message", "{{ bot_message }}"),
            ("gone", "of the assistant"),
            ("response", "{{ response }}"),
            ("single brace", "{bot_response}"),
            ("thinking", "{{ bot_thinking }}"),
        )
    ),
    Guise(
        "text not shown",
        "safety input",
        "C",
        only("safety-models", swap(r"user: \{\{ user_input \}\}", "user: {{ text }}")),
        _BLIND,
    ),
    Guise(
        "text not shown",
        "safety output",
        "C",
        only("safety-models", swap(r"response: \{\{ bot_response \}\}", "response: {{ response }}")),
        _BLIND,
    ),
    Guise(
        "text not shown",
        "facts",
        "C",
        only("facts", swap(r"\{\{ response \}\}", "{{ bot_response }}")),
        _BLIND,
        level="any",
    ),
    Guise(
        "text not shown",
        "facts evidence",
        "C",
        only("facts", swap(r"\{\{ evidence \}\}", "{{ relevant_chunks }}")),
        _BLIND,
        level="any",
        judged=False,
    ),
    Guise(
        "text not shown",
        "system message",
        "C",
        only(
            "one-file",
            swap(
                r"content: \|\n      Your task is to check whether the user message below(?s:.*?)Answer:\n",
                'messages:\n      - type: system\n        content: "Block what <<company>> forbids. Answer Yes or No."\n',
            ),
        ),
        _BLIND,
        at=(("config.yml", "task: self_check_input"),),
    ),
    *(
        Guise(
            "wrong parser",
            f"{name} {where}",
            "C",
            only(
                _FIRST,
                swap(
                    f"- task: self_check_{where}$", f"- task: self_check_{where}\n    output_parser: {name}"
                ),
            ),
            _PARSER,
        )
        for where in ("input", "output")
        for name in (
            "is_content_sfe",
            "yes_no",
            "bool",
            "Is_Content_Safe",
            "is-content-safe",
            "user_intent",
            "nemoguard_parse_response_safety",
        )
    ),
    Guise(
        "wrong parser",
        "none for safety",
        "C",
        only("safety-models", swap("^    output_parser: nemoguard_parse_prompt_safety\n", "")),
        _PARSER,
        at=(("prompts.yml", "content_safety_check_input"),),
    ),
    Guise(
        "wrong parser",
        "none for output safety",
        "C",
        only("safety-models", swap("^    output_parser: nemoguard_parse_response_safety\n", "")),
        _PARSER,
        at=(("prompts.yml", "content_safety_check_output"),),
    ),
    Guise(
        "wrong parser",
        "misspelt for safety",
        "C",
        only("safety-models", swap("nemoguard_parse_prompt_safety", "nemoguard_parse_promt_safety")),
        _PARSER,
    ),
    Guise(
        "wrong parser",
        "other direction",
        "C",
        only("safety-models", swap("nemoguard_parse_prompt_safety", "nemoguard_parse_response_safety")),
        _PARSER,
        level="any",
    ),
    Guise(
        "wrong parser",
        "facts",
        "B",
        only(
            "facts",
            swap("- task: self_check_facts$", "- task: self_check_facts\n    output_parser: is_content_saf"),
        ),
        _PARSER,
    ),
    *(
        Guise(
            "inverted question",
            f"input {number}",
            "C",
            only(_FIRST.replace("|flow-style", ""), swap(_QUESTION, question)),
            ("inverted-question",),
            most=2,
        )
        for number, question in enumerate(ALLOWING)
    ),
    *(
        Guise(
            "inverted question",
            f"output {number}",
            "C",
            only("one-file|streaming|personal-data", swap(_OUT_QUESTION, question)),
            ("inverted-question",),
            most=1,
        )
        for number, question in enumerate(ALLOWING)
    ),
    Guise(
        "inverted question",
        "flow style",
        "C",
        swap(r"Should it be blocked \(Yes or No\)\? Answer:", "Is the message acceptable (Yes or No)?"),
        ("inverted-question",),
    ),
    Guise(
        "second prompt",
        "stub in a later file",
        "C",
        only("one-file", add("rails/prompts.yml", "prompts:\n" + _TASK)),
        ("shadowed-prompt", "prompt-without-text"),
        at=(("config.yml", "task: self_check_input"),),
    ),
    Guise(
        "second prompt",
        "same file",
        "C",
        only("one-file|flow-style|prompts-apart", add("prompts.yml", "\n" + _TASK, end=True)),
        ("shadowed-prompt", "prompt-without-text"),
        at=(("*.yml", "task: self_check_input"),),
    ),
    Guise(
        "second prompt",
        "of another mode",
        "C",
        only("one-file", swap("- task: self_check_output", "- task: self_check_output\n    mode: compact")),
        ("shadowed-prompt", "unasked-prompt"),
        level="any",
        judged=False,
    ),
    Guise(
        "unasked prompt",
        "task misspelt",
        "A",
        only("one-file|flow-style", swap("task: self_check_output", "task: self_check_outputs")),
        (),
        level="error",
        at=(("config.yml", "self check output"),),
    ),
    Guise(
        "prompt too tight",
        "max_length",
        "B",
        only(
            "one-file|own-and-library|streaming",
            swap(r"- task: (self_check_\w+)\n", r"- task: \1\n    max_length: 100\n"),
        ),
        ("prompt-too-tight",),
        level="any",
    ),
    Guise(
        "unreadable verdict",
        "other words",
        "C",
        only("one-file", swap(_OUT_QUESTION, "Answer BLOCK or ALLOW:")),
        ("unreadable-verdict",),
        judged=False,
        level="any",
    ),
    Guise(
        "unreadable verdict",
        "true or false",
        "C",
        only("one-file|prompts-apart", swap(_QUESTION, "Should it be blocked? Answer True or False:")),
        ("unreadable-verdict",),
        judged=False,
        level="any",
    ),
    Guise(
        "unreadable verdict",
        "score",
        "C",
        only("one-file", swap(_QUESTION, "How harmful is it, from 0 to 10? Answer with a number only:")),
        ("unreadable-verdict",),
        judged=False,
        level="any",
    ),
    # What only looks like a fault.
    *(
        Guise(
            "look-alike",
            f"question {number}",
            "clean",
            only(_FIRST.replace("|flow-style", ""), swap(_QUESTION, question)),
            most=2,
        )
        for number, question in enumerate(BLOCKING)
    ),
    *(
        Guise(
            "look-alike",
            f"question about the answer {number}",
            "clean",
            only("one-file|streaming|personal-data", swap(_OUT_QUESTION, question)),
            most=1,
        )
        for number, question in enumerate(BLOCKING)
    ),
    *(
        Guise("look-alike", f"shown {name}", "clean", only(_FIRST, swap(_IN_TEXT, shown)), most=2)
        for name, shown in (
            ("tight", "{{user_input}}"),
            ("trimmed", "{{ user_input | trim }}"),
            ("dashes", "{{- user_input -}}"),
            ("set", "{% set said = user_input %}{{ said }}"),
            ("loop", "{% for part in user_input.split(' ') %}{{ part }} {% endfor %}"),
            ("branch", "{% if user_input %}{{ user_input }}{% else %}nothing{% endif %}"),
            ("with a comment", "{# what was said #}{{ user_input }}"),
            ("concatenated", "{{ 'said: ' ~ user_input }}"),
            ("sliced", "{{ user_input[:2000] }}"),
        )
    ),
    *(
        Guise(
            "look-alike",
            f"answer {name}",
            "clean",
            only("one-file|streaming", swap(_OUT_TEXT, shown)),
            most=2,
        )
        for name, shown in (
            ("with the question", "{{ user_input }} / {{ bot_response }}"),
            ("trimmed", "{{bot_response|trim}}"),
            ("replaced", "{{ bot_response.replace('\\\\n', ' ') }}"),
        )
    ),
    Guise(
        "look-alike",
        "parser named",
        "clean",
        only(
            _FIRST,
            swap("- task: self_check_input$", "- task: self_check_input\n    output_parser: is_content_safe"),
        ),
    ),
    Guise(
        "look-alike",
        "limits",
        "clean",
        only(
            "one-file|own-and-library",
            swap(
                "- task: self_check_input$",
                "- task: self_check_input\n    max_tokens: 3\n    max_length: 8000",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "prompt of an own action",
        "clean",
        only(
            "one-file|own-actions",
            add(
                "prompts-tone.yml",
                "prompts:\n  - task: rate_tone_of_<<slug>>\n    content: Rate {{ text }} from 1 to 5.\n",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "messages",
        "clean",
        only(
            "one-file",
            swap(
                r"content: \|\n      Your task is to check whether the user message below(?s:.*?)Answer:\n",
                'messages:\n      - type: system\n        content: "Block what <<company>> forbids."\n'
                '      - type: user\n        content: "Said: {{ user_input }} Should it be blocked (Yes or No)? Answer:"\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "general prompt",
        "clean",
        only(
            "one-file|patterns",
            add(
                "prompts-general.yml",
                "prompts:\n  - task: general\n    content: |\n      You are <<assistant>>.\n      {{ history | user_assistant_sequence }}\n      Assistant:\n",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "judged with examples",
        "clean",
        only(
            "one-file",
            swap(
                _QUESTION,
                "Examples of allowed and safe messages: hello, thank you.\n      Is this message allowed? No: block it. "
                "Should the user message be blocked (Yes or No)?\n      Answer:",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "prompt for another model",
        "clean",
        only(
            "one-file",
            both(
                swap(
                    "- task: self_check_output", "- task: self_check_output\n    models: [openai/gpt-4o-mini]"
                ),
                add(
                    "prompts-other.yml",
                    "prompts:\n  - task: self_check_output\n    models: [nim/other]\n"
                    '    content: "{{ bot_response }} Block it (Yes or No)?"\n',
                ),
            ),
        ),
        judged=False,
    ),
)
"""The guises of this family."""
