"""Legal holds, and erasure on request."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import Field, model_validator

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.custody import Custody
from alos.control.legal_holds import HoldWish
from alos.domain.action import Action
from alos.domain.ids import CallId, PersonId
from alos.domain.legal_hold import HoldKind, LegalHold

Holder = Annotated[Caller, Depends(May(Action.LEGAL_HOLD))]
Eraser = Annotated[Caller, Depends(May(Action.ERASE))]


class HoldRequest(Body):
    """What to keep from every erasure."""

    kind: HoldKind
    target: str = Field(min_length=1, max_length=256)
    reason: str = Field(min_length=1, max_length=1000, description="the matter")
    since_unix_ns: int | None = Field(default=None, description="calls that began then or later")
    until_unix_ns: int | None = Field(default=None, description="calls that began before that")


class HoldAnswer(Body):
    """A legal hold."""

    id: str
    kind: str
    target: str
    since_unix_ns: int | None
    until_unix_ns: int | None
    reason: str
    placed_at_unix: int
    placed_by: str
    released_at_unix: int | None
    released_by: str | None


class NewHoldAnswer(HoldAnswer):
    """A legal hold that was just placed."""

    bodies: int = Field(description="prompts and answers that are on hold by it now")


class ReleaseAnswer(Body):
    """What a release let go."""

    bodies: int


class ErasureRequest(Body):
    """Whom or what to erase; one of the two."""

    person: str | None = Field(default=None, max_length=256)
    call: str | None = Field(default=None, max_length=64)
    request: str = Field(
        min_length=1, max_length=200, description="what asks for it; kept, so name nobody in it"
    )

    @model_validator(mode="after")
    def _check_one(self) -> "ErasureRequest":
        if (self.person is None) == (self.call is None):
            raise ValueError("name a person or a call")
        return self


class PendingAnswer(Body):
    """A journal that still has to lose a person; whom, only its gateway is told."""

    request: str
    writer: str
    asked_by: str
    asked_at_unix: int


def add_custody(app: FastAPI, custody: Custody) -> None:
    """Add the endpoints of legal holds and erasures."""

    @app.get("/api/v1/legal-holds")
    async def list_holds(_caller: Holder) -> list[HoldAnswer]:
        """Every legal hold, released ones too, oldest first."""
        return [_to_hold(hold) for hold in custody.holds.all]

    @app.post("/api/v1/legal-holds", status_code=201)
    async def place_hold(wish: HoldRequest, caller: Holder) -> NewHoldAnswer:
        """Place a legal hold; when this answers, nothing under it can be erased."""
        hold, bodies = await custody.holds.place(
            HoldWish(
                kind=wish.kind,
                target=wish.target,
                since_unix_ns=wish.since_unix_ns,
                until_unix_ns=wish.until_unix_ns,
                reason=wish.reason,
            ),
            by=caller.id,
        )
        return NewHoldAnswer(bodies=bodies, **_to_hold(hold).model_dump())

    @app.post("/api/v1/legal-holds/{hold_id}/release")
    async def release_hold(
        hold_id: Annotated[str, Field(max_length=64)], caller: Holder
    ) -> ReleaseAnswer:
        """Release a legal hold; what its retention has ended for goes at the next purge."""
        return ReleaseAnswer(bodies=await custody.holds.release(hold_id, by=caller.id))

    @app.get("/api/v1/erasures")
    async def list_pending(_caller: Eraser) -> list[PendingAnswer]:
        """Erasures that other gateways were asked for and have not done yet, oldest first."""
        return [
            PendingAnswer(
                request=order.request,
                writer=writer,
                asked_by=order.by,
                asked_at_unix=order.at_unix_ns // 1_000_000_000,
            )
            for order, writer in await custody.erasures.list_pending()
        ]

    @app.post("/api/v1/erasures", status_code=201)
    async def erase(wish: ErasureRequest, caller: Eraser) -> dict[str, Any]:
        """Erase a person's data, or one call's bodies; what is on legal hold stays."""
        erasures = custody.erasures
        if wish.person is not None:
            done = await erasures.erase_person(
                PersonId(wish.person), request=wish.request, by=caller.id
            )
        else:
            done = await erasures.erase_call(
                CallId(wish.call or ""), request=wish.request, by=caller.id
            )
        return asdict(done)


def _to_hold(hold: LegalHold) -> HoldAnswer:
    return HoldAnswer(**{**asdict(hold), "kind": hold.kind.value})
