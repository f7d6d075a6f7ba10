"""Keys: create, list, revoke."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from alos.api.access import LOCAL_OPERATOR, require_dev
from alos.api.body import Body
from alos.control.plane import ControlPlane, KeyWish
from alos.ports.control_state import KeyRow


class KeyRequest(Body):
    """What a key is wanted for."""

    workflows: list[str] = Field(min_length=1, description="slugs; the first is the default")
    principal: str | None = Field(
        default=None, description="person or service account; else the operational owner"
    )
    expires_at_unix: int | None = Field(default=None, description="seconds; never, if left out")


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
    dev_only = Depends(require_dev(plane))

    @app.post("/api/v1/keys", status_code=201, dependencies=[dev_only])
    async def create_key(wish: KeyRequest) -> NewKeyAnswer:
        """Make a key; this answer is the only place where it can be read."""
        made = await plane.create_key(
            KeyWish(
                workflows=tuple(wish.workflows),
                principal=wish.principal,
                expires_at_unix=wish.expires_at_unix,
            ),
            by=LOCAL_OPERATOR,
        )
        return NewKeyAnswer(key=made.key, **_to_key(made.row).model_dump())

    @app.get("/api/v1/keys", dependencies=[dev_only])
    async def list_keys() -> list[KeyAnswer]:
        """Every key, oldest first; none can be read back."""
        return [_to_key(row) for row in await plane.list_keys()]

    @app.post("/api/v1/keys/{id_or_prefix}/revoke", status_code=204)
    async def revoke_key(id_or_prefix: Annotated[str, Field(max_length=64)]) -> Response:
        """Revoke at once; running streams of the key are cut."""
        await plane.revoke_key(id_or_prefix, by=LOCAL_OPERATOR)
        return Response(status_code=204)


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
        revoked_at_unix=row.revoked_at_unix,
        revoked_by=row.revoked_by,
        last_used_at_unix=row.last_used_at_unix,
        rotate_by_unix=row.rotation.due_unix if row.rotation else None,
        rotate_reason=row.rotation.reason if row.rotation else None,
        follows=row.follows,
    )
