# ruff: noqa: E501
"""Faults of Colang 1.0 flows, and flows that only look odd."""

from __future__ import annotations

from typing import Final

from .editing import add, both, every, only, swap
from .records import Guise

__all__ = ["COLANG"]

_OWN: Final = "own-actions|own-and-library|output-only|parallel"
_IN: Final = "own-actions|own-and-library|parallel"
_CHECKED: Final = "one-file|own-and-library|prompts-apart"
_OLD: Final = ("old-style-outcome",)
_OLD_FLOW: Final = """\
define flow self check input
  $allowed = execute self_check_input
  if not $allowed
    bot refuse to respond
    stop
"""
_STOPS: Final = r"    bot refuse <<thing>> request\n    stop\n"

COLANG: Final = (
    Guise("old style", "copy", "C", only(_CHECKED, add("rails/old.co", _OLD_FLOW)), _OLD),
    Guise(
        "old style", "subflow", "C", only(_CHECKED, add("old.co", _OLD_FLOW.replace("flow", "subflow"))), _OLD
    ),
    Guise(
        "old style",
        "other variable",
        "C",
        only(_CHECKED, add("a/b/c.co", _OLD_FLOW.replace("$allowed", "$ok"))),
        _OLD,
    ),
    Guise(
        "old style",
        "equal to False",
        "C",
        only(_CHECKED, add("old.co", _OLD_FLOW.replace("not $allowed", "$allowed == False"))),
        _OLD,
    ),
    Guise(
        "old style",
        "equal to string",
        "C",
        only(_CHECKED, add("old.co", _OLD_FLOW.replace("not $allowed", '$allowed == "no"'))),
        _OLD,
    ),
    Guise(
        "old style",
        "else branch",
        "C",
        only(
            _CHECKED,
            add(
                "old.co",
                _OLD_FLOW.replace("  if not $allowed\n", "  if $allowed\n    $fine = True\n  else\n"),
            ),
        ),
        _OLD,
    ),
    Guise(
        "old style",
        "output",
        "C",
        only(
            "one-file|prompts-apart|personal-data|streaming",
            add("old.co", _OLD_FLOW.replace("_input", "_output").replace("check input", "check output")),
        ),
        _OLD,
        judged=False,
    ),
    Guise(
        "old style",
        "is_allowed",
        "C",
        only(_CHECKED, add("old.co", _OLD_FLOW.replace("not $allowed", "$allowed.is_safe == False"))),
        _OLD,
        level="any",
    ),
    Guise(
        "old style",
        "own name",
        "B",
        only(
            "one-file|prompts-apart",
            both(
                swap("- self check input$", "- ask the judge"),
                add("old.co", _OLD_FLOW.replace("self check input", "ask the judge")),
            ),
        ),
        (*_OLD, "woken-library-flow"),
        level="any",
        at=(("config.yml", "ask the judge"),),
    ),
    Guise(
        "hollow flow",
        "empty check",
        "C",
        only(_CHECKED, add("flows/checks.co", "define subflow self check input\n  $checked = True\n")),
        ("hollow-flow",),
    ),
    Guise(
        "hollow flow",
        "regex",
        "C",
        only("patterns", add("off.co", "define flow regex check input\n  $regex = False\n")),
        ("hollow-flow",),
    ),
    Guise(
        "hollow flow",
        "run input rails",
        "C",
        only(
            "one-file|own-actions",
            add("flows/sys.co", "define subflow run input rails\n  $input_rails_done = True\n"),
        ),
        ("hollow-flow",),
        level="any",
    ),
    Guise(
        "hollow flow",
        "without stop or refusal",
        "C",
        only(
            "one-file",
            add(
                "checks.co",
                "define flow self check input\n  $response = execute self_check_input\n  $blocked = $response.is_blocked\n",
            ),
        ),
        ("hollow-flow", "unheeded-verdict"),
        level="any",
    ),
    Guise(
        "hollow flow",
        "mask",
        "C",
        only(
            "personal-data",
            add("checks.co", "define subflow mask sensitive data on input\n  $masked = True\n"),
        ),
        ("hollow-flow",),
    ),
    Guise(
        "flow logic",
        "other variable",
        "C",
        only(_IN, swap(r"if \$unwanted", "if $unwnated")),
        ("never-set-variable", "unheeded-verdict"),
    ),
    Guise(
        "flow logic",
        "other variable in output",
        "B",
        only(_OWN, swap(r"if not \$fine", "if not $ok")),
        ("never-set-variable", "unheeded-verdict"),
        level="any",
    ),
    Guise(
        "flow logic",
        "inverted",
        "C",
        only(_IN, swap(r"if \$unwanted", "if not $unwanted")),
        ("inverted-verdict",),
    ),
    Guise(
        "flow logic",
        "inverted answer",
        "C",
        only(_OWN, swap(r"if not \$fine", "if $fine")),
        ("inverted-verdict",),
    ),
    Guise(
        "flow logic",
        "result not bound",
        "C",
        only(_IN, swap(r"\$unwanted = execute check", "execute check")),
        ("never-set-variable", "unheeded-verdict"),
    ),
    Guise(
        "flow logic",
        "verdict not used",
        "C",
        only(_OWN, swap(r"^  if not \$fine\n    bot refuse <<thing>> request\n    stop\n", "")),
        ("unheeded-verdict",),
    ),
    Guise(
        "flow logic",
        "execute only",
        "C",
        only(
            _IN,
            swap(
                r"^  \$unwanted = (execute .*)\n  if \$unwanted\n    bot refuse <<thing>> request\n    stop\n",
                r"  \1\n",
            ),
        ),
        ("unheeded-verdict", "blind-rail"),
    ),
    Guise(
        "flow logic",
        "text true",
        "C",
        only(_IN, swap(r"if \$unwanted", 'if $unwanted == "True"')),
        ("unheeded-verdict",),
    ),
    Guise(
        "flow logic",
        "text yes",
        "C",
        only(_IN, swap(r"if \$unwanted", 'if $unwanted == "yes"')),
        ("unheeded-verdict",),
    ),
    Guise(
        "flow logic",
        "one is not text",
        "C",
        only(_OWN, swap(r"if not \$fine", 'if $fine == "False"')),
        ("unheeded-verdict",),
    ),
    Guise(
        "flow logic",
        "always",
        "B",
        only(_IN, swap(r"if \$unwanted", "if $unwanted or True")),
        (),
        level="any",
    ),
    Guise(
        "flow logic",
        "never",
        "C",
        only(_IN, swap(r"if \$unwanted", "if $unwanted and False")),
        ("unheeded-verdict",),
        level="any",
    ),
    Guise(
        "flow logic",
        "lower case true",
        "C",
        only(_IN, swap(r"if \$unwanted", "if $unwanted == true")),
        ("unreadable-condition",),
        level="any",
    ),
    Guise(
        "flow logic",
        "stale message",
        "C",
        only(
            _IN,
            both(
                swap(r"question\n  if", "question(text=$last_user_message)\n  if", "*rails.co"),
                swap(
                    r"question\(context: Optional\[dict\] = None\)(.*\n.*\n    text = ).*",
                    r'question(text: str = "")\1text or ""',
                    "actions.py",
                ),
            ),
        ),
        ("stale-message",),
        at=(("*rails.co", "last_user_message"),),
    ),
    Guise(
        "flow logic",
        "other action",
        "C",
        only(_OWN, swap("execute check_<<slug>>_answer", "execute check_<<slug>>_question")),
        ("blind-rail", "inverted-verdict"),
        at=(("actions.py", "user_message"),),
        level="any",
        judged=False,
    ),
    Guise(
        "flow logic",
        "overwritten",
        "C",
        only(_IN, swap(r"^  if \$unwanted", "  $unwanted = False\n  if $unwanted")),
        ("unheeded-verdict",),
    ),
    Guise(
        "flow logic",
        "branch empty",
        "C",
        only(_IN, swap(r"^  if \$unwanted\n" + _STOPS, "  if $unwanted\n    $noted = True\n")),
        ("unheeded-verdict",),
        level="any",
    ),
    Guise(
        "flow logic",
        "else refuses",
        "C",
        only(_IN, swap(r"^  if \$unwanted\n", "  if $unwanted\n    $seen = True\n  else\n")),
        ("inverted-verdict",),
        level="any",
    ),
    Guise(
        "parallel without stop",
        "own rail",
        "D",
        only("parallel", swap(r"(refuse <<thing>> request)\n    stop\n", r"\1\n")),
        ("parallel-without-stop",),
    ),
    Guise(
        "parallel without stop",
        "switched on",
        "D",
        only(
            "own-and-library",
            both(
                swap(r"^  input:", "  input:\n    parallel: true", "config.yaml"),
                swap(r"(refuse <<thing>> request)\n    stop\n", r"\1\n"),
            ),
        ),
        ("parallel-without-stop",),
        at=(("config.yaml", "parallel"), ("*.co", "bot refuse <<thing>> request")),
    ),
    Guise(
        "undefined message",
        "misspelt",
        "D",
        only(_IN, swap(r"^    bot refuse <<thing>> request", "    bot refuse <<thing>> reqest")),
        ("undefined-message",),
        level="any",
    ),
    Guise(
        "undefined message",
        "definition renamed",
        "D",
        only(_OWN, swap(r"^define bot refuse <<thing>> request", "define bot refuse the <<thing>> request")),
        ("undefined-message",),
        at=(("*.co", "    bot refuse <<thing>> request"),),
        level="any",
    ),
    Guise(
        "undefined message",
        "plural",
        "D",
        only(_OWN, every(r"^    bot refuse <<thing>> request", "    bot refuse <<thing>> requests")),
        ("undefined-message",),
        level="any",
    ),
    Guise(
        "dialog flow as rail",
        "own",
        "B",
        only(_IN, swap(r"^(define flow check <<slug>> question\n)", r"\1  user ...\n")),
        ("dialog-flow-as-rail",),
        at=(("config.y*ml", "question"),),
    ),
    Guise(
        "dialog flow as rail",
        "listed",
        "B",
        only("prompts-apart", swap("- self check input$", "- self check input\n      - greeting")),
        ("dialog-flow-as-rail",),
        at=(("*.co", "define flow greeting"),),
    ),
    Guise(
        "unchecked answer",
        "predefined with a variable",
        "C",
        only(
            "prompts-apart",
            both(
                swap(
                    "bot inform opening hours\n\\Z",
                    '$hours = execute find_hours\n  bot tell hours\n\ndefine bot tell hours\n  "We say: {{ hours }}"\n',
                    "rails/dialog.co",
                ),
                add(
                    "actions.py",
                    'from nemoguardrails.actions import action\n\n\n@action(name="find_hours")\nasync def find_hours(llm) -> str:\n    """As the model reads the calendar."""\n    return (await llm.generate_async("When are we open?")).content\n',
                ),
            ),
        ),
        ("unchecked-answer",),
        judged=False,
        level="any",
    ),
    Guise(
        "look-alike",
        "message with a word of the code",
        "clean",
        only(
            "prompts-apart",
            both(
                swap(
                    "bot inform opening hours\n\\Z",
                    '$hours = execute find_hours\n  bot tell hours\n\ndefine bot tell hours\n  "We say: {{ hours }}"\n',
                    "rails/dialog.co",
                ),
                add(
                    "actions.py",
                    'from nemoguardrails.actions import action\n\n\n@action(name="find_hours")\nasync def find_hours() -> str:\n    """From the calendar."""\n    return "nine"\n',
                ),
            ),
        ),
        judged=False,
    ),
    Guise(
        "unchecked answer",
        "skipping",
        "C",
        only(
            "prompts-apart|own-and-library",
            swap(
                "^define flow hours\n  user ask opening hours\n  bot inform opening hours\n",
                "define flow hours\n  user ask opening hours\n  $skip_output_rails = True\n  bot answer freely\n",
                "*dialog.co",
            ),
        ),
        ("unchecked-answer",),
        judged=False,
        level="any",
    ),
    Guise(
        "look-alike",
        "skipping before a written message",
        "clean",
        only(
            "prompts-apart|own-and-library",
            swap(
                "^define flow hours\n  user ask opening hours\n",
                "define flow hours\n  user ask opening hours\n  $skip_output_rails = True\n",
                "*dialog.co",
            ),
        ),
        judged=False,
    ),
    Guise(
        "unknown intent",
        "flow waits for another name",
        "C",
        only(
            "prompts-apart|own-and-library",
            swap("^  user ask opening hours", "  user asks opening hours", "*dialog.co"),
        ),
        ("unknown-intent",),
        judged=False,
        level="any",
    ),
    Guise(
        "action missing",
        "misspelt",
        "B",
        only(_IN, swap("execute check_<<slug>>_question", "execute check_<<slug>>_questions")),
        ("unknown-action",),
        level="any",
    ),
    Guise(
        "action missing",
        "file gone",
        "B",
        only(_IN, swap(r"(?s)\A.*\Z", '"""To be written."""\n', "actions.py")),
        ("unknown-action",),
        level="any",
        at=(("*.co", "execute"),),
    ),
    Guise(
        "woken flow",
        "own flow runs a library action",
        "B",
        only(
            "one-file",
            both(
                swap("- self check input$", "- look at question"),
                add(
                    "rails.co",
                    "define flow look at question\n  $verdict = execute self_check_input\n  if $verdict == False\n    bot refuse to respond\n    stop\n",
                ),
            ),
        ),
        ("woken-library-flow", "old-style-outcome"),
        level="any",
        at=(("config.yml", "look at"),),
    ),
    Guise(
        "two flows",
        "in two files",
        "C",
        only("own-actions", add("deep/er/rails.co", "define flow check <<slug>> question\n  $seen = True\n")),
        ("duplicate-flow", "hollow-flow"),
        level="any",
        at=(("rails.co", "define flow check"),),
    ),
    Guise(
        "two flows",
        "in one file",
        "A",
        only(
            "own-actions",
            add("rails.co", "\ndefine flow check <<slug>> question\n  $seen = True\n", end=True),
        ),
        (),
        at=(("rails.co", "define flow check"),),
    ),
    # What only looks like a fault.
    Guise(
        "look-alike",
        "new style copy",
        "clean",
        only(
            _CHECKED,
            add(
                "rails/copy.co",
                _OLD_FLOW.replace("$allowed", "$response").replace("not $response", "$response.is_blocked"),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "missing stop in sequence",
        "clean",
        only("own-actions|own-and-library", swap(r"(refuse <<thing>> request)\n    stop\n", r"\1\n")),
    ),
    Guise(
        "look-alike",
        "own refusal",
        "clean",
        only(
            "one-file|personal-data|patterns",
            add(
                "texts.co",
                'define bot refuse to respond\n  "<<company>> cannot help with that."\n  "Please call us."\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "message in another file",
        "clean",
        only(
            "own-actions",
            both(
                swap(r'^define bot refuse <<thing>> request\n  ".*"\n', ""),
                add(
                    "texts/refusals.co", 'define bot refuse <<thing>> request\n  "Not with <<assistant>>."\n'
                ),
            ),
        ),
    ),
    Guise(
        "look-alike", "is equal to True", "clean", only(_IN, swap(r"if \$unwanted", "if $unwanted == True"))
    ),
    Guise(
        "look-alike", "is equal to False", "clean", only(_OWN, swap(r"if not \$fine", "if $fine == False"))
    ),
    Guise(
        "look-alike",
        "else passes",
        "clean",
        only(_IN, swap(r"^(  if \$unwanted\n" + _STOPS + ")", r"\1  else\n    $checked = True\n")),
    ),
    Guise(
        "look-alike",
        "subflow",
        "clean",
        only("own-actions|parallel", swap("define flow check", "define subflow check")),
    ),
    Guise(
        "unnamed message",
        "text in the place of the name",
        "B",
        only(
            "own-actions",
            swap(r"^    bot refuse <<thing>> request", '    bot "<<assistant>> may not do that."'),
        ),
        ("unnamed-message",),
        level="any",
    ),
    Guise(
        "look-alike",
        "text passed as a parameter",
        "clean",
        only(
            _IN,
            both(
                swap(r"question\n  if", "question(text=$user_message)\n  if", "*rails.co"),
                swap(
                    r"question\(context: Optional\[dict\] = None\)(.*\n.*\n    text = ).*",
                    r'question(text: str = "")\1text or ""',
                    "actions.py",
                ),
            ),
        ),
    ),
    Guise(
        "look-alike", "variable named alike", "clean", only(_IN, every(r"\$unwanted", "$allowed_not", "*.co"))
    ),
    Guise(
        "look-alike",
        "execute in an example",
        "clean",
        only("prompts-apart", swap('"good morning"', '"execute self_check_input please"', "rails/dialog.co")),
    ),
    Guise(
        "look-alike",
        "intent without a flow",
        "clean",
        only(
            "prompts-apart|own-and-library",
            swap(r"\A", 'define user say thanks\n  "thanks"\n  "thank you"\n\n', "*dialog.co"),
        ),
    ),
    Guise(
        "look-alike",
        "own verdict as text",
        "clean",
        only(
            "own-actions",
            both(
                swap(r"if \$unwanted", 'if $unwanted == "block"', "rails.co"),
                swap(
                    r"question\((.*)\) -> bool:\n(.*)\n(.*)\n    return (.*)\n",
                    r'question(\1) -> str:\n\2\n\3\n    return "block" if \4 else "pass"\n',
                    "actions.py",
                ),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "own verdict in a mapping",
        "clean",
        only(
            "own-actions",
            both(
                swap(r"if \$unwanted", 'if $unwanted["blocked"]', "rails.co"),
                swap(
                    r"question\((.*)\) -> bool:\n(.*)\n(.*)\n    return (.*)\n",
                    r'question(\1) -> dict:\n\2\n\3\n    return {"blocked": \4}\n',
                    "actions.py",
                ),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "comment with old style",
        "clean",
        only(
            _OWN, swap(r"\A", "# once: $allowed = execute self_check_input, if not $allowed\n", "*rails.co")
        ),
    ),
    Guise(
        "look-alike",
        "dialog flow beside",
        "clean",
        only(
            "own-actions",
            add(
                "dialog.co",
                'define user ask name\n  "what is your name"\n\ndefine flow name\n  user ask name\n  bot tell name\n\n'
                'define bot tell name\n  "I am <<assistant>>."\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "extra log action",
        "clean",
        only(
            _IN,
            both(
                swap(
                    r"^(define flow check <<slug>> question\n)", r"\1  execute note_<<slug>>\n", "*rails.co"
                ),
                add(
                    "actions.py",
                    '\n\n@action(name="note_<<slug>>")\nasync def note() -> None:\n    """Count it."""\n',
                    end=True,
                ),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "nested conditions",
        "clean",
        only(
            "own-actions",
            swap(
                r"^  if \$unwanted\n    bot refuse <<thing>> request\n    stop\n",
                '  if $unwanted\n    if $config.enable_rails_exceptions\n      create event InputRailException(message="no")\n'
                "    else\n      bot refuse <<thing>> request\n    stop\n",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "constant in a message",
        "clean",
        only(
            "prompts-apart",
            swap('"We are here from nine to five."', '"Open, says {{ config.custom_data }}."'),
        ),
        judged=False,
    ),
    Guise(
        "look-alike",
        "actions of the application",
        "clean",
        only(
            "prompts-apart",
            both(
                add(
                    "config.py",
                    'def init(app):\n    """Registered by us."""\n    app.register_action(lookup, "lookup_<<thing>>")\n\n\n'
                    'async def lookup() -> str:\n    """One."""\n    return "one"\n',
                ),
                add(
                    "rails/lookup.co",
                    'define user ask <<thing>> state\n  "state of my <<thing>>"\n\ndefine flow state\n  user ask <<thing>> state\n'
                    "  $state = execute lookup_<<thing>>\n  bot $state\n",
                ),
            ),
        ),
    ),
)
"""The guises of this family."""
