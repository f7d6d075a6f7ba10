"""A thousand streams at once through the gateway: memory, whole answers, whole records.

./run python benchmarks/streams.py              1,000 streams, about half a minute
./run python benchmarks/streams.py --streams 200 --json

Exit 0 within the bound, 1 above it or with a stream or record missing, 3 if it can't be measured.
"""

import argparse
import asyncio
import http.client
import json
import os
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a file

from benchmarks.harness.alos import alos_gateway, why_not
from benchmarks.harness.conversation import CHUNK_COUNT, request_body
from benchmarks.harness.processes import usage
from benchmarks.harness.subject import NotStarted, Running, running
from benchmarks.harness.upstream import upstream

BOUND_MB = 300
_PAUSE_MS = 400
_MEGABYTE = 1_000_000
_DOWN = 3
_READY_SECONDS = 120
_PER_STREAM = 4  # files of ours for each stream, generously
_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was seen.

    Attributes:
        at_once: most streams that had begun and not ended at one moment.
        whole: streams that came with all their events and their end mark.
        records: entries written meanwhile: an opening and a closing each, and a few heartbeats.
        idle_mb, peak_mb: resident memory of the gateway before, and at most.
    """

    streams: int
    at_once: int
    whole: int
    records: int
    idle_mb: float
    peak_mb: float
    cpu_us_per_stream: float
    first_byte_p50_ms: float
    seconds: float


class Client:
    """Holds the streams open and counts what comes."""

    def __init__(self, server: Running, body: bytes) -> None:
        parts = urlsplit(server.chat_url)
        headers = "".join(f"{name}: {value}\r\n" for name, value in server.headers.items())
        self._where = (parts.hostname, parts.port)
        self._request = (
            f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\n"
            f"content-type: application/json\r\n{headers}content-length: {len(body)}\r\n\r\n"
        ).encode() + body
        self.running = self.at_once = self.whole = 0
        self.first_bytes: list[float] = []

    async def stream(self) -> None:
        """Take one stream to its end."""
        reader, writer = await asyncio.open_connection(*self._where)
        started = time.monotonic()
        writer.write(self._request)
        events, tail = 0, b""
        try:
            while data := await reader.read(65_536):
                if not events and b"data: " in data:
                    self.first_bytes.append(time.monotonic() - started)
                    self.running += 1
                    self.at_once = max(self.at_once, self.running)
                events += data.count(b"data: ")
                tail = (tail + data)[-64:]
        finally:
            self.running -= bool(events)
            writer.close()
        self.whole += events == CHUNK_COUNT and b"data: [DONE]" in tail


def main() -> int:
    """Measure once and say whether it is within the bound."""
    arguments = parse()
    if (reason := why_not()) is not None:
        print(f"streams: {reason}")
        return _DOWN
    _allow_files(arguments.streams * _PER_STREAM)
    cores = os.sched_getaffinity(0)
    try:
        with upstream(cores, pause_ms=arguments.pause_ms) as model:
            if not model.streams:
                print("streams: needs a C compiler (gcc) for the model server")
                return _DOWN
            with running(
                alos_gateway(), upstream=model.base_url, cores=cores, ready_seconds=_READY_SECONDS
            ) as server:
                result = asyncio.run(measure(server, arguments.streams))
    except NotStarted as error:
        print(f"streams: did not start: {error}")
        return _DOWN
    print(json.dumps(asdict(result), indent=None if arguments.json else 2))
    good = (
        result.whole == result.streams
        and result.records >= 2 * result.streams
        and result.peak_mb <= BOUND_MB
    )
    return 0 if good else 1


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--pause-ms", type=int, default=_PAUSE_MS, help="between two events")
    parser.add_argument("--json", action="store_true", help="one line")
    return parser.parse_args()


async def measure(server: Running, streams: int) -> Result:
    """Open all of them, wait for their ends, and read the meters."""
    client = Client(server, request_body(stream=True))
    before, appended = usage(server.pid), _count_entries(server)
    started = time.monotonic()
    peak = before.resident_bytes
    calls = [asyncio.ensure_future(client.stream()) for _ in range(streams)]
    pending = set(calls)
    while pending:
        _, pending = await asyncio.wait(pending, timeout=_SAMPLE_SECONDS)
        peak = max(peak, usage(server.pid).resident_bytes)
    seconds = time.monotonic() - started
    after = usage(server.pid)
    for call in calls:
        if call.exception() is not None:
            print(f"streams: {type(call.exception()).__name__}", file=sys.stderr)
    first_bytes = sorted(client.first_bytes)
    return Result(
        streams=streams,
        at_once=client.at_once,
        whole=client.whole,
        records=_count_entries(server) - appended,
        idle_mb=round(before.resident_bytes / _MEGABYTE, 1),
        peak_mb=round(peak / _MEGABYTE, 1),
        cpu_us_per_stream=round((after.run_ns - before.run_ns) / streams / 1_000, 1),
        first_byte_p50_ms=round(first_bytes[len(first_bytes) // 2] * 1_000, 1),
        seconds=round(seconds, 1),
    )


def _count_entries(server: Running) -> int:
    """Openings and closings on disk so far; the few notes of a start stand in both readings."""
    parts = urlsplit(server.chat_url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    connection.close()
    (line,) = (one for one in page.splitlines() if one.startswith("alos_journal_appended_total "))
    return int(float(line.split()[1]))


def _allow_files(files: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, files + 256)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


if __name__ == "__main__":
    sys.exit(main())
