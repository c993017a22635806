"""The scripted server speaks enough of the OpenAI protocol for real clients, and keeps what they asked."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from guardlint.harness.brain import ScriptedBrain, Turn
from guardlint.harness.openai_server import ScriptedServer, chunks_of

HELLO = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello there"}]}


def post(url: str, body: object) -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_whole_answer_and_what_was_seen():
    """A completion in OpenAI's shape; the prompt and the body are kept."""
    with ScriptedServer(ScriptedBrain(answer="Your card is blocked.")) as server:
        status, text = post(f"{server.base_url}/chat/completions", HELLO)
    body = json.loads(text)
    assert status == 200
    assert body["model"] == "gpt-4o-mini"
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "Your card is blocked."}
    assert body["usage"] == {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}
    assert [prompt.turns for prompt in server.seen] == [(Turn("user", "hello there"),)]
    assert server.requests == [HELLO]
    server.forget()
    assert server.seen == []


def test_stream_is_the_answer_in_pieces():
    """Server-sent events: a role, a piece a word, a reason to finish, usage when asked for, [DONE]."""
    asked = {**HELLO, "stream": True, "stream_options": {"include_usage": True}}
    with ScriptedServer(ScriptedBrain(answer="Your card  is blocked.")) as server:
        status, text = post(f"{server.base_url}/chat/completions", asked)
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    events = [json.loads(line) for line in lines[:-1]]
    pieces = [choice["delta"].get("content", "") for event in events for choice in event["choices"]]
    assert status == 200
    assert lines[-1] == "[DONE]"
    assert pieces == ["", "Your", " card", "  is", " blocked.", ""]
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"]["completion_tokens"] == 4


@pytest.mark.parametrize("text", ["", " ", "one", " two words ", "line\n\nbreaks \t and\ttabs\n"])
def test_pieces_join_to_the_text(text):
    """Nothing is lost between the pieces."""
    assert "".join(chunks_of(text)) == text


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/chat/completions", b"{", (400, "the body is not JSON")),
        ("/chat/completions", [], (400, "the body has no list `messages`")),
        ("/chat/completions", {"messages": "hi"}, (400, "the body has no list `messages`")),
        ("/embeddings", HELLO, (404, "no such address: /v1/embeddings")),
    ],
)
def test_bad_requests_are_told_apart(path, body, expected):
    """A wrong request is an error in OpenAI's shape, and is not counted as seen."""
    with ScriptedServer(ScriptedBrain()) as server:
        status, text = post(server.base_url + path, body)
        assert (status, json.loads(text)["error"]["message"]) == expected
        assert server.seen == []


def test_failing_model_is_an_http_error():
    """A brain that raises is a model that is down: HTTP 500, and the server lives on."""

    def fail(_: object) -> str:
        raise TimeoutError("away")

    with ScriptedServer(ScriptedBrain(answer=fail)) as server:
        first = post(f"{server.base_url}/chat/completions", HELLO)
        second = post(f"{server.base_url}/chat/completions", HELLO)
    assert (first[0], second[0]) == (500, 500)
    assert "the scripted model failed: away" in first[1]


def test_many_clients_at_once():
    """Each request is answered from its own prompt and all are kept."""
    brain = ScriptedBrain(answer=lambda seen: f"re: {seen.last_user}")
    with ScriptedServer(brain) as server:
        url = f"{server.base_url}/chat/completions"

        def ask(number: int) -> str:
            _, text = post(url, {"messages": [{"role": "user", "content": f"message {number}"}]})
            return str(json.loads(text)["choices"][0]["message"]["content"])

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(24)))
    assert answers == [f"re: message {number}" for number in range(24)]
    assert len(server.seen) == 24


def test_two_servers_have_their_own_ports_and_address_ends_with_the_block():
    """Ports are free ones; outside its block a server has no address."""
    with ScriptedServer(ScriptedBrain()) as one, ScriptedServer(ScriptedBrain()) as two:
        assert one.base_url != two.base_url
        assert one.base_url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="not running"):
        _ = ScriptedServer(ScriptedBrain()).base_url
