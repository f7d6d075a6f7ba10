"""Spans arrive at a real OpenTelemetry receiver, and nothing waits for it."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from alos.domain.money import Usage
from alos.domain.reason import ReasonCode
from alos.domain.record import Fact, Outcome
from alos.exporters.genai import MAPPER, to_span
from alos.exporters.otlp import OtlpExporter
from tests.store.samples import make_closing


class Receiver:
    """A collector of a few lines; ``refuses`` makes it answer 503."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.scopes: set[str] = set()
        self.headers: list[str] = []
        self.refuses = False
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.headers.append(self.headers.get("authorization", ""))
                if not receiver.refuses:
                    receiver.take(self.path, body)
                self.send_response(404 if receiver.refuses else 200)
                self.send_header("content-type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        message = ExportTraceServiceRequest()
        message.ParseFromString(body)
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                self.scopes.add(scope.scope.version)
                self.spans += scope.spans


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()


def _read(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


async def test_a_call_arrives_as_a_span_with_our_ids_and_the_conventions_names(
    receiver: Receiver,
) -> None:
    exporter = OtlpExporter(receiver.url, {"authorization": "Bearer t"})
    usage = Usage(
        input_tokens=100,
        cached_read_tokens=40,
        cache_write_tokens=10,
        output_tokens=20,
        reasoning_tokens=30,
    )
    ids = f"{'ab' * 16}-{'cd' * 8}"
    exporter.offer(make_closing("call_1", usage=usage, facts=((Fact.TRACE_SPAN.value, ids),)))
    assert await exporter.send_once() is True
    (span,) = receiver.spans
    assert (span.trace_id.hex(), span.span_id.hex()) == ("ab" * 16, "cd" * 8)
    read = _read(span)
    assert read["gen_ai.usage.input_tokens"] == 150
    assert read["gen_ai.usage.output_tokens"] == 50
    assert read["gen_ai.usage.cache_read.input_tokens"] == 40
    assert read["gen_ai.provider.name"] == read["gen_ai.system"] == "acme"
    assert read["gen_ai.request.model"] == "acme-small-2026"
    assert read["alos.call"] == "call_1"
    assert read["alos.cost_usd"] == "0.000093"
    assert receiver.scopes == {MAPPER}
    assert receiver.headers == ["Bearer t"]
    assert exporter.metrics.sent == 1


async def test_nothing_personal_leaves(receiver: Receiver) -> None:
    exporter = OtlpExporter(receiver.url, {})
    exporter.offer(make_closing("call_1"))
    await exporter.send_once()
    text = str(receiver.spans)
    for personal in ("person-dora", "task-77", "kb/returns.md"):
        assert personal not in text


async def test_a_refused_call_is_an_error_with_its_reason(receiver: Receiver) -> None:
    exporter = OtlpExporter(receiver.url, {})
    exporter.offer(
        make_closing("call_1", outcome=Outcome.REFUSED, reason=ReasonCode.PII_FOUND, model=None)
    )
    await exporter.send_once()
    (span,) = receiver.spans
    assert span.status.code == span.status.STATUS_CODE_ERROR
    assert _read(span)["error.type"] == "alos_pii_found"


async def test_while_the_collector_is_down_records_wait_and_the_rest_is_dropped_and_counted(
    receiver: Receiver,
) -> None:
    exporter = OtlpExporter(receiver.url, {}, most_waiting=3)
    receiver.refuses = True
    for number in range(5):
        exporter.offer(make_closing(f"call_{number}"))
    assert exporter.metrics.dropped == 2
    assert await exporter.send_once() is False
    receiver.refuses = False
    assert await exporter.send_once() is True
    assert [_read(span)["alos.call"] for span in receiver.spans] == ["call_0", "call_1", "call_2"]
    assert (exporter.metrics.sent, exporter.metrics.failures) == (3, 1)


def test_a_record_without_ids_gets_those_of_its_call() -> None:
    one, other = to_span(make_closing("call_1")), to_span(make_closing("call_2"))
    assert one.span_id != other.span_id
    assert to_span(make_closing("call_1")._replace(cost_nanousd=5)).span_id == one.span_id
