"""How the path of a call asks whose token a machine sent."""

from typing import Protocol

from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.sign_on import Workload


class Workloads(Protocol):
    """Knows machines by their OIDC tokens; a token is looked into once, then remembered."""

    def find(self, token: bytes, *, now_unix: int) -> Workload | None:
        """The workload of a token that was good before and still is; asks nobody, never waits."""

    async def identify(self, token: bytes, *, now_unix: int) -> Workload | Refusal:
        """The workload of a token, or why there is none; may wait for its issuer's keys."""


class NoWorkloads:
    """Where nothing is configured: every token is unknown."""

    def find(self, token: bytes, *, now_unix: int) -> Workload | None:
        """None is remembered."""
        del token, now_unix
        return None

    async def identify(self, token: bytes, *, now_unix: int) -> Workload | Refusal:
        """No token is known."""
        del token, now_unix
        return Refusal(code=ReasonCode.KEY_UNKNOWN)
