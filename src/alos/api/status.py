"""What this installation is and serves."""

from typing import Annotated

from fastapi import Depends, FastAPI

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.api.stops import StopAnswer, to_stop
from alos.control.plane import ControlPlane
from alos.domain.action import Action

Anybody = Annotated[Caller, Depends(May(Action.STATUS_READ))]


class WorkflowAnswer(Body):
    """A registered workflow in one line."""

    slug: str
    title: str
    tier: int
    workspace: str
    digest: str
    release: str


class StatusAnswer(Body):
    """What this installation is and serves."""

    organisation: str
    folder: str
    policy: str
    workflows: list[WorkflowAnswer]
    stops: list[StopAnswer]


def add_status(app: FastAPI, plane: ControlPlane) -> None:
    """Add the endpoint of the status."""

    @app.get("/api/v1/status")
    async def get_status(_caller: Anybody) -> StatusAnswer:
        """What is registered and what is stopped."""
        configuration = plane.configuration
        return StatusAnswer(
            organisation=configuration.organisation.name,
            folder="dev" if plane.is_dev else "production",
            policy=configuration.policy,
            workflows=[
                WorkflowAnswer(
                    slug=bundle.id,
                    title=bundle.workflow.title,
                    tier=int(bundle.workflow.tier),
                    workspace=bundle.workflow.workspace,
                    digest=bundle.digest,
                    release="unreleased",
                )
                for _, bundle in sorted(configuration.bundles.items())
            ],
            stops=[to_stop(stop) for stop in plane.stops.values()],
        )
