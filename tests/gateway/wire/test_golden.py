import msgspec
import pytest

from alos.domain.money import Usage
from alos.gateway.wire.formats import FORMATS
from tests.gateway.wire.golden import (
    EDITS,
    NAMES,
    STREAMING,
    load,
    load_document,
    load_request,
    read,
    summarize,
)


@pytest.mark.parametrize("name", NAMES)
def test_a_documented_request_is_read_as_written_down(name: str) -> None:
    expected = msgspec.json.decode(load(name, "reading.json"))
    assert msgspec.json.decode(msgspec.json.encode(summarize(load_request(name)))) == expected


ANSWERS = {
    "openai-chat": (
        ("It is on its way.", "url_citation", "Track", "https://t.example"),
        (("find_order", '{"order_id":"A-12"}'),),
        Usage(input_tokens=19, cached_read_tokens=100, output_tokens=50, reasoning_tokens=60),
        "stop",
    ),
    "openai-embeddings": ((), (), Usage(input_tokens=8), None),
    "openai-responses": (
        ("Orders travel.", "It is on its way."),
        (("find_order", '{"order_id":"A-12"}'),),
        Usage(
            input_tokens=20,
            cached_read_tokens=300,
            cache_write_tokens=8,
            output_tokens=40,
            reasoning_tokens=12,
        ),
        "completed",
    ),
    "anthropic-messages": (
        ("It prints.", "It prints hi.", "print('hi')", "Notes"),
        (("Bash", '{"command":"python main.py"}'),),
        Usage(input_tokens=25, cached_read_tokens=1_000, cache_write_tokens=200, output_tokens=60),
        "tool_use",
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_documented_answer_gives_its_texts_calls_and_disjoint_usage(name: str) -> None:
    view = FORMATS[name].read_answer(load(name, "answer.json"))
    texts, calls, usage, finish = ANSWERS[name]
    assert set(texts) <= set(view.texts)
    assert (view.tool_calls, view.usage, view.finish_reason) == (calls, usage, finish)


@pytest.mark.parametrize("name", STREAMING)
def test_a_documented_stream_says_the_same_as_the_answer(name: str) -> None:
    parts = FORMATS[name].open_stream(load_request(name)).feed(load(name, "stream.sse"))
    lanes: dict[str, str] = {}
    for part in parts:
        lanes[part.lane] = lanes.get(part.lane, "") + part.text
    said = [text for text in lanes.values() if text]
    answer = FORMATS[name].read_answer(load(name, "answer.json"))
    visible = [text for text in answer.texts if text in said]
    assert "It is on its way." in visible or "It prints hi." in visible
    assert [arguments for _, arguments in answer.tool_calls] == [
        text for text in said if text.startswith("{")
    ]
    assert [part.tool_call for part in parts if part.tool_call] == [
        called for called, _ in answer.tool_calls
    ]
    assert [part.usage for part in parts if part.usage][-1] == answer.usage
    assert [part.is_end for part in parts].index(True) == len(parts) - 1


@pytest.mark.parametrize("name", NAMES)
def test_only_what_must_change_of_a_request_changes(name: str) -> None:
    request = load_request(name)
    sent = msgspec.json.decode(FORMATS[name].write(request, EDITS))
    changed = {"model": "upstream-1"}
    if name == "openai-chat":
        changed["stream_options"] = {"include_usage": True}  # type: ignore[assignment]
    if name == "openai-responses":
        changed["store"] = False  # type: ignore[assignment]
    assert sent == load_document(name) | changed


UNCHANGED = {
    "openai-chat": b'{ "model":"upstream-1", "max_tokens":5,\n"messages":[],"temperature":1.0}',
    "openai-embeddings": b'{"input" :"caf\\u00e9","model":"upstream-1"}',
    "openai-responses": b'{"store":false , "input":"x","model":"upstream-1","temperature":1e0}',
    "anthropic-messages": b'{"model":"upstream-1","max_tokens":5,"messages":[ ],"stream":true}',
    "anthropic-count-tokens": b'{"model":"upstream-1","messages":[ ]}',
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_a_request_that_needs_no_change_goes_out_byte_for_byte(name: str) -> None:
    body = UNCHANGED[name]
    assert FORMATS[name].write(read(name, body), EDITS) is body
