"""Trace context: our span is a child of the caller's, and it is ours that goes upstream.

Format: W3C Trace Context, https://www.w3.org/TR/trace-context/. Our ids are a function of the
call id, so whoever knows the call can work them out and no record has to hold them.
"""

import hashlib
import re
from typing import NamedTuple

from alos.domain.ids import CallId

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID_VERSION = b"ff"
_NO_TRACE, _NO_SPAN = b"0" * 32, b"0" * 16
_SAMPLED = 1


class CallerSpan(NamedTuple):
    """The span that the caller's request came from.

    Attributes:
        trace_id: 32 lower-case hex digits.
        span_id: 16 of them; our span's parent.
        sampled: whether the caller records its trace.
    """

    trace_id: str
    span_id: str
    sampled: bool


def read_traceparent(value: bytes | None) -> CallerSpan | None:
    """The caller's span; ``None`` without one, or where it is malformed (then it is no one's)."""
    found = _TRACEPARENT.fullmatch(value) if value is not None else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _INVALID_VERSION or (version == b"00" and more):
        return None
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return CallerSpan(trace_id.decode(), span_id.decode(), bool(int(flags, 16) & _SAMPLED))


def get_span_id(call_id: CallId) -> str:
    """Our own span: 16 hex digits."""
    return hashlib.sha256(call_id.encode()).hexdigest()[:16]


def get_trace_id(call_id: CallId, caller: CallerSpan | None) -> str:
    """The trace that the call belongs to: the caller's, else one of our own."""
    if caller is not None:
        return caller.trace_id
    return hashlib.sha256(call_id.encode()).hexdigest()[16:48]


def write_traceparent(call_id: CallId, value: bytes | None) -> bytes:
    """The header for upstream: the trace goes on, with our span in it and never the caller's."""
    caller = read_traceparent(value)
    digest = hashlib.sha256(call_id.encode()).hexdigest()
    trace_id = caller.trace_id if caller is not None else digest[16:48]
    flags = "00" if caller is not None and not caller.sampled else "01"
    return f"00-{trace_id}-{digest[:16]}-{flags}".encode()
