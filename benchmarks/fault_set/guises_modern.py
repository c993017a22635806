# ruff: noqa: E501
"""Faults of Colang 2.x flows, and flows that only look odd."""

from __future__ import annotations

from typing import Final

from .editing import add, both, every, only, swap
from .records import Guise

__all__ = ["COLANG2"]

_ALL: Final = "modern-*"
_OWN: Final = "modern-own|modern-mixed"
_IMPORT: Final = ("guardrails-not-imported", "undefined-flow")
_NAMED: Final = ("misnamed-rails-flow",)
_AT: Final = (("*.co", "flow input rails"), ("*.co", "flow output rails"), ("*.co", "import"))

COLANG2: Final = (
    Guise(
        "guardrails not imported",
        "removed everywhere",
        "C",
        only(_ALL, every("^import guardrails\n", "")),
        _IMPORT,
        at=_AT,
    ),
    Guise(
        "guardrails not imported",
        "commented",
        "C",
        only(_ALL, every("^import guardrails", "# import guardrails")),
        _IMPORT,
        at=_AT,
    ),
    Guise(
        "guardrails not imported",
        "inside a text",
        "C",
        only(
            _ALL,
            both(
                every("^import guardrails\n", ""),
                swap(r"^flow main\n", 'flow main\n  """\n  import guardrails\n  """\n'),
            ),
        ),
        _IMPORT,
        at=_AT,
    ),
    *(
        Guise(
            "misnamed rails flow",
            name,
            "C",
            only(_ALL, swap(r"^flow (input|output) rails ", name + " ")),
            _NAMED,
            level="any",
        )
        for name in (
            r"flow \1 rail",
            r"flow \1_rails",
            r"flow \1s rails",
            r"flow check \1 rails",
            r"flow rails \1",
            r"flow \1 Rails",
            r"flow run \1 rails",
        )
    ),
    Guise(
        "undefined flow",
        "library not imported",
        "C",
        only(
            "modern-library|modern-mixed",
            every("^import nemoguardrails.library.self_check.input_check\n", ""),
        ),
        ("undefined-flow",),
        at=(("*.co", "self check input"),),
    ),
    Guise(
        "undefined flow",
        "misspelt",
        "C",
        only(_ALL, swap("^  self check input$", "  self check inputs")),
        ("undefined-flow",),
        level="any",
    ),
    Guise(
        "undefined flow",
        "own misspelt",
        "C",
        only("modern-own", swap(r"^  check <<slug>> question", "  check <<slug>> qestion")),
        ("undefined-flow",),
    ),
    Guise(
        "undefined flow",
        "refusal",
        "C",
        only(_OWN, swap(r"^    bot (refuse|inform)", r"    bot \1s")),
        ("undefined-flow", "undefined-message"),
        level="any",
    ),
    Guise("no abort", "removed", "D", only(_OWN, swap(r"^    abort\n", "")), ("refusal-without-abort",)),
    Guise(
        "no abort",
        "return",
        "D",
        only(_OWN, swap(r"^    abort\n", "    return\n")),
        ("refusal-without-abort",),
    ),
    Guise("no abort", "stop", "A", only(_OWN, swap(r"^    abort\n", "    stop\n")), (), level="any"),
    Guise(
        "no abort",
        "in the last rail",
        "D",
        only("modern-mixed", swap(r"(?s)(bot inform cannot help\n)    abort\n(\nflow bot)", r"\1\2")),
        ("refusal-without-abort",),
        at=(("*.co", "bot inform cannot help"),),
    ),
    Guise(
        "not awaited",
        "start",
        "C",
        only("modern-own", swap(r"^  check <<slug>> question", "  start check <<slug>> question")),
        ("unawaited-check",),
    ),
    Guise(
        "not awaited",
        "activate",
        "C",
        only("modern-own", swap(r"^  check <<slug>> answer", "  activate check <<slug>> answer")),
        ("unawaited-check",),
        level="any",
    ),
    Guise(
        "not awaited",
        "start the library",
        "C",
        only("modern-library", swap(r"^  self check output", "  start self check output")),
        ("unawaited-check",),
    ),
    Guise(
        "not awaited",
        "action started",
        "C",
        only(
            _OWN,
            swap(
                r"\$unwanted = await Check<<Slug>>QuestionAction\(text=(.*)\)",
                r"start Check<<Slug>>QuestionAction(text=\1) as $unwanted",
            ),
        ),
        ("unawaited-check", "tested-reference"),
        level="any",
    ),
    Guise(
        "tested reference",
        "await as",
        "C",
        only(_OWN, swap(r"\$fine = await (Check.*)$", r"await \1 as $fine")),
        ("tested-reference",),
        level="any",
    ),
    Guise(
        "verdict not used",
        "dropped",
        "C",
        only(_OWN, swap(r"^  if (\$unwanted)\n    bot .*\n    abort\n", "")),
        ("unused-verdict",),
        at=(("*.co", "$unwanted ="),),
    ),
    Guise(
        "verdict not used",
        "other variable",
        "C",
        only(_OWN, swap(r"if \$unwanted", "if $unwnted")),
        ("unset-variable",),
    ),
    Guise(
        "verdict not used",
        "not bound",
        "C",
        only(_OWN, swap(r"\$unwanted = await", "await")),
        ("unset-variable", "unused-verdict"),
    ),
    Guise(
        "verdict not used",
        "inverted",
        "C",
        only(_OWN, swap(r"if \$unwanted", "if not $unwanted")),
        ("inverted-verdict",),
        level="any",
    ),
    Guise(
        "verdict not used",
        "inverted answer",
        "C",
        only(_OWN, swap(r"if (not \$fine|\$fine == False)", "if $fine")),
        ("inverted-verdict",),
        level="any",
    ),
    Guise(
        "verdict not used",
        "text",
        "C",
        only(_OWN, swap(r"if \$unwanted", 'if $unwanted == "True"')),
        ("unheeded-verdict", "unused-verdict"),
        level="any",
    ),
    Guise(
        "library rail without the text",
        "regex",
        "C",
        only(
            "modern-library",
            both(
                both(
                    swap("^  self check input", "  regex check input"),
                    swap(
                        "^import nemoguardrails.library.self_check.input_check",
                        "import nemoguardrails.library.regex",
                    ),
                ),
                swap(
                    r"^prompts:",
                    "rails:\n  config:\n    regex_detection:\n      input:\n        patterns: ['<<phrase>>']\nprompts:",
                ),
            ),
        ),
        ("rail-without-text",),
        at=(("main.co", "regex"),),
    ),
    Guise(
        "library rail without the text",
        "detect",
        "B",
        only(
            "modern-library",
            both(
                both(
                    swap("^  self check input", "  detect sensitive data on input"),
                    swap(
                        "^import nemoguardrails.library.self_check.input_check",
                        "import nemoguardrails.library.sensitive_data_detection",
                    ),
                ),
                swap(
                    r"^prompts:",
                    "rails:\n  config:\n    sensitive_data_detection:\n      input:\n        entities: [EMAIL_ADDRESS]\nprompts:",
                ),
            ),
        ),
        ("rail-without-text",),
        at=(("main.co", "sensitive"),),
    ),
    Guise(
        "hollow override",
        "pass",
        "C",
        only("modern-library", swap(r"\Z", "\n@override\nflow self check input\n  pass\n", "main.co")),
        ("hollow-override",),
    ),
    Guise(
        "hollow override",
        "logs only",
        "C",
        only(
            "modern-library", swap(r"\Z", '\n@override\nflow self check output\n  log "checked"\n', "main.co")
        ),
        ("hollow-override",),
    ),
    Guise(
        "wrong argument",
        "no parameter taken",
        "B",
        only("modern-own", swap(r"^flow input rails \$input_text", "flow input rails")),
        ("unset-variable", "wrong-flow-arguments"),
        level="any",
        at=(("rails.co", "check <<slug>> question $input_text"),),
    ),
    Guise(
        "wrong argument",
        "other parameter name",
        "C",
        only(
            "modern-own", swap(r"^flow check <<slug>> question \$text", "flow check <<slug>> question $words")
        ),
        ("unset-variable",),
        level="any",
        at=(("rails.co", "QuestionAction"),),
    ),
    Guise(
        "wrong argument",
        "action parameter",
        "C",
        only(_OWN, swap(r"QuestionAction\(text=", "QuestionAction(message=")),
        ("wrong-action-arguments",),
        level="any",
        at=(("actions.py", "check_question"),),
    ),
    Guise(
        "wrong argument",
        "own text instead",
        "C",
        only("modern-own", swap(r"question \$input_text", 'question "$input_text"')),
        ("unevaluated-argument", "wrong-flow-arguments"),
        level="any",
    ),
    Guise(
        "wrong argument",
        "not passed",
        "C",
        only("modern-own", swap(r"^  check <<slug>> question \$input_text", "  check <<slug>> question")),
        ("wrong-flow-arguments",),
        level="any",
    ),
    Guise(
        "action missing",
        "misspelt",
        "B",
        only(_OWN, swap(r"await Check<<Slug>>QuestionAction", "await Check<<Slug>>QuestionsAction")),
        ("unknown-action",),
        level="any",
    ),
    Guise(
        "look-alike",
        "action registered in snake case",
        "clean",
        only(_OWN, swap(r'name="Check<<Slug>>AnswerAction"', 'name="check_<<slug>>_answer"')),
    ),
    Guise(
        "missing main",
        "renamed",
        "B",
        only(_ALL, swap(r"^flow main", "flow start")),
        ("missing-main",),
        level="any",
        at=(("*", ""),),
    ),
    Guise(
        "bypassed",
        "waits for the raw event",
        "C",
        only(
            "modern-mixed|modern-own",
            swap(r"^  user said something$", "  match UtteranceUserAction.Finished()"),
        ),
        ("bypassed-rails",),
        level="any",
    ),
    Guise(
        "section never run",
        "retrieval",
        "C",
        only(
            "modern-library",
            swap(
                "^prompts:",
                "rails:\n  retrieval:\n    flows: [mask sensitive data on retrieval]\n  config:\n    sensitive_data_detection:\n"
                "      retrieval: {entities: [EMAIL_ADDRESS]}\nprompts:",
            ),
        ),
        ("section-never-run",),
        judged=False,
        level="any",
    ),
    Guise(
        "failing action",
        "exception in 2.x",
        "D",
        only(
            _OWN,
            swap(
                r'    return "<<phrase>>"',
                '    import httpx\n\n    httpx.get("http://checks.internal")\n    return "<<phrase>>"',
                "actions.py",
            ),
        ),
        ("fail-open-action",),
        level="any",
        judged=False,
        at=(("*.co", "Question"),),
    ),
    Guise(
        "misspelt prompt variable",
        "2.x",
        "C",
        only("modern-library|modern-mixed", swap(r"\{\{ user_input \}\}", "{{ input_text }}")),
        ("prompt-without-text",),
    ),
    # What only looks like a fault.
    Guise(
        "look-alike",
        "import once only",
        "clean",
        only("modern-own", swap("^import guardrails\n", "", "rails.co")),
    ),
    Guise(
        "look-alike",
        "flow with a decorator",
        "clean",
        only(
            "modern-own",
            swap(r"^flow check <<slug>> answer", "@meta(exclude_from_llm=True)\nflow check <<slug>> answer"),
        ),
    ),
    Guise(
        "look-alike",
        "negated comparison",
        "clean",
        only(_OWN, swap(r"if \$unwanted", "if $unwanted == True")),
    ),
    Guise(
        "look-alike",
        "else branch",
        "clean",
        only(
            "modern-own", swap(r"^(  if \$unwanted\n    bot .*\n    abort\n)", r'\1  else\n    log "fine"\n')
        ),
    ),
    Guise(
        "look-alike",
        "noted beside",
        "clean",
        only(
            "modern-own",
            both(
                swap(r"^(flow input rails .*\n)", r"\1  start note question $input_text\n"),
                add("rails.co", '\nflow note question $text\n  log "asked"\n', end=True),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "own refusal overridden",
        "clean",
        only(
            "modern-library",
            swap(
                r"\Z",
                '\n@override\nflow bot refuse to respond\n  bot say "Not with <<assistant>>."\n',
                "main.co",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "full override",
        "clean",
        only(
            "modern-library",
            swap(
                r"\Z",
                "\n@override\nflow self check input\n  $response = await SelfCheckInputAction\n  if $response.is_blocked\n"
                '    bot say "Not with <<assistant>>."\n    abort\n',
                "main.co",
            ),
        ),
        judged=True,
    ),
    Guise(
        "look-alike",
        "more dialog",
        "clean",
        only(
            "modern-mixed",
            swap(
                r"\Z",
                '\nflow user greeted\n  user said "hi" or user said "hello"\n\nflow greeting\n  user greeted\n  bot say "Hello"\n',
                "flows/main.co",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "rail of one direction only",
        "clean",
        only(
            "modern-own",
            swap(
                r"^flow input rails \$input_text\n",
                'flow input rails $input_text\n  """Input only looks; see output."""\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "intermediate variable",
        "clean",
        only("modern-own", swap(r"^  if \$unwanted\n", "  $stop_it = $unwanted\n  if $stop_it\n")),
    ),
    Guise(
        "look-alike",
        "await without a name",
        "clean",
        only("modern-own", swap(r"^  check <<slug>> question", "  await check <<slug>> question")),
    ),
    Guise(
        "look-alike",
        "define in a docstring",
        "clean",
        only(
            "modern-own",
            swap(r"^(flow check <<slug>> question .*\n)", r'\1  """\n  define what is unwanted\n  """\n'),
        ),
    ),
    Guise(
        "look-alike",
        "import all libraries",
        "clean",
        only(
            "modern-own|modern-mixed",
            swap("^import guardrails\n", "import guardrails\nimport timing\nimport avatars\n", "*rails.co"),
        ),
    ),
    Guise(
        "look-alike",
        "YAML rails of 1.0 left in",
        "clean",
        only("modern-own", swap(r"\Z", "rails:\n  config: {}\n", "config.yml")),
    ),
)
"""The guises of this family."""
