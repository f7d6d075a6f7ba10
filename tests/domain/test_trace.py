import pytest

from alos.domain.ids import CallId
from alos.domain.trace import get_span_id, get_trace_id, read_traceparent, write_traceparent

CALL = CallId("call_01JD0000000000000000000001")
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("flags", ["00", "01"])
def test_the_callers_trace_goes_on_with_our_span_in_place_of_the_callers(flags: str) -> None:
    sent = f"00-{TRACE}-{SPAN}-{flags}".encode()
    out = write_traceparent(CALL, sent).decode()
    assert out == f"00-{TRACE}-{get_span_id(CALL)}-{flags}"
    assert SPAN not in out


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"nonsense",
        f"ff-{TRACE}-{SPAN}-01".encode(),
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE.upper()}-{SPAN}-01".encode(),
        f"00-{TRACE}-{SPAN}-01-more".encode(),
        f"00-{TRACE}-{SPAN}-01\r\nx-evil: 1".encode(),
    ],
)
def test_a_call_without_a_good_trace_starts_one_of_its_own(value: bytes | None) -> None:
    assert read_traceparent(value) is None
    out = write_traceparent(CALL, value).decode()
    assert out == f"00-{get_trace_id(CALL, None)}-{get_span_id(CALL)}-01"
    again = read_traceparent(out.encode())
    assert again is not None
    assert (again.trace_id, again.span_id) == (get_trace_id(CALL, None), get_span_id(CALL))


def test_a_later_version_of_the_format_is_read_by_its_first_fields() -> None:
    caller = read_traceparent(f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like".encode())
    assert caller is not None
    assert (caller.trace_id, caller.span_id, caller.sampled) == (TRACE, SPAN, True)


def test_two_calls_have_two_spans() -> None:
    assert get_span_id(CALL) != get_span_id(CallId("call_01JD0000000000000000000002"))
