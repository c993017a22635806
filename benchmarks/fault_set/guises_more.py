# ruff: noqa: E501
"""More guises of the faults, thought out after the others were found."""

from __future__ import annotations

from typing import Final

from .editing import add, both, every, only, swap
from .records import Guise

__all__ = ["MORE"]

_IN: Final = "own-actions|own-and-library|parallel"
_MODERN_OWN: Final = "modern-own|modern-mixed"

MORE: Final = (
    Guise(
        "flow logic",
        "refusal moved out of the branch",
        "B",
        only(
            "own-actions",
            swap(
                r"^  if \$unwanted\n    (bot refuse .*)\n    stop",
                r"  if $unwanted\n    $seen = True\n  \1\n  stop",
            ),
        ),
        ("unheeded-verdict",),
        level="any",
    ),
    Guise(
        "flow logic",
        "text true in lower case",
        "C",
        only(_IN, swap(r"if \$unwanted", 'if $unwanted == "true"')),
        ("unheeded-verdict",),
    ),
    Guise(
        "flow logic",
        "compared with 2",
        "C",
        only(_IN, swap(r"if \$unwanted", "if $unwanted > 1")),
        ("unheeded-verdict",),
    ),
    Guise(
        "look-alike",
        "argument in quotes",
        "clean",
        only(
            _IN,
            both(
                swap(r"question\n  if", 'question(text="$user_message")\n  if', "*rails.co"),
                swap(
                    r"question\(context: Optional\[dict\] = None\)(.*\n.*\n    text = ).*",
                    r'question(text: str = "")\1text or ""',
                    "actions.py",
                ),
            ),
        ),
    ),
    Guise(
        "flow logic",
        "argument left out",
        "C",
        only(
            _IN,
            swap(
                r"question\(context: Optional\[dict\] = None\)(.*\n.*\n    text = ).*",
                r'question(text: str = "")\1text or ""',
                "actions.py",
            ),
        ),
        ("wrong-action-arguments", "blind-rail"),
        level="any",
        at=(("*rails.co", "execute check"), ("*rails.co", "define flow")),
    ),
    Guise(
        "flow logic",
        "argument of another name",
        "C",
        only(
            _IN,
            both(
                swap(r"question\n  if", "question(text=$user_input)\n  if", "*rails.co"),
                swap(
                    r"question\(context: Optional\[dict\] = None\)(.*\n.*\n    text = ).*",
                    r'question(text: str = "")\1text or ""',
                    "actions.py",
                ),
            ),
        ),
        ("never-set-variable",),
        level="any",
        at=(("*rails.co", "execute check"),),
    ),
    Guise(
        "flow logic",
        "tests the action's name",
        "C",
        only(_IN, swap(r"if \$unwanted", "if $check_<<slug>>_question")),
        ("never-set-variable",),
        level="any",
    ),
    Guise(
        "flow logic",
        "two flows share a variable wrongly",
        "C",
        only(_IN, swap(r"^  \$unwanted = execute", "  $result = execute")),
        ("never-set-variable", "unheeded-verdict"),
        level="any",
    ),
    Guise(
        "flow logic",
        "stop before the check",
        "B",
        only(_IN, swap(r"^(  \$unwanted = )", r"  stop\n\1")),
        (),
        level="any",
        judged=False,
    ),
    Guise(
        "flow logic",
        "member that is not there",
        "C",
        only(_IN, swap(r"if \$unwanted", "if $unwanted.blocked")),
        (),
        level="any",
        judged=False,
    ),
    Guise(
        "context key",
        "subscript of another name",
        "B",
        only(_IN, swap(r'\(context or \{\}\)\.get\("user_message"\) or ""', 'context["user_msg"]')),
        ("unknown-context-key",),
        level="any",
    ),
    Guise(
        "context key",
        "misspelt",
        "C",
        only(_IN, swap(r'get\("user_message"\)', 'get("user_mesage")')),
        ("unknown-context-key",),
        level="any",
    ),
    Guise(
        "context key",
        "of the prompts",
        "C",
        only(_IN, swap(r'get\("bot_message"\)', 'get("bot_output")')),
        ("unknown-context-key",),
        level="any",
    ),
    Guise(
        "not a list",
        "flows as text",
        "A",
        only("one-file", swap(r"    flows:\n      - self check input\n", "    flows: self check input\n")),
        (),
    ),
    Guise(
        "not a list",
        "input empty",
        "A",
        only("one-file", swap(r"^  input:\n    flows:\n      - self check input\n", "  input:\n")),
        (),
        level="any",
    ),
    Guise(
        "not a list",
        "entities as text",
        "A",
        only("detection", swap(r"entities: \[EMAIL_ADDRESS\]", "entities: EMAIL_ADDRESS")),
        (),
    ),
    Guise(
        "template",
        "unknown filter",
        "B",
        only("one-file|prompts-apart", swap(r"\{\{ user_input \}\}", "{{ user_input | trimmed }}")),
        (),
        level="any",
    ),
    Guise(
        "template",
        "one brace missing",
        "B",
        only("one-file|prompts-apart", swap(r"\{\{ user_input \}\}", "{{ user_input }")),
        (),
        level="any",
    ),
    Guise(
        "template",
        "a blank in the name",
        "B",
        only("one-file|prompts-apart", swap(r"\{\{ user_input \}\}", "{{ user input }}")),
        (),
        level="any",
    ),
    Guise(
        "guardrails not imported",
        "misspelt",
        "A",
        only("modern-*", every("^import guardrails$", "import guardrail")),
        ("does-not-load", "guardrails-not-imported", "undefined-flow"),
        level="any",
    ),
    Guise(
        "no abort",
        "refusal after the abort",
        "C",
        only(_MODERN_OWN, swap(r"^(    bot .*)\n    abort\n", r"    abort\n\1\n")),
        (),
        level="any",
        judged=False,
    ),
    Guise(
        "no abort",
        "abort outside the branch",
        "B",
        only(_MODERN_OWN, swap(r"^    abort\n", "  abort\n")),
        (),
        level="any",
        judged=False,
    ),
    Guise(
        "not awaited",
        "action activated",
        "C",
        only("modern-mixed", swap(r"^  self check input$", "  activate self check input")),
        ("unawaited-check",),
        level="any",
    ),
    Guise(
        "wrong argument",
        "other global",
        "C",
        only(_MODERN_OWN, swap(r"QuestionAction\(text=\$\w+\)", "QuestionAction(text=$user_message)")),
        ("unset-variable",),
        level="any",
    ),
    Guise(
        "wrong argument",
        "answer checked in the input rail",
        "C",
        only("modern-mixed", swap(r"AnswerAction\(text=\$output_text\)", "AnswerAction(text=$input_text)")),
        ("unset-variable",),
        level="any",
    ),
    Guise(
        "wrong argument",
        "no argument",
        "B",
        only(_MODERN_OWN, swap(r"QuestionAction\(text=\$\w+\)", "QuestionAction()")),
        ("wrong-action-arguments",),
        level="any",
    ),
    Guise(
        "hollow override",
        "returns",
        "C",
        only("modern-library", swap(r"\Z", "\n@override\nflow self check input\n  return\n", "main.co")),
        ("hollow-override",),
    ),
    Guise(
        "look-alike",
        "refusal without words",
        "clean",
        only(
            "modern-library", swap(r"\Z", '\n@override\nflow bot refuse to respond\n  log "no"\n', "main.co")
        ),
    ),
    Guise(
        "unserved entity",
        "of another country",
        "C",
        only("detection", swap("IBAN_CODE", "IT_FISCAL_CODE")),
        ("unserved-entity",),
        judged=False,
        level="any",
    ),
    Guise(
        "unserved entity",
        "MRN",
        "C",
        only("detection", swap("IBAN_CODE", "MRN")),
        ("unserved-entity",),
        judged=False,
        level="any",
    ),
    Guise(
        "unserved entity",
        "credit card",
        "C",
        only("detection", swap("CREDIT_CARD", "credit_card")),
        ("unserved-entity",),
        judged=False,
        level="any",
    ),
    Guise(
        "unserved entity",
        "person",
        "C",
        only("detection", swap("IBAN_CODE", "NAME")),
        ("unserved-entity",),
        judged=False,
        level="any",
    ),
    Guise(
        "unserved entity",
        "of a block",
        "C",
        only("personal-data", swap("- CREDIT_CARD", "- CREDITCARD")),
        ("unserved-entity",),
        judged=False,
        level="any",
    ),
    Guise(
        "fail open",
        "status not looked at",
        "D",
        only(
            _IN,
            swap(
                r'    text = \(context or \{\}\)\.get\("user_message"\) or ""\n    return .*\n',
                '    import httpx\n\n    answer = httpx.post("http://checks.internal", json=context["user_message"])\n'
                '    if answer.status_code != 200:\n        return False\n    return bool(answer.json()["bad"])\n',
            ),
        ),
        ("fail-open-action",),
        judged=False,
    ),
    Guise(
        "fail open",
        "timeout only",
        "D",
        only(
            _IN,
            swap(
                r'    text = \(context or \{\}\)\.get\("user_message"\) or ""\n    return .*\n',
                '    import httpx\n\n    try:\n        answer = httpx.post("http://checks.internal", json=context["user_message"])\n'
                '    except httpx.TimeoutException:\n        return False\n    return bool(answer.json()["bad"])\n',
            ),
        ),
        ("fail-open-action",),
        judged=False,
    ),
    Guise(
        "fail open",
        "or False",
        "D",
        only(
            _IN,
            swap(
                r'    text = \(context or \{\}\)\.get\("user_message"\) or ""\n    return .*\n',
                '    import httpx\n\n    result = None\n    try:\n        result = httpx.post("http://checks.internal", json=context["user_message"]).json()\n'
                '    except Exception:\n        print("down")\n    return bool(result)\n',
            ),
        ),
        ("fail-open-action",),
        judged=False,
    ),
    Guise(
        "second prompt",
        "empty stub in a sub folder",
        "C",
        only(
            "one-file|prompts-apart",
            add(
                "prompts/output.yml",
                "prompts:\n  - task: self_check_output\n    content: |\n      Is it fine? Answer yes or no.\n",
            ),
        ),
        ("shadowed-prompt", "prompt-without-text", "inverted-question"),
        level="any",
        at=(("*.yml", "task: self_check_output"),),
    ),
    # What only looks like a fault.
    Guise(
        "look-alike",
        "parameter of another name",
        "clean",
        only(
            _MODERN_OWN,
            both(
                swap(r"^flow input rails \$input_text", "flow input rails $said"),
                every(r"\$input_text", "$said", "*.co"),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "unknown word for a good verdict",
        "clean",
        only("own-actions|output-only", every(r"\$fine", "$verdict", "*.co")),
    ),
    Guise(
        "look-alike",
        "helper returns the verdict",
        "clean",
        only(
            _IN,
            both(
                swap(
                    r'    text = \(context or \{\}\)\.get\("user_message"\) or ""\n    return (.*)\n',
                    '    return _is_unwanted((context or {}).get("user_message") or "")\n',
                    "actions.py",
                ),
                add(
                    "actions.py",
                    '\n\ndef _is_unwanted(text: str) -> bool:\n    """By the list."""\n    return any(words.lower() in text.lower() for words in UNWANTED)\n',
                    end=True,
                ),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "one text for each verdict",
        "clean",
        only(
            "own-actions|output-only",
            both(
                swap(r"if not \$fine", 'if $fine != "yes"', "*rails.co"),
                swap(
                    r"answer\((.*)\) -> bool:\n(.*)\n(.*)\n    return (.*)\n",
                    r'answer(\1) -> str:\n\2\n\3\n    return "yes" if \4 else "no"\n',
                    "actions.py",
                ),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "empty text for a clean one",
        "clean",
        only(
            "own-actions|parallel",
            swap(
                r"question\((.*)\) -> bool:\n(.*)\n(.*)\n    return (.*)\n",
                r'question(\1) -> str:\n\2\n\3\n    return ", ".join(words for words in UNWANTED if words.lower() in text.lower())\n',
                "actions.py",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "both texts looked at",
        "clean",
        only(
            "own-actions|output-only",
            swap(
                r'    text = \(context or \{\}\)\.get\("bot_message"\) or ""\n',
                '    asked = (context or {}).get("user_message") or ""\n    text = asked and (context or {}).get("bot_message") or ""\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "debug switch in code",
        "clean",
        only(
            _IN,
            swap(
                r"^    return any\(words.lower\(\) in text.lower\(\) for words in UNWANTED\)",
                "    for words in UNWANTED:\n        if words.lower() in text.lower():\n            return True\n    return False",
                "actions.py",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "logs and raises",
        "clean",
        only(
            _IN,
            swap(
                r"^    return any\(words.lower\(\) in text.lower\(\) for words in UNWANTED\)",
                "    try:\n        return any(words.lower() in text.lower() for words in UNWANTED)\n    except AttributeError as error:\n"
                '        raise ValueError("no text") from error',
                "actions.py",
            ),
        ),
    ),
)
"""The guises of this family."""
