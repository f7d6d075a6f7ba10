"""Sends spans of calls to an OpenTelemetry collector; never in the way of a call.

Records are put in a queue of bounded length when they are on disk; a job sends them in batches.
What doesn't fit is dropped and counted: the ledger is the record, this is a copy for dashboards.
Needs the extra ``otlp``.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alos.domain.record import ClosingEntry
from alos.exporters.genai import MAPPER, Span, to_span

_logger = logging.getLogger(__name__)
_MOST_WAITING: Final = 10_000
_BATCH: Final = 500
_INTERVAL_SECONDS: Final = 1.0
_TIMEOUT_SECONDS: Final = 5
_TRACES_PATH: Final = "/v1/traces"


class OtlpMissing(Exception):  # noqa: N818 - a "no" to the operator
    """The extra is not installed."""


@dataclass(slots=True, kw_only=True)
class OtlpMetrics:
    """Counts since the start, for ``/metrics``."""

    sent: int = 0
    dropped: int = 0
    failures: int = 0


class OtlpExporter:
    """One queue, one job.

    Args:
        url: the collector's, e.g. ``http://127.0.0.1:4318``; ``/v1/traces`` is added.
        headers: sent with every request, e.g. a collector's credential.

    Raises:
        OtlpMissing: ``pip install 'alos[otlp]'`` first.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, most_waiting: int = _MOST_WAITING
    ) -> None:
        self.metrics = OtlpMetrics()
        self._most_waiting = most_waiting
        self._waiting: deque[ClosingEntry] = deque()
        self._sender = _Sender(url, headers)

    def offer(self, closing: ClosingEntry) -> None:
        """Take a record that is on disk; returns at once, whatever the collector does."""
        if len(self._waiting) >= self._most_waiting:
            self.metrics.dropped += 1
            return
        self._waiting.append(closing)

    async def run(self) -> None:
        """Send for ever; a collector that is down is tried again."""
        is_down = False
        while True:
            ok = await self.send_once()
            if ok is not None and ok == is_down:
                _logger.warning("the OpenTelemetry collector %s", "is back" if ok else "is down")
                is_down = not ok
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def send_once(self) -> bool | None:
        """Send what waits; false when it was not taken and waits on, ``None`` for nothing."""
        sent: bool | None = None
        while self._waiting:
            batch = [self._waiting[at] for at in range(min(_BATCH, len(self._waiting)))]
            spans = [to_span(closing) for closing in batch]
            if not await asyncio.to_thread(self._sender.send, spans):
                self.metrics.failures += 1
                return False
            for _ in batch:
                self._waiting.popleft()
            self.metrics.sent += len(batch)
            sent = True
        return sent


class _Sender:
    """OpenTelemetry's own exporter, given spans that are over already."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk import trace as sdk  # noqa: PLC0415
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.util.instrumentation import (  # noqa: PLC0415
                InstrumentationScope,
            )
        except ImportError as error:
            raise OtlpMissing("ALOS_OTLP_URL needs `pip install 'alos[otlp]'`") from error
        self._sdk = sdk
        self._resource = Resource({"service.name": "alos"})
        self._scope = InstrumentationScope("alos", MAPPER)
        self._exporter = OTLPSpanExporter(
            endpoint=url.rstrip("/").removesuffix(_TRACES_PATH) + _TRACES_PATH,
            headers=dict(headers),
            timeout=_TIMEOUT_SECONDS,
        )

    def send(self, spans: Sequence[Span]) -> bool:
        """Whether the collector took them (blocks)."""
        from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

        try:
            result = self._exporter.export([self._to_readable(span) for span in spans])
        except OSError:
            return False
        return result is SpanExportResult.SUCCESS

    def _to_readable(self, span: Span) -> Any:
        from opentelemetry.trace import (  # noqa: PLC0415
            SpanContext,
            SpanKind,
            Status,
            StatusCode,
            TraceFlags,
        )

        context = SpanContext(
            trace_id=int(span.trace_id, 16),
            span_id=int(span.span_id, 16),
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        status = Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.OK)
        return self._sdk.ReadableSpan(
            name=span.name,
            context=context,
            kind=SpanKind.CLIENT,
            resource=self._resource,
            attributes=span.attributes,
            status=status,
            start_time=span.start_unix_ns,
            end_time=span.end_unix_ns,
            instrumentation_scope=self._scope,
        )
