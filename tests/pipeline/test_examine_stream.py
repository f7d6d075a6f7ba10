"""A stream's events come one at a time or many at once: what the caller gets is the same."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.checks.catalogue import build_scanner
from alos.checks.packs import standard_packs
from alos.domain.request import Request
from alos.gateway.wire.formats import FORMATS
from alos.pipeline.examine import StreamExaminer
from tests.gateway.wire.golden import read

CHAT = {"model": "m", "messages": [], "stream": True}
SCANNER = build_scanner(standard_packs())
AWS_ID = "AKIA" + "Q3EGRWLW" + "XBN7ZP2M"
WORDS = [
    "The ",
    "train",
    " leaves ",
    "at 9",
    ". ",
    "on 2026-11-02 ",
    "mail ann@example.org ",
    "\n",
]


def open_examiner() -> StreamExaminer:
    request: Request = read("openai-chat", CHAT)
    reader = FORMATS["openai-chat"].open_stream(request)
    return StreamExaminer(reader, SCANNER, request, lambda _names: None)


def chunk(text: str, index: int = 0, finish: str | None = None) -> bytes:
    delta = {"content": text} if text else {}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return b"data: " + msgspec.json.encode({"choices": [choice]}) + b"\n\n"


def read_texts(sent: bytes) -> dict[int, str]:
    """What a client puts together of the bytes, for each choice."""
    texts: dict[int, str] = {}
    for event in filter(None, sent.split(b"\n\n")):
        payload: Any = msgspec.json.decode(event.removeprefix(b"data: "))
        for choice in payload["choices"]:
            said = choice["delta"].get("content", "")
            texts[choice["index"]] = texts.get(choice["index"], "") + said
    return texts


def relay(events: list[bytes], together: list[int]) -> tuple[bytes, StreamExaminer]:
    """Send events through, so many at a time."""
    examiner = open_examiner()
    sent = b""
    rest = list(events)
    for count in [*together, len(rest)]:
        arrived, rest = rest[:count], rest[count:]
        if arrived and examiner.refusal is None:
            sent += examiner.take(b"".join(arrived))
    return sent, examiner


said = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from([0, 0, 0, 1])), max_size=30)
counts = st.lists(st.integers(1, 6), max_size=30)


@given(said=said, together=counts)
@settings(max_examples=300, deadline=None)
def test_the_caller_gets_the_same_text_however_events_arrive(
    said: list[tuple[str, int]], together: list[int]
) -> None:
    events = [chunk(text, index) for text, index in said] + [chunk("", finish="stop")]
    sent, examiner = relay(events, together)
    wanted: dict[int, str] = {}
    for text, index in said:
        wanted[index] = wanted.get(index, "") + text
    texts = read_texts(sent)
    assert {index: text for index, text in texts.items() if text} == wanted
    one_by_one, other = relay(events, [1] * len(events))
    assert read_texts(one_by_one) == texts
    assert examiner.findings == other.findings
    assert examiner.text_characters == sum(len(text) for text, _ in said)


@given(said=said, at=st.integers(0, 30), cut=st.integers(1, len(AWS_ID) - 1), together=counts)
@settings(max_examples=200, deadline=None)
def test_nothing_of_a_credential_goes_out_however_events_arrive(
    said: list[tuple[str, int]], at: int, cut: int, together: list[int]
) -> None:
    events = [chunk(text, index) for text, index in said]
    events[at:at] = [chunk(" " + AWS_ID[:cut]), chunk(AWS_ID[cut:] + " ")]
    sent, examiner = relay([*events, chunk("", finish="stop")], together)
    assert examiner.refusal is not None
    assert AWS_ID[4:12].encode() not in sent


def test_whole_events_that_come_together_go_on_untouched() -> None:
    events = [chunk("It is "), chunk("a fine "), chunk("day, is"), chunk("n't it? ")]
    examiner = open_examiner()
    assert examiner.take(b"".join(events)) == b"".join(events)
    examiner = open_examiner()
    held = examiner.take(b"".join(events[:3]))
    assert held.startswith(events[0] + events[1])
    assert read_texts(held) == {0: "It is a fine day, "}
    assert read_texts(held + examiner.take(events[3])) == {0: "It is a fine day, isn't it? "}
