"""Keys: create, list, rotate, revoke."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.body import Body
from alos.control.callers import get_key_target, get_new_key_target
from alos.control.keys import OVERLAP_SECONDS
from alos.control.plane import ControlPlane, KeyWish
from alos.domain.action import Action
from alos.domain.authorization import Target
from alos.domain.ids import PersonId
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.ports.control_state import KeyRow

Creator = Annotated[Caller, Depends(May(Action.KEY_CREATE, of_object=True))]
Lister = Annotated[Caller, Depends(May(Action.KEY_LIST, of_object=True))]
Rotator = Annotated[Caller, Depends(May(Action.KEY_ROTATE, of_object=True))]
Revoker = Annotated[Caller, Depends(May(Action.KEY_REVOKE, of_object=True))]


class KeyRequest(Body):
    """What a key is wanted for."""

    workflows: list[str] = Field(min_length=1, description="slugs; the first is the default")
    principal: str | None = Field(
        default=None,
        description="oneself or a service account; else oneself, or the operational owner",
    )
    expires_at_unix: int | None = Field(default=None, description="seconds; never, if left out")
    default_prompt: str | None = Field(
        default=None, description="the prompt of calls that name none; else the workflow's"
    )


class RotationRequest(Body):
    """How long the old key goes on working beside the new one."""

    overlap_seconds: int = Field(
        default=OVERLAP_SECONDS,
        ge=0,
        le=30 * 86_400,
        description="0 ends it now",
    )


class KeyAnswer(Body):
    """A key as it may be shown at any time."""

    id: str
    prefix: str
    principal: str
    principal_kind: str
    workspace: str
    workflows: list[str]
    default_workflow: str
    surface: str
    created_at_unix: int
    created_by: str
    expires_at_unix: int | None
    default_prompt: str | None
    revoked_at_unix: int | None
    revoked_by: str | None
    last_used_at_unix: int | None
    rotate_by_unix: int | None = Field(description="replace it by then; it works on after that")
    rotate_reason: str | None
    follows: str | None = Field(description="the key that it was made to replace")


class NewKeyAnswer(KeyAnswer):
    """A key at the only moment when it can be read."""

    key: str


def add_keys(app: FastAPI, plane: ControlPlane) -> None:
    """Add the endpoints of keys."""

    @app.post("/api/v1/keys", status_code=201)
    async def create_key(wish: KeyRequest, caller: Creator) -> NewKeyAnswer:
        """Make a key; this answer is the only place where it can be read."""
        wanted = wish.principal or caller.principal.person
        _demand_new_key(plane, caller, wish.workflows[0], wanted)
        made = await plane.create_key(
            KeyWish(
                workflows=tuple(wish.workflows),
                principal=wanted,
                expires_at_unix=wish.expires_at_unix,
                default_prompt=wish.default_prompt,
            ),
            by=caller.id,
        )
        return NewKeyAnswer(key=made.key, **_to_key(made.row).model_dump())

    @app.get("/api/v1/keys")
    async def list_keys(caller: Lister) -> list[KeyAnswer]:
        """The keys that the caller may see, oldest first; none can be read back."""
        rows = await plane.list_keys()
        configuration = plane.configuration
        if caller.principal.person is None:
            caller.demand(Target(kind="key"))
        return [
            _to_key(row) for row in rows if caller.may(get_key_target(configuration, row.grant))
        ]

    @app.post("/api/v1/keys/{id_or_prefix}/rotate", status_code=201)
    async def rotate_key(
        id_or_prefix: Annotated[str, Field(max_length=64)], wish: RotationRequest, caller: Rotator
    ) -> NewKeyAnswer:
        """Make a key that may do the same; the old one ends after the overlap."""
        known = plane.find_key(id_or_prefix)
        target = get_key_target(plane.configuration, known) if known else Target(kind="key")
        caller.demand(target)
        _demand_own_name(plane, caller, known.principal if known else None)
        made = await plane.keys.rotate(
            id_or_prefix, by=caller.id, overlap_seconds=wish.overlap_seconds
        )
        return NewKeyAnswer(key=made.key, **_to_key(made.row).model_dump())

    @app.post("/api/v1/keys/{id_or_prefix}/revoke", status_code=204)
    async def revoke_key(
        id_or_prefix: Annotated[str, Field(max_length=64)], caller: Revoker
    ) -> Response:
        """Revoke at once; running streams of the key are cut."""
        known = plane.find_key(id_or_prefix)
        target = get_key_target(plane.configuration, known) if known else Target(kind="key")
        caller.demand(target)
        await plane.revoke_key(id_or_prefix, by=caller.id)
        return Response(status_code=204)


def _demand_new_key(
    plane: ControlPlane, caller: Caller, workflow: str, wanted: str | None
) -> None:
    """Let nobody have a key that speaks in another person's name.

    Raises:
        AccessRefused: the key would be another person's, or is not the caller's to make.
    """
    _demand_own_name(plane, caller, wanted)
    caller.demand(get_new_key_target(plane.configuration, workflow, wanted))


def _demand_own_name(plane: ControlPlane, caller: Caller, wanted: str | None) -> None:
    people = plane.configuration.people
    person = caller.principal.person
    if person is not None and wanted != person and PersonId(wanted or "") in people.persons:
        detail = "a person's key is made by that person"
        raise AccessRefused(Refusal(code=ReasonCode.NOT_PERMITTED, detail=detail))


def _to_key(row: KeyRow) -> KeyAnswer:
    grant = row.grant
    return KeyAnswer(
        id=grant.id,
        prefix=grant.prefix,
        principal=grant.principal,
        principal_kind=grant.principal_kind,
        workspace=grant.workspace,
        workflows=sorted(grant.workflows),
        default_workflow=grant.default_workflow,
        surface=grant.surface,
        created_at_unix=row.created_at_unix,
        created_by=row.created_by,
        expires_at_unix=grant.expires_at_unix,
        default_prompt=grant.default_prompt,
        revoked_at_unix=row.revoked_at_unix,
        revoked_by=row.revoked_by,
        last_used_at_unix=row.last_used_at_unix,
        rotate_by_unix=row.rotation.due_unix if row.rotation else None,
        rotate_reason=row.rotation.reason if row.rotation else None,
        follows=row.follows,
    )
