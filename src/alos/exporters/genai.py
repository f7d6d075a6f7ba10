"""A call's record as OpenTelemetry names it: the one mapper, versioned.

Every ``gen_ai.*`` name is still "development" in OpenTelemetry's semantic conventions, so they
are written here and nowhere else. ``gen_ai.usage.input_tokens`` includes cached tokens and
``output_tokens`` includes reasoning, as the conventions say; our own buckets are disjoint.
Nothing personal is in it: no person, no address, no task, no tag, no text.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from alos.domain.money import to_usd_text
from alos.domain.record import ClosingEntry, Fact, Outcome
from alos.domain.trace import get_span_id, get_trace_id

MAPPER: Final = "alos-genai-1"
"""Goes up by one with every change of a name or a meaning below."""
_OPERATIONS: Final = {
    "openai-chat": "chat",
    "openai-responses": "chat",
    "anthropic-messages": "chat",
    "anthropic-count-tokens": "count_tokens",
    "openai-embeddings": "embeddings",
}
_FAILED: Final = frozenset({Outcome.REFUSED, Outcome.UPSTREAM_ERROR, Outcome.CUT, Outcome.UNKNOWN})
Value = str | int | float | bool
_NANO: Final = 1e9


class Span(NamedTuple):
    """One call as a span; ids are hexadecimal.

    Attributes:
        error: the reason code of a call that failed, else ``None``.
    """

    trace_id: str
    span_id: str
    name: str
    start_unix_ns: int
    end_unix_ns: int
    attributes: Mapping[str, Value]
    error: str | None


def to_span(closing: ClosingEntry) -> Span:
    """Map a record."""
    operation = _OPERATIONS.get(closing.wire_format, closing.wire_format)
    trace_id, span_id = _get_ids(closing)
    failed = closing.outcome in _FAILED
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=f"{operation} {closing.model}" if closing.model else operation,
        start_unix_ns=closing.opened_at_unix_ns,
        end_unix_ns=closing.closed_at_unix_ns,
        attributes={
            name: value
            for name, value in {
                **_write_genai(closing, operation),
                **_write_usage(closing),
                **_write_own(closing),
            }.items()
            if value is not None
        },
        error=(closing.reason.value if closing.reason else closing.outcome.value)
        if failed
        else None,
    )


def _get_ids(closing: ClosingEntry) -> tuple[str, str]:
    """As they went upstream; of a record without them, those made of its call id."""
    known = dict(closing.facts).get(Fact.TRACE_SPAN)
    if known is not None:
        trace_id, _, span_id = known.partition("-")
        return trace_id, span_id
    return get_trace_id(closing.call_id, None), get_span_id(closing.call_id)


def _write_genai(closing: ClosingEntry, operation: str) -> dict[str, Value | None]:
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": closing.vendor,
        "gen_ai.system": closing.vendor,  # the older name of the same
        "gen_ai.request.model": closing.upstream_model,
        "gen_ai.response.model": closing.upstream_model,
        "error.type": closing.reason.value if closing.reason else None,
        "http.response.status_code": closing.http_status or None,
    }


def _write_usage(closing: ClosingEntry) -> dict[str, Value | None]:
    usage = closing.usage
    if usage is None:
        return {}
    cached, written = usage.cached_read_tokens, usage.cache_write_tokens
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens + cached + written,
        "gen_ai.usage.output_tokens": usage.output_tokens + usage.reasoning_tokens,
        "gen_ai.usage.cache_read.input_tokens": cached or None,
        "gen_ai.usage.cache_creation.input_tokens": written or None,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens or None,
    }


def _write_own(closing: ClosingEntry) -> dict[str, Value | None]:
    return {
        "alos.mapper": MAPPER,
        "alos.call": closing.call_id,
        "alos.workflow": closing.workflow,
        "alos.workspace": closing.workspace,
        "alos.tier": closing.tier,
        "alos.release": closing.release,
        "alos.surface": closing.surface,
        "alos.outcome": closing.outcome.value,
        "alos.model": closing.model,
        "alos.prompt_version": closing.prompt_version,
        "alos.cost_usd": to_usd_text(closing.cost_nanousd),
        "alos.cost_estimated": closing.cost_estimated,
        "alos.findings": sum(note.count for note in closing.findings),
        "alos.overhead_ms": closing.overhead_us / 1_000,
        "alos.first_byte_ms": closing.first_byte_ms,
        "alos.streamed": closing.streamed,
    }
