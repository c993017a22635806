# ruff: noqa: E501
"""Faults of actions, models and operation, and what only looks like one."""

from __future__ import annotations

from typing import Final

from .editing import add, both, only, rename, swap
from .records import Guise

__all__ = ["CODE"]

_IN: Final = "own-actions|own-and-library|parallel"
_OWN: Final = _IN + "|output-only"
_CHECKED: Final = "one-file|prompts-apart|personal-data|patterns"
_BODY: Final = r'    text = \(context or \{\}\)\.get\("user_message"\) or ""\n    return (.*)\n'
_ANSWER_BODY: Final = r'    text = \(context or \{\}\)\.get\("bot_message"\) or ""\n    return (.*)\n'
_OPEN: Final = ("fail-open-action",)
_FLAKY: Final = '    try:\n        text = context["user_message"]\n        return await ask_service(text)\n'
_SERVICE: Final = "\n\nasync def ask_service(text: str) -> bool:\n    raise ConnectionError(text)\n"
_FAKE: Final = 'from nemoguardrails.actions import action\n\n\n@action(name="NAME")\nasync def own(**_: object):\n    """Quick."""\n    return RESULT\n'
_KEY: Final = "sk-" + "abcdEFGH" * 5

CODE: Final = (
    Guise(
        "fail open",
        "except returns False",
        "D",
        only(
            _IN,
            both(
                swap(_BODY, _FLAKY + "    except Exception:\n        return False\n"),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        _OPEN,
        at=(("actions.py", "except"),),
    ),
    Guise(
        "fail open",
        "except passes",
        "D",
        only(
            _IN,
            both(
                swap(_BODY, _FLAKY + "    except ConnectionError:\n        pass\n"),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        _OPEN,
        at=(("actions.py", "except"), ("actions.py", "return await")),
    ),
    Guise(
        "fail open",
        "bare except with a log",
        "D",
        only(
            _IN,
            both(
                swap(_BODY, _FLAKY + '    except:\n        print("service away")\n        return None\n'),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        _OPEN,
        at=(("actions.py", "except"),),
    ),
    Guise(
        "fail open",
        "answer allowed",
        "D",
        only(
            _OWN,
            both(
                swap(
                    _ANSWER_BODY,
                    _FLAKY.replace("user_", "bot_")
                    + "    except Exception as error:\n        print(error)\n        return True\n",
                ),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        _OPEN,
        at=(("actions.py", "except"),),
    ),
    Guise(
        "fail open",
        "variable before the try",
        "D",
        only(
            _IN,
            both(
                swap(
                    _BODY,
                    '    blocked = False\n    try:\n        blocked = await ask_service(context["user_message"])\n    except Exception:\n        pass\n    return blocked\n',
                ),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        _OPEN,
        at=(("actions.py", "blocked"), ("actions.py", "except")),
    ),
    Guise(
        "fail open",
        "suppress",
        "D",
        only(
            _IN,
            both(
                swap(
                    _BODY,
                    '    import contextlib\n    with contextlib.suppress(Exception):\n        return await ask_service(context["user_message"])\n    return False\n',
                ),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        _OPEN,
        at=(("actions.py", "return"), ("actions.py", "suppress")),
    ),
    Guise(
        "fail open",
        "finally returns",
        "D",
        only(
            _IN,
            both(
                swap(
                    _BODY,
                    '    blocked = False\n    try:\n        blocked = await ask_service(context["user_message"])\n    finally:\n        return blocked\n',
                ),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        _OPEN,
        at=(("actions.py", "blocked"), ("actions.py", "finally")),
    ),
    Guise(
        "fail open",
        "no return",
        "C",
        only(_IN, swap(_BODY, r'    text = (context or {}).get("user_message") or ""\n    unwanted = \1\n')),
        _OPEN,
        at=(("actions.py", "check_question"),),
    ),
    Guise(
        "fail open",
        "always False",
        "C",
        only(_IN, swap(_BODY, "    return False\n")),
        (*_OPEN, "unheeded-verdict"),
        level="any",
        at=(("*.co", "unwanted"),),
    ),
    Guise(
        "fail open",
        "todo",
        "C",
        only(_OWN, swap(_ANSWER_BODY, "    # todo: ask the service\n    return True\n")),
        (*_OPEN, "unheeded-verdict"),
        level="any",
        at=(("*.co", "fine"),),
    ),
    Guise(
        "always true",
        "coroutine not awaited",
        "B",
        only(
            _OWN,
            both(
                swap(_ANSWER_BODY, '    return ask_service(context["bot_message"])\n'),
                add("actions.py", _SERVICE, end=True),
            ),
        ),
        ("always-true-verdict",),
        level="any",
    ),
    Guise(
        "always true",
        "tuple",
        "C",
        only(
            _OWN,
            swap(
                _ANSWER_BODY, '    text = (context or {}).get("bot_message") or ""\n    return (\\1, text)\n'
            ),
        ),
        ("always-true-verdict",),
        level="any",
    ),
    Guise(
        "always true",
        "text",
        "C",
        only(
            _OWN,
            swap(_ANSWER_BODY, '    text = (context or {}).get("bot_message") or ""\n    return str(\\1)\n'),
        ),
        ("always-true-verdict",),
        level="any",
        at=(("*.co", "fine"),),
    ),
    Guise(
        "always true",
        "yes or no",
        "C",
        only(
            _OWN,
            swap(
                _ANSWER_BODY,
                '    text = (context or {}).get("bot_message") or ""\n    return "yes" if \\1 else "no"\n',
            ),
        ),
        ("always-true-verdict",),
        level="any",
        at=(("*.co", "fine"),),
    ),
    Guise(
        "context key",
        "user_input",
        "C",
        only(_IN, swap(r'get\("user_message"\)', 'get("user_input")')),
        ("unknown-context-key",),
        level="any",
    ),
    Guise(
        "context key",
        "last_message",
        "C",
        only(_IN, swap(r'get\("user_message"\)', 'get("message", "")')),
        ("unknown-context-key",),
        level="any",
    ),
    Guise(
        "context key",
        "bot_response",
        "C",
        only(_OWN, swap(r'get\("bot_message"\)', 'get("bot_response")')),
        ("unknown-context-key",),
        level="any",
    ),
    Guise(
        "context key",
        "wrong side",
        "C",
        only(_OWN, swap(r'get\("bot_message"\)', 'get("user_message")')),
        ("blind-rail",),
        level="any",
        at=(("*.co", "answer"),),
    ),
    Guise(
        "context key",
        "last bot message",
        "C",
        only(_OWN, swap(r'get\("bot_message"\)', 'get("last_bot_message")')),
        ("stale-message",),
        level="any",
        at=(("*.co", "answer"),),
    ),
    Guise(
        "replaced action",
        "self check input",
        "C",
        only(
            "one-file|prompts-apart|personal-data",
            add(
                "actions.py",
                _FAKE.replace("NAME", "self_check_input")
                .replace("RESULT", "RailOutcome.allow()")
                .replace(
                    "import action\n",
                    "import action\nfrom nemoguardrails.actions.rail_outcome import RailOutcome\n",
                ),
            ),
        ),
        ("replaced-action",),
        level="any",
        judged=False,
    ),
    Guise(
        "replaced action",
        "returns True",
        "C",
        only(
            "one-file|prompts-apart",
            add("actions.py", _FAKE.replace("NAME", "self_check_input").replace("RESULT", "True")),
        ),
        ("replaced-action",),
        level="any",
    ),
    Guise(
        "replaced action",
        "regex in a folder",
        "C",
        only(
            "patterns",
            add("actions/regex.py", _FAKE.replace("NAME", "detect_regex_pattern").replace("RESULT", "None")),
        ),
        ("replaced-action",),
        level="any",
    ),
    Guise(
        "replaced action",
        "by the function's name",
        "C",
        only(
            "patterns",
            add(
                "actions.py",
                'from nemoguardrails.actions import action\n\n\n@action()\nasync def detect_regex_pattern(**_: object):\n    """Quick."""\n    return None\n',
            ),
        ),
        ("replaced-action",),
        level="any",
    ),
    Guise(
        "replaced action",
        "in config.py",
        "C",
        only(
            "patterns",
            add(
                "config.py",
                'async def allow(**_: object) -> None:\n    """Always."""\n\n\ndef init(app):\n    """Ours."""\n    app.register_action(allow, "detect_regex_pattern")\n',
            ),
        ),
        ("replaced-action",),
        level="any",
    ),
    Guise(
        "replaced action",
        "mask",
        "C",
        only(
            "personal-data",
            add(
                "actions.py",
                _FAKE.replace("NAME", "mask_sensitive_data")
                .replace("**_: object", "source: str, text: str, config=None")
                .replace("RESULT", "text"),
            ),
        ),
        ("replaced-action",),
        level="any",
    ),
    Guise(
        "action not found",
        "sub folder",
        "B",
        only(_IN, rename("actions.py", "lib/actions.py")),
        ("unknown-action",),
        level="any",
        at=(("*.co", "execute"),),
    ),
    Guise(
        "action not found",
        "undecorated",
        "B",
        only(_IN, swap(r'^@action\(name="check_<<slug>>_question"\)\n', "", "actions.py")),
        ("unknown-action",),
        level="any",
        at=(("*.co", "execute"),),
    ),
    Guise(
        "action not found",
        "relative import",
        "B",
        only(_IN, swap(r"^(from typing.*)$", r"\1\nfrom .words import WORDS", "actions.py")),
        ("unloadable-actions",),
        level="any",
        at=(("*.co", "execute"),),
    ),
    Guise(
        "action not found",
        "syntax",
        "B",
        only(_IN, swap(r"^UNWANTED = .*$", "UNWANTED = (", "actions.py")),
        ("unloadable-actions", "unreadable-file", "unknown-action", "does-not-load"),
        level="any",
        at=(("*.co", "execute"), ("actions.py", "")),
    ),
    Guise(
        "wrong signature",
        "unknown parameter",
        "B",
        only(
            _IN,
            swap(
                r"execute check_<<slug>>_question",
                "execute check_<<slug>>_question(message=$user_message)",
                "*.co",
            ),
        ),
        ("wrong-action-arguments",),
        level="any",
        at=(("actions.py", "check_question"),),
    ),
    Guise(
        "key in clear",
        "parameters",
        "D",
        only(
            _CHECKED,
            swap(r"^(    model: .*\n)", rf"\1    parameters:\n      api_key: {_KEY}\n", "config.yml"),
        ),
        ("secret-in-clear",),
        judged=False,
        level="any",
    ),
    Guise(
        "key in clear",
        "model level",
        "D",
        only(_CHECKED, swap(r"^(    model: .*\n)", rf"\1    api_key: {_KEY}\n", "config.yml")),
        ("secret-in-clear", "unknown-key"),
        judged=False,
        level="any",
    ),
    Guise(
        "key in clear",
        "header",
        "D",
        only(
            "patterns",
            swap(
                r"^(    model: .*\n)",
                rf"\1    parameters:\n      default_headers: {{Authorization: 'Bearer {_KEY}'}}\n",
                "config.yml",
            ),
        ),
        ("secret-in-clear",),
        judged=False,
        level="any",
    ),
    Guise(
        "unexpanded variable",
        "braces",
        "B",
        only(
            _CHECKED,
            swap(
                r"^(    model: .*\n)", r"\1    parameters:\n      api_key: ${OPENAI_API_KEY}\n", "config.yml"
            ),
        ),
        ("unexpanded-variable",),
        judged=False,
        level="any",
    ),
    Guise(
        "unexpanded variable",
        "base url",
        "B",
        only(
            _CHECKED,
            swap(r"^(    model: .*\n)", r"\1    parameters: {base_url: '$LLM_URL/v1'}\n", "config.yml"),
        ),
        ("unexpanded-variable",),
        judged=False,
        level="any",
    ),
    Guise(
        "unexpanded variable",
        "jinja",
        "B",
        only(_CHECKED, swap(r"model: gpt-4o-mini", 'model: "{{ env.MODEL }}"', "config.yml")),
        ("unexpanded-variable",),
        judged=False,
        level="any",
    ),
    Guise(
        "model type",
        "misspelt task",
        "D",
        only("anchors", swap("type: self_check_input", "type: self_check_inputs")),
        ("unknown-model-type",),
        judged=False,
        level="any",
    ),
    Guise(
        "model type",
        "main misspelt",
        "B",
        only(_CHECKED, swap("type: main", "type: mian")),
        ("unknown-model-type",),
        judged=False,
        level="any",
    ),
    Guise(
        "langchain",
        "openai_api_base",
        "B",
        only(
            _CHECKED,
            swap(
                r"^(    model: .*\n)",
                r"\1    parameters: {openai_api_base: 'http://llm.internal/v1'}\n",
                "config.yml",
            ),
        ),
        ("langchain-parameter", "ignored-endpoint"),
        judged=False,
        level="any",
    ),
    Guise(
        "tracing",
        "content capture",
        "D",
        only(
            _CHECKED,
            swap(
                r"^rails:",
                "tracing:\n  enabled: true\n  enable_content_capture: true\n  adapters:\n    - name: OpenTelemetry\nrails:",
                "config.yml",
            ),
        ),
        ("content-capture",),
        judged=False,
        level="any",
    ),
    Guise(
        "tracing",
        "capture, flow style",
        "D",
        only(
            "one-file|own-actions",
            swap(
                r"\A",
                "tracing: {enabled: true, enable_content_capture: yes, adapters: [{name: OpenTelemetry}]}\n",
                "config.yml",
            ),
        ),
        ("content-capture",),
        judged=False,
        level="any",
    ),
    Guise(
        "knowledge base",
        "text files",
        "C",
        only("one-file|patterns", add("kb/<<slug>>.txt", "<<answer>>\n")),
        ("unread-document",),
        judged=False,
        level="any",
    ),
    Guise(
        "knowledge base",
        "folder setting",
        "C",
        only(
            "one-file|patterns",
            swap(r"^rails:", "knowledge_base:\n  folder: documents\nrails:", "config.yml"),
        ),
        ("unread-document", "unknown-key"),
        judged=False,
        level="any",
    ),
    # What only looks like a fault.
    Guise(
        "look-alike",
        "fails closed",
        "clean",
        only(
            _IN,
            swap(
                _BODY,
                '    text = (context or {}).get("user_message") or ""\n    try:\n        return \\1\n    except Exception:\n        return True\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "raises again",
        "clean",
        only(
            _OWN,
            swap(
                _ANSWER_BODY,
                '    text = (context or {}).get("bot_message") or ""\n    try:\n        return \\1\n    except Exception as error:\n        print(error)\n        raise\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "answer fails closed",
        "clean",
        only(
            _OWN,
            swap(
                _ANSWER_BODY,
                '    text = (context or {}).get("bot_message") or ""\n    try:\n        fine = \\1\n    except Exception:\n        fine = False\n    return fine\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "cosmetic action fails open",
        "clean",
        only(
            _OWN,
            add(
                "actions.py",
                '\n\n@action(name="greet_by_name")\nasync def greet(context: Optional[dict] = None) -> str:\n    """Friendly."""\n'
                '    try:\n        return context["name"]\n    except Exception:\n        return ""\n',
                end=True,
            ),
        ),
    ),
    Guise(
        "look-alike",
        "sub action in a folder",
        "clean",
        only("own-actions", rename("actions.py", "actions/checks.py")),
    ),
    Guise(
        "look-alike",
        "retriever replaced",
        "clean",
        only(
            "one-file|personal-data",
            add(
                "actions.py",
                'from nemoguardrails.actions import action\n\n\n@action(name="retrieve_relevant_chunks", is_system_action=True)\n'
                'async def retrieve() -> str:\n    """Ours."""\n    return ""\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "early return",
        "clean",
        only(
            _IN,
            swap(
                _BODY,
                '    text = (context or {}).get("user_message") or ""\n    if not text:\n        return True\n    return \\1\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "own context variable",
        "clean",
        only(
            _IN,
            swap(
                _BODY,
                '    region = (context or {}).get("region", "eu")\n    text = (context or {}).get("user_message") or region\n    return \\1\n',
            ),
        ),
    ),
    Guise(
        "look-alike",
        "dummy key",
        "clean",
        only(
            "one-file|patterns",
            swap(
                r"^(    model: .*\n)",
                r"\1    parameters:\n      base_url: http://localhost:8000/v1\n      api_key: dummy\n",
                "config.yml",
            ),
        ),
        judged=False,
    ),
    Guise(
        "look-alike",
        "key variable",
        "clean",
        only(
            "one-file|patterns",
            swap(r"^(    model: .*\n)", r"\1    api_key_env_var: OPENAI_API_KEY\n", "config.yml"),
        ),
    ),
    Guise(
        "look-alike",
        "variable in a prompt",
        "clean",
        only(
            "one-file|own-actions",
            swap(r"You help with", "Say ${NAME} as it stands. You help with", "config.yml"),
        ),
    ),
    Guise(
        "look-alike",
        "tracing without content",
        "clean",
        only(
            "one-file|own-actions|patterns",
            swap(
                r"\A",
                "tracing:\n  enabled: true\n  adapters:\n    - name: FileSystem\n      filepath: ./logs/<<slug>>.jsonl\n",
                "config.yml",
            ),
        ),
        judged=False,
    ),
    Guise(
        "look-alike",
        "tracing off",
        "clean",
        only(
            "one-file|patterns",
            swap(r"\A", "tracing:\n  enabled: false\n  enable_content_capture: true\n", "config.yml"),
        ),
    ),
    Guise(
        "look-alike",
        "no main model",
        "clean",
        only("own-actions|patterns", swap(r"models:\n(  .*\n)+", "models: []\n", "config.yml")),
    ),
    Guise(
        "look-alike",
        "embeddings model",
        "clean",
        only(
            "one-file|own-actions|patterns",
            swap(
                r"^(    model: gpt.*\n)",
                r"\1  - type: embeddings\n    engine: FastEmbed\n    model: all-MiniLM-L6-v2\n",
                "config.yml",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "model of an own task",
        "clean",
        only(
            "own-actions",
            both(
                swap(
                    r"^(    model: gpt.*\n)",
                    r"\1  - type: tone_of_<<slug>>\n    engine: openai\n    model: gpt-4o\n",
                    "config.yml",
                ),
                add(
                    "actions.py",
                    '\n\n@action(name="tone")\nasync def tone(llms: dict) -> str:\n    """Asks the model for tone."""\n    return str(llms["tone_of_<<slug>>"])\n',
                    end=True,
                ),
            ),
        ),
    ),
    Guise(
        "look-alike",
        "langchain engine",
        "clean",
        only("own-actions|patterns", swap(r"engine: openai", "engine: vertexai", "config.yml")),
    ),
    Guise(
        "look-alike",
        "requirements beside",
        "clean",
        only("one-file|own-actions", add("requirements.txt", "nemoguardrails==0.24.1\nfastapi\n")),
    ),
    Guise(
        "look-alike",
        "test code beside",
        "clean",
        only(
            "own-actions|output-only",
            add(
                "tests/test_actions.py",
                "from actions import check_answer\n\n\ndef test_it() -> None:\n    assert check_answer is not None\n",
            ),
        ),
    ),
    Guise(
        "look-alike",
        "helper with try",
        "clean",
        only(
            _IN,
            add(
                "actions.py",
                '\n\ndef read_words(path: str) -> list[str]:\n    """Words of a file, none without it."""\n    try:\n        with open(path) as file:\n'
                "            return file.read().split()\n    except OSError:\n        return []\n",
                end=True,
            ),
        ),
    ),
)
"""The guises of this family."""
