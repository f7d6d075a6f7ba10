"""What the gateway adds to the time to the first byte of a stream: median, one caller at a time.

./run python benchmarks/first_byte.py     a few seconds; exit 0 within the bound, 1 above, 3 can't

The same calls go to the model server itself and through the gateway, in turns, so that a slow
moment of the machine hits both.
"""

import json
import os
import socket
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a file

from benchmarks.harness.alos import alos_gateway, why_not
from benchmarks.harness.conversation import request_body
from benchmarks.harness.subject import CHAT_PATH, NotStarted, running
from benchmarks.harness.upstream import upstream

BOUND_MS = 2.0
_CALLS = 400
_WARM_UP = 50
_DOWN = 3


class Caller:
    """One kept connection."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = request_body(stream=True)
        self._request = (
            f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"content-type: application/json\r\n{lines}content-length: {len(body)}\r\n\r\n"
        ).encode() + body

    def call(self) -> float:
        """Milliseconds until the first event; takes the whole stream."""
        started = time.perf_counter()
        self._socket.sendall(self._request)
        seen = b""
        while b"data: " not in seen:
            seen += self._receive()
        first_ms = (time.perf_counter() - started) * 1_000
        while not seen.endswith(b"0\r\n\r\n"):
            seen = seen[-64:] + self._receive()
        return first_ms

    def _receive(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise NotStarted("a stream broke off")
        return data


def main() -> int:
    """Measure once."""
    if (reason := why_not()) is not None:
        print(f"first byte: {reason}")
        return _DOWN
    cores = os.sched_getaffinity(0)
    try:
        with (
            upstream(cores) as model,
            running(alos_gateway(), upstream=model.base_url, cores=cores) as server,
        ):
            if not model.streams:
                print("first byte: needs a C compiler (gcc) for the model server")
                return _DOWN
            callers = [
                Caller(model.base_url + CHAT_PATH, {}),
                Caller(server.chat_url, server.headers),
            ]
            rounds = [[one.call() for one in callers] for _ in range(_WARM_UP + _CALLS)]
    except NotStarted as error:
        print(f"first byte: {error}")
        return _DOWN
    direct, through = (
        statistics.median(column) for column in zip(*rounds[_WARM_UP:], strict=True)
    )
    added = through - direct
    print(json.dumps({"direct_ms": direct, "through_ms": through, "added_ms": added}, indent=2))
    return 0 if added <= BOUND_MS else 1


if __name__ == "__main__":
    sys.exit(main())
