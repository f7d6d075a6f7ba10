from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import Request, StreamPart
from alos.gateway.wire.formats import FORMATS
from alos.gateway.wire.sse import MAX_EVENT_BYTES, EventCutter, read_event, write_comment
from tests.gateway.wire.golden import STREAMING, load, load_request, read

CHAT = {"model": "m", "messages": [], "stream": True}


def open_chat(**given: Any) -> tuple[Any, Request]:
    request = read("openai-chat", CHAT | given)
    return FORMATS["openai-chat"].open_stream(request), request


def chunk(*choices: dict[str, Any], **more: Any) -> bytes:
    return b"data: " + msgspec.json.encode({"choices": list(choices), **more}) + b"\n\n"


def say(delta: dict[str, Any], index: int = 0, finish: str | None = None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish}


@given(
    events=st.lists(
        st.lists(st.sampled_from([b"data: {}", b"event: x", b": c", b"id:1", b"retry: 3"]),
                 min_size=1, max_size=3),
        max_size=5,
    ),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)  # fmt: skip
@settings(max_examples=500, deadline=None)
def test_events_are_cut_alike_wherever_the_bytes_are_torn(
    events: list[list[bytes]], end: bytes, cuts: list[int]
) -> None:
    data = b"".join(end.join((*lines, b"", b"")) for lines in events)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    cutter = EventCutter()
    torn = [event for start, stop in pairwise(places) for event in cutter.feed(data[start:stop])]
    assert b"".join(torn) == data[: len(b"".join(torn))]
    assert len(b"".join(torn)) >= len(data) - 1
    whole = [read_event(event) for event in EventCutter().feed(data)]
    assert [one for one in map(read_event, torn) if any(one)] == [one for one in whole if any(one)]
    given_data = [read_event(b"\n".join(lines) + b"\n\n") for lines in events]
    assert [one for one in whole if any(one)] == [one for one in given_data if any(one)]


@pytest.mark.parametrize("name", STREAMING)
@given(cuts=st.lists(st.integers(0, 4_000), max_size=20))
@settings(max_examples=100, deadline=None)
def test_a_stream_is_read_alike_wherever_it_is_torn(name: str, cuts: list[int]) -> None:
    data = load(name, "stream.sse")
    request = load_request(name)
    whole = list(FORMATS[name].open_stream(request).feed(data))
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    reader = FORMATS[name].open_stream(request)
    torn = [part for start, stop in pairwise(places) for part in reader.feed(data[start:stop])]
    assert torn == whole


_TEXT = b'{"choices":[{"index":0,"delta":{"content":"a"}}]}'
_OPEN = b'{"choices":[{"index":0,"delta":{"content":"b"}}'
_LINES = [
    _TEXT,
    _TEXT + b" " + _TEXT,
    _OPEN,
    b"{}",
    b"]}",
    b",{}]}",
    b'{"choices":[{}',
    b'{"choices":{"x":"}',
    b'{"}}',
    b'{"model":"}',
    _TEXT + b"\n",
    _TEXT + b"\ndata: " + _TEXT,
    _TEXT[:20] + b"\ndata: " + _TEXT[20:],
    _TEXT + b"\r",
    b"[DONE]",
    b"",
]


def _feed(pieces: list[bytes]) -> list[StreamPart] | None:
    """The parts of a stream; none where it is no chat stream."""
    reader, _ = open_chat()
    try:
        return [part for piece in pieces for part in reader.feed(piece)]
    except ValueError:
        return None


@given(st.lists(st.sampled_from(_LINES), min_size=2, max_size=5))
@settings(max_examples=1_000, deadline=None)
def test_events_that_come_together_are_read_as_those_that_come_alone(lines: list[bytes]) -> None:
    events = [b"data: " + line + b"\n\n" for line in lines]
    assert _feed([b"".join(events)]) == _feed(events)


def test_no_object_hides_in_another_events_line() -> None:
    twice_and_split = [_TEXT + b" " + _TEXT, _OPEN, b",{}]}"]  # three lines, three objects
    assert _feed([b"".join(b"data: " + line + b"\n\n" for line in twice_and_split)]) is None


@pytest.mark.parametrize("name", STREAMING)
def test_what_the_caller_gets_is_the_bytes_as_they_came(name: str) -> None:
    data = load(name, "stream.sse")
    request = load_request(name)
    raw = b"".join(part.raw for part in FORMATS[name].open_stream(request).feed(data))
    if name == "openai-chat":  # the usage that this caller did not ask for
        start = data.index(b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk",', 1_900)
        usage = next(line for line in data.split(b"\n\n") if b'"choices":[]' in line)
        assert start > 0
        data = data.replace(usage + b"\n\n", b"")
    assert raw == data


@pytest.mark.parametrize("asked", [False, True])
def test_usage_reaches_those_who_asked_for_it(*, asked: bool) -> None:
    reader, _ = open_chat(stream_options={"include_usage": asked})
    event = chunk(usage={"prompt_tokens": 3, "completion_tokens": 2})
    part = reader.feed(event)[0]
    assert part.usage.total_tokens == 5
    assert part.raw == (event if asked else b"")


def test_an_event_without_end_is_given_up() -> None:
    cutter = EventCutter()
    assert cutter.feed(b"data: " + b"x" * (MAX_EVENT_BYTES - 6)) == []
    with pytest.raises(ValueError, match="larger than the bound"):
        cutter.feed(b"x")


@pytest.mark.parametrize("name", STREAMING)
@pytest.mark.parametrize(
    "data", [b"data: hello\n\n", b"data: []\n\n", b"data: {\n\n", b"data: 1\n\n"]
)
def test_what_is_no_stream_of_the_format_is_said(name: str, data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the port names no more
        FORMATS[name].open_stream(load_request(name)).feed(data)


@pytest.mark.parametrize("name", STREAMING)
@given(data=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_garbage_raises_nothing_but_value_errors(name: str, data: bytes) -> None:
    reader = FORMATS[name].open_stream(load_request(name))
    try:
        reader.feed(b"data: " + data + b"\n\n")
        FORMATS[name].read_answer(data)
    except ValueError:
        pass


def test_a_chunk_of_several_texts_is_taken_apart() -> None:
    reader, _ = open_chat(n=2)
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    delta = {"role": "assistant", "content": "a", "reasoning_content": "b", "tool_calls": [call]}
    parts = reader.feed(chunk(say(delta), say({"content": "z"}, 1, "stop")))
    assert [(part.lane, part.text, part.tool_call) for part in parts] == [
        ("0.content", "a", None),
        ("0.reasoning_content", "b", None),
        ("0.tool_calls.0", "{}", "f"),
        ("1.content", "z", None),
        ("", "", None),
    ]
    again = FORMATS["openai-chat"].open_stream(read("openai-chat", CHAT | {"n": 2}))
    replayed = [one for part in parts for one in again.feed(part.raw)]
    assert [part.text for part in replayed] == ["a", "b", "{}", "z", ""]


def test_a_last_text_is_read_before_the_finish_that_comes_with_it() -> None:
    reader, _ = open_chat()
    parts = reader.feed(chunk(say({"content": "end"}, 0, "stop"), model="m"))
    assert [(part.text, part.finish_reason) for part in parts] == [("end", None), ("", "stop")]
    assert b"end" not in parts[1].raw


def test_a_finish_is_told_once_the_last_choice_has_finished() -> None:
    reader, _ = open_chat(n=2)
    first = reader.feed(chunk(say({}, 0, "stop")))
    last = reader.feed(chunk(say({}, 1, "length")))
    assert [part.finish_reason for part in (*first, *last)] == [None, "length"]


def test_text_in_a_field_nobody_knows_is_read_too() -> None:
    reader, _ = open_chat()
    part = reader.feed(chunk(say({"brand_new": {"deep": ["secret words"]}})))[0]
    assert (part.text, part.lane) == ("secret words", "0.brand_new")
    assert reader.write_text(part, "") == b""


def read_again(data: bytes) -> list[StreamPart]:
    reader, _ = open_chat()
    return list(reader.feed(data))


def test_a_text_is_replaced_in_its_event_and_can_be_continued() -> None:
    reader, _ = open_chat()
    part = reader.feed(chunk(say({"role": "assistant", "content": "my key is"}), model="m"))[0]
    first = read_again(reader.write_text(part, "my "))
    rest = read_again(reader.write_text(part, "key is"))
    assert [one.text for one in (*first, *rest)] == ["my ", "key is"]
    assert b"assistant" not in rest[0].raw
    assert reader.write_text(part, "") == b""


def test_a_tool_calls_opening_survives_without_its_text_and_is_not_said_twice() -> None:
    reader, _ = open_chat()
    call = {
        "index": 0,
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": "{x"},
    }
    part = reader.feed(chunk(say({"tool_calls": [call]})))[0]
    opening = read_again(reader.write_text(part, ""))[0]
    assert (opening.tool_call, opening.text) == ("f", "")
    rest = read_again(reader.write_text(part, "{x"))[0]
    assert (rest.tool_call, rest.text) == (None, "{x")


def test_token_probabilities_do_not_give_away_a_text_that_was_held_back() -> None:
    reader, _ = open_chat()
    choice = say({"content": "secret"}) | {"logprobs": {"content": [{"token": "secret"}]}}
    part = reader.feed(chunk(choice))[0]
    assert b"secret" not in reader.write_text(part, "harmless")


@pytest.mark.parametrize("name", ["openai-responses", "anthropic-messages"])
def test_a_delta_is_written_with_another_text(name: str) -> None:
    reader = FORMATS[name].open_stream(load_request(name))
    parts = [part for part in reader.feed(load(name, "stream.sse")) if part.text and part.raw]
    for part in parts:
        written = reader.write_text(part, "other")
        again = FORMATS[name].open_stream(load_request(name)).feed(written)
        assert [one.text for one in again] == ["other"]
        assert written.startswith(b"event: ")
        assert reader.write_text(part, "") == b""


def test_a_response_that_repeats_its_deltas_is_not_read_twice_but_news_is() -> None:
    name = "openai-responses"
    data = load(name, "stream.sse")
    head, _, last = data.rpartition(b"event: response.completed")
    changed = last.replace(b"It is on its way.", b"Now it says more.")
    reader = FORMATS[name].open_stream(load_request(name))
    parts = [*reader.feed(head), *reader.feed(b"event: response.completed" + changed)]
    assert [part.text for part in parts if part.text][-1] == "Now it says more."
    assert parts[-1].is_end
    assert parts[-2].raw == b""


@pytest.mark.parametrize("name", STREAMING)
def test_a_comment_stays_one_line_whatever_it_says(name: str) -> None:
    reader = FORMATS[name].open_stream(load_request(name))
    assert reader.write_comment('alos {"a":\n\ndata: x}') == b': alos {"a": data: x}\n\n'
    assert write_comment("é") == ": é\n\n".encode()


@pytest.mark.parametrize("name", STREAMING)
def test_a_cut_is_an_error_event_of_the_format(name: str) -> None:
    reader = FORMATS[name].open_stream(load_request(name))
    cut = reader.write_cut(Refusal(code=ReasonCode.ANSWER_BLOCKED), "call_1")
    parts = FORMATS[name].open_stream(load_request(name)).feed(cut)
    assert parts[0].is_error
    assert b"alos_answer_blocked" in cut
    assert b"call_1" in cut


@pytest.mark.parametrize("name", STREAMING)
@pytest.mark.parametrize("stream", [False, True])
def test_a_static_answer_is_an_answer_of_the_format(name: str, *, stream: bool) -> None:
    request = load_request(name)
    document = dict(request.document) | {"stream": stream}
    asked = read(name, document)
    body = FORMATS[name].write_static(asked, "We are closed.", "call_1")
    if not stream:
        view = FORMATS[name].read_answer(body)
        assert "We are closed." in view.texts
        assert view.usage is not None
        assert view.usage.total_tokens == 0
    else:
        parts = FORMATS[name].open_stream(asked).feed(body)
        assert [part.text for part in parts if part.text] == ["We are closed."]
        assert parts[-1].is_end
