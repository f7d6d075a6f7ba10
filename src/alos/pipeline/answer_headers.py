"""The headers that go out with an answer: whose record it is, what ran, what is left of a rate."""

from datetime import UTC, datetime

from alos.domain.call import FundedCall
from alos.domain.money import to_usd_text
from alos.domain.outcome import Headers
from alos.domain.record import Fact
from alos.domain.refusal import ReasonCode, Refusal
from alos.pipeline.progress import Progress

_EARLIER = {
    Fact.REPLAYED_FROM: b"x-alos-replayed-from",
    Fact.CACHED_FROM: b"x-alos-cached-from",
}
_JSON = b"application/json"


def write_ids(progress: Progress) -> Headers:
    """The record's id, under our own name and the one that SDKs show, and its receipt."""
    call_id = progress.call.id.encode()
    headers = [(b"x-alos-call", call_id), (b"x-request-id", call_id)]
    if progress.receipt is not None:
        headers.append((b"x-alos-receipt", progress.receipt.encode()))
    return headers


def write_answer_headers(progress: Progress, funded: FundedCall) -> Headers:
    """Ids, release, model and rate of a call that was answered."""
    headers = write_ids(progress)
    workflow, candidate = funded.admitted.workflow, progress.candidate
    headers.append((b"x-alos-release", workflow.release.digest.encode()))
    if candidate is not None:
        headers.append((b"x-alos-model", candidate.model.name.encode()))
        if Fact.FALLBACK in progress.facts:
            headers.append((b"x-alos-fallback", b"model"))
    elif progress.earlier is not None:
        headers.append((b"x-alos-model", progress.earlier.name.encode()))
    for fact, header in _EARLIER.items():
        if fact in progress.facts:
            headers.append((header, progress.facts[fact].encode()))
    if funded.limit_requests:
        window = max(limit.window_seconds for limit in workflow.rate_limits)
        headers += _write_rate(progress, funded.limit_requests, funded.remaining_requests, window)
    return headers


def write_fallback_headers(progress: Progress, funded: FundedCall, refusal: Refusal) -> Headers:
    """As of an answer, and that it is none of a model's, why, and where the request waits."""
    facts = progress.facts
    headers = write_answer_headers(progress, funded)
    headers.append((b"x-alos-fallback", facts[Fact.FALLBACK].encode()))
    headers.append((b"x-alos-reason", refusal.code.encode()))
    if Fact.HELD in facts:
        headers.append((b"x-alos-hold", facts[Fact.HELD].encode()))
    return headers


def write_spent_headers(progress: Progress, cost_nanousd: int, monotonic_ns: int) -> Headers:
    """What a whole answer cost in money and in time of ours, and its content type."""
    spent_ns = monotonic_ns - progress.call.received_monotonic_ns
    overhead_us = max(0, spent_ns - progress.tries.waited_ns) // 1_000
    is_stream = progress.streamed
    return [
        (b"content-type", b"text/event-stream; charset=utf-8" if is_stream else _JSON),
        (b"x-alos-cost-usd", to_usd_text(cost_nanousd).encode()),
        (b"x-alos-overhead-ms", b"%d.%03d" % divmod(overhead_us, 1_000)),
    ]


def write_refusal_headers(progress: Progress, refusal: Refusal) -> Headers:
    """Ids, and the rate where it is what refused."""
    headers = write_ids(progress)
    if refusal.code is ReasonCode.RATE_LIMITED and progress.limit_requests:
        wait = refusal.retry_after_seconds or 0
        headers += _write_rate(progress, progress.limit_requests, 0, wait)
    return headers


def _write_rate(progress: Progress, limit: int, remaining: int, reset_seconds: int) -> Headers:
    """In the words of the vendor whose format is spoken.

    ``reset_seconds``: after an answer, until the window holds no request (it slides, so that is
    its whole length); after a refusal, until one request fits again.
    """
    if progress.call.wire_format.startswith("anthropic"):
        unix = progress.call.received_unix_ns // 1_000_000_000 + reset_seconds
        reset = datetime.fromtimestamp(unix, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        return [
            (b"anthropic-ratelimit-requests-limit", b"%d" % limit),
            (b"anthropic-ratelimit-requests-remaining", b"%d" % remaining),
            (b"anthropic-ratelimit-requests-reset", reset),
        ]
    return [
        (b"x-ratelimit-limit-requests", b"%d" % limit),
        (b"x-ratelimit-remaining-requests", b"%d" % remaining),
        (b"x-ratelimit-reset-requests", b"%ds" % reset_seconds),
    ]
