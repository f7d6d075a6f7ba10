"""How the way to the models is: breakers and connections of this process."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, FastAPI

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.upstreams import Upstreams
from alos.domain.action import Action

Reader = Annotated[Caller, Depends(May(Action.STATUS_READ))]


class BreakerAnswer(Body):
    """One model that has failed since the process started."""

    vendor: str
    model: str
    state: str
    reason: str
    failures: int
    retry_in_seconds: float
    opened: int


class ConnectionsAnswer(Body):
    """The calls that are with one vendor."""

    vendor: str
    in_use: int
    most: int
    waiting: int
    turned_away: int


class UpstreamsAnswer(Body):
    """The way to the models."""

    breakers: list[BreakerAnswer]
    connections: list[ConnectionsAnswer]


def add_upstreams(app: FastAPI, upstreams: Upstreams) -> None:
    """Add the endpoint."""

    @app.get("/api/v1/upstreams")
    async def list_upstreams(_: Reader) -> UpstreamsAnswer:
        """Breakers with state and reason, and connections by vendor."""
        return UpstreamsAnswer(
            breakers=[BreakerAnswer(**asdict(one)) for one in upstreams.list_breakers()],
            connections=[ConnectionsAnswer(**asdict(one)) for one in upstreams.list_connections()],
        )
