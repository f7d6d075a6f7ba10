"""Whoever finds a key reports it here; it is revoked at once.

No identity is asked for: holding all of the key is enough. The answer is the same for every
text, so that nobody learns from it whether a key was good.
"""

from collections import Counter
from typing import Annotated, Final

from fastapi import FastAPI, Request
from pydantic import Field, SecretStr

from alos.api.access import AccessRefused
from alos.api.body import Body
from alos.control.plane import ControlPlane
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.ports.clock import Clock

PER_MINUTE: Final = 10
"""Reports from one address."""
_MOST_ADDRESSES: Final = 10_000
_MINUTE_NS: Final = 60_000_000_000


class LeakRequest(Body):
    """A key that somebody found."""

    key: Annotated[SecretStr, Field(max_length=200)]


class LeakAnswer(Body):
    """The same for every text."""

    message: str = "If it is one of ours, it is revoked now. Thank you."


class ReportRate:
    """Counts reports by address and minute; memory is bounded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minute = 0
        self._seen: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Count one; False where it is one too many."""
        minute = self._clock.unix_ns() // _MINUTE_NS
        if minute != self._minute:
            self._minute, self._seen = minute, Counter()
        name = address if len(self._seen) < _MOST_ADDRESSES or address in self._seen else ""
        self._seen[name] += 1
        return self._seen[name] <= PER_MINUTE


def add_leaks(app: FastAPI, plane: ControlPlane, clock: Clock) -> None:
    """Add the endpoint for keys that were found."""
    rate = ReportRate(clock)

    @app.post("/api/v1/leaks", status_code=202)
    async def report_leak(found: LeakRequest, request: Request) -> LeakAnswer:
        """Report a key that you found; holding all of it is enough."""
        if not rate.take(request.client.host if request.client is not None else ""):
            detail = f"{PER_MINUTE} reports a minute"
            raise AccessRefused(
                Refusal(code=ReasonCode.RATE_LIMITED, detail=detail, retry_after_seconds=60)
            )
        await plane.keys.report_leaked(found.key.get_secret_value())
        return LeakAnswer()
