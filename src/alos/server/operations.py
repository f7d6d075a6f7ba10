"""``/healthz``, ``/readyz`` and ``/metrics``: what a load balancer and Prometheus ask."""

from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]
Probe = Callable[[], tuple[int, bytes]]


class Operations:
    """Answers the three paths; none of them needs a key, none of them tells of a caller."""

    def __init__(
        self, *, is_ready: Callable[[], str | None], write_metrics: Callable[[], bytes]
    ) -> None:
        self._is_ready = is_ready
        self._write_metrics = write_metrics
        self._probes: dict[str, Probe] = {
            "/healthz": lambda: (200, b"ok\n"),
            "/readyz": self._get_readiness,
            "/metrics": lambda: (200, self._write_metrics()),
        }

    def serves(self, path: str) -> bool:
        """Whether the path is one of the three."""
        return path in self._probes

    async def __call__(self, path: str, send: Send) -> None:
        """Answer."""
        status, body = self._probes[path]()
        headers = [
            (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _get_readiness(self) -> tuple[int, bytes]:
        why_not = self._is_ready()
        return (200, b"ready\n") if why_not is None else (503, f"{why_not}\n".encode())
