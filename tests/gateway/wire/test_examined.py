"""Each format's streams as the examining stage lets them through, with the real scanner."""

import pytest

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.secrets import secrets_pack
from alos.domain.refusal import ReasonCode
from alos.gateway.wire.formats import FORMATS
from alos.pipeline.examine import StreamExaminer
from tests.gateway.wire.golden import STREAMING, load, load_request

SECRET = "gh" + "p_" + "Zq8Lw2Xr5Tn9Vb3Kc7Md1Pf6Hj4Sg0Ya2E0D"
SAID = {
    "openai-chat": ("It is ", "on its way."),
    "openai-responses": ("It is ", "on its way."),
    "anthropic-messages": ("It prints ", "hi."),
}


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return build_scanner([secrets_pack()])


def examine(scanner: Scanner, name: str, data: bytes, size: int) -> tuple[bytes, StreamExaminer]:
    """Let a stream through in pieces of a size; the end mark included if it may go."""
    request = load_request(name)
    examiner = StreamExaminer(FORMATS[name].open_stream(request), scanner, request, lambda _: None)
    released = b""
    for start in range(0, len(data), size):
        released += examiner.take(data[start : start + size])
        if examiner.refusal is not None or examiner.end is not None:
            break
    return released + (examiner.end.raw if examiner.end else b""), examiner


def tell(name: str, data: bytes) -> list[str]:
    """What a client would understand of a stream: the texts of each lane."""
    lanes: dict[str, str] = {}
    for part in FORMATS[name].open_stream(load_request(name)).feed(data):
        lanes[part.lane] = lanes.get(part.lane, "") + part.text
    return [text for text in lanes.values() if text]


@pytest.mark.parametrize("size", [1, 37, 100_000])
@pytest.mark.parametrize("name", STREAMING)
def test_a_clean_stream_says_the_same_afterwards(scanner: Scanner, name: str, size: int) -> None:
    data = load(name, "stream.sse")
    released, examiner = examine(scanner, name, data, size)
    assert examiner.refusal is None
    assert tell(name, released) == tell(name, data)
    assert examiner.usage is not None


@pytest.mark.parametrize("at", range(4, len(SECRET) - 3, 5))
@pytest.mark.parametrize("name", STREAMING)
def test_a_credential_split_over_two_events_is_cut_and_no_part_of_it_goes_out(
    scanner: Scanner, name: str, at: int
) -> None:
    first, second = (text.encode() for text in SAID[name])
    data = load(name, "stream.sse").replace(first, f"key {SECRET[:at]}".encode(), 1)
    data = data.replace(second, SECRET[at:].encode() + b" ok", 1)
    released, examiner = examine(scanner, name, data, 100_000)
    assert examiner.refusal is not None
    assert examiner.refusal.code is ReasonCode.ANSWER_BLOCKED
    assert SECRET[:12].encode() not in released
    assert SECRET[at:].encode() not in released


def test_a_credential_that_only_the_last_event_says_is_cut_too(scanner: Scanner) -> None:
    data = load("openai-responses", "stream.sse")
    head, mark, last = data.rpartition(b"event: response.completed")
    data = head + mark + last.replace(b"It is on its way.", f"the key: {SECRET} ".encode())
    released, examiner = examine(scanner, "openai-responses", data, 100_000)
    assert examiner.refusal is not None
    assert SECRET.encode() not in released


def test_a_credential_that_ends_in_the_chunk_with_the_finish_is_cut_too(scanner: Scanner) -> None:
    data = (
        b'data: {"choices":[{"index":0,"delta":{"content":"key %b"}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"%b "},"finish_reason":"stop"}]}\n\n'
        b"data: [DONE]\n\n"
    ) % (SECRET[:15].encode(), SECRET[15:].encode())
    released, examiner = examine(scanner, "openai-chat", data, 100_000)
    assert examiner.refusal is not None
    assert SECRET[15:].encode() not in released
