"""Who holds which role, who answers for which workflow, and who was told what."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.notices import Notices
from alos.control.plane import ControlPlane
from alos.control.role_state import list_raci_states, list_role_states
from alos.domain.action import Action
from alos.ports.clock import Clock

Reader = Annotated[Caller, Depends(May(Action.PEOPLE_READ))]


class RoleAnswer(Body):
    """A role now."""

    role: str
    holders: list[str]
    deputy: str | None
    deputy_first_day: str | None
    deputy_last_day: str | None
    state: str = Field(description="`pass` or `fail`")
    why: str = Field(description="why it is red; empty while it passes")


class RaciAnswer(Body):
    """A workflow's people now."""

    workflow: str
    accountable: str | None = Field(description="who answers now")
    state: str = Field(description="`pass` or `fail`")
    why: list[str]


class AccountabilityAnswer(Body):
    """Roles, and workflows by who answers for them."""

    roles: list[RoleAnswer]
    workflows: list[RaciAnswer]


class NoticeAnswer(Body):
    """A notice, and what became of it."""

    id: str
    subject: str
    to: list[str]
    channel: str
    state: str
    attempts: int
    made_at_unix: int
    delivered_at_unix: int | None
    error: str


def add_people(app: FastAPI, plane: ControlPlane, notices: Notices, clock: Clock) -> None:
    """Add the endpoints of roles, accountability and notices."""

    @app.get("/api/v1/accountability")
    async def show_accountability(_: Reader) -> AccountabilityAnswer:
        """Who holds which role and answers for which workflow; red with its reason."""
        today = datetime.fromtimestamp(clock.unix_ns() // 1_000_000_000, tz=UTC).date()
        configuration = plane.configuration
        return AccountabilityAnswer(
            roles=[
                RoleAnswer(
                    role=one.role,
                    holders=list(one.holders),
                    deputy=one.deputy.person if one.deputy else None,
                    deputy_first_day=one.deputy.first_day.isoformat() if one.deputy else None,
                    deputy_last_day=one.deputy.last_day.isoformat() if one.deputy else None,
                    state="fail" if one.why else "pass",
                    why=one.why,
                )
                for one in list_role_states(configuration, today)
            ],
            workflows=[
                RaciAnswer(
                    workflow=one.workflow,
                    accountable=one.accountable,
                    state="fail" if one.why else "pass",
                    why=list(one.why),
                )
                for one in list_raci_states(configuration)
            ],
        )

    @app.get("/api/v1/notices")
    async def list_notices(_: Reader) -> list[NoticeAnswer]:
        """The newest notices, newest first, and whether each reached its person."""
        return [
            NoticeAnswer(
                id=one.id,
                subject=one.subject,
                to=list(one.to),
                channel=one.channel,
                state=one.state,
                attempts=one.attempts,
                made_at_unix=one.made_at_unix,
                delivered_at_unix=one.delivered_at_unix,
                error=one.error,
            )
            for one in await notices.list_notices()
        ]
