"""No secret is shown, and nothing is hidden that is none. The secrets here are made of fake parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlint.source.redact import redact, redact_line

FAKE = "fake" * 6

SECRETS = [
    f"sk-{FAKE}",
    f"sk-proj-{FAKE}",
    f"nvapi-{FAKE}",
    f"ghp_{FAKE}",
    f"sk_live_{FAKE}",
    "AKIA" + "FAKE" * 4,
    f"hf_{FAKE}",
    f"xoxb-{FAKE}",
    f"AIza{FAKE}{FAKE}",
    f"eyJ{FAKE}.{FAKE}.{FAKE}",
]
LINES = [
    "api_key: {}",
    "  api_key: '{}'",
    'api_key: "{}"  # do not commit',
    "{{type: main, api_key: {}, model: x}}",
    'API_KEY="{}"',
    "password = {}",
    "OPENAI_API_KEY: {}",
    "  client_secret: {}",
    "Authorization: Bearer {}",
    "url: https://user:{}@proxy.example.org/",
    "private_key: {}",
    'os.environ["CARDS_API_KEY"] = "{}"',
    'os.environ.setdefault("CARDS_API_KEY", "{}")',
    'os.getenv("CARDS_API_KEY", "{}")',
    'api_key: str = "{}"',
    "access_token: {}",
    "  token: '{}'",
    "HF_TOKEN={}",
    "CS_AIDR_TOKEN: {}",
    "Authorization: Basic {}",
    "authorization: {}",
    "api_key:\n  {}",
    "api_key: >-\n    {}",
    'password: # the old one\n  "{}"',
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_well_known_key_is_hidden_wherever_it_stands(secret: str) -> None:
    """In any text, with as many asterisks."""
    text = f"before {secret} after"
    assert redact(text) == f"before {'*' * len(secret)} after"
    assert secret not in redact(f"x={secret}")


@pytest.mark.parametrize("line", LINES)
def test_what_is_assigned_to_a_secret_name_is_hidden(line: str) -> None:
    """Whatever it looks like; the line keeps its length, so that carets stay true."""
    text = line.format("hunter2-swordfish")
    hidden = redact(text)
    assert "hunter2" not in hidden
    assert "swordfish" not in hidden
    assert len(text) == len(hidden)


@pytest.mark.parametrize(
    "text",
    [
        "api_key_env_var: OPENAI_API_KEY",
        "api_key: ${OPENAI_API_KEY}",
        "api_key: null",
        "password_file: /run/secrets/db",
        "- a password or a one-time code",
        "task: self_check_input",
        "the customer forgot the secret question",
        "risk-assessment-of-the-customer",
        "flows: [self check input]",
        "passport_number: entity",
        "max_tokens: 100",
        "eos_token: the-end",
        "token_limit: 4000",
        "password:\n  min_length: 12",
        "secrets:\n  - file\n",
        "Authorization: Bearer ${TOKEN}",
        'actions = ("password", "pin")',
    ],
)
def test_names_of_secrets_and_words_are_shown(text: str) -> None:
    """A variable's name is no secret, and prose is prose."""
    assert text == redact(text)


def test_a_private_key_is_hidden_line_by_line() -> None:
    """The line ends stay where they are."""
    begin, end = (f"  -----{word} FAKE PRIVATE KEY-----\n" for word in ("BEGIN", "END"))
    text = "key: |\n" + begin + "  ZmFrZQ==\n  ZmFrZWZha2U=\n" + end
    hidden = redact(text)
    assert "ZmFrZ" not in hidden
    assert text.count("\n") == hidden.count("\n")
    assert [len(line) for line in text.split("\n")] == [len(line) for line in hidden.split("\n")]


@pytest.mark.parametrize("text", ["api_key:\n  {}", "api_key: |\n\n  {}", 'token:\n  "{}"'])
def test_a_line_is_hidden_for_the_key_above_it(text: str) -> None:
    """A code frame shows one line only."""
    lines = text.format("hunter2-swordfish").split("\n")
    assert "hunter2" not in redact_line(lines, len(lines))


@given(st.text() | st.text(alphabet="token: =\n'\"[],->|a*"))
def test_redaction_keeps_length_and_lines_and_is_stable(text: str) -> None:
    """Twice is as good as once."""
    hidden = redact(text)
    assert len(text) == len(hidden)
    assert text.count("\n") == hidden.count("\n")
    assert hidden == redact(hidden)
