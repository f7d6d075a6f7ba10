"""The directory: its tokens, and the people in force."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.directory import Directory
from alos.control.plane import ChangeRefused, ControlPlane
from alos.domain.action import Action
from alos.ports.directory import DirectoryToken

Reader = Annotated[Caller, Depends(May(Action.PEOPLE_READ))]
Tokens = Annotated[Caller, Depends(May(Action.DIRECTORY_TOKEN))]


class TokenAnswer(Body):
    """A directory's token as it may be shown at any time."""

    id: str
    prefix: str
    created_at_unix: int
    created_by: str
    revoked_at_unix: int | None


class NewTokenAnswer(TokenAnswer):
    """A directory's token at the only moment when it can be read."""

    token: str


class PersonAnswer(Body):
    """Somebody whom a file or the directory names."""

    id: str
    name: str
    active: bool
    groups: list[str]
    source: str = Field(description="`directory`, or `file`, which is amber")


def add_directory(app: FastAPI, plane: ControlPlane, directory: Directory) -> None:
    """Add the endpoints of the directory and its people."""

    @app.get("/api/v1/people")
    async def list_people(_: Reader) -> list[PersonAnswer]:
        """Everybody, by id."""
        return [
            PersonAnswer(
                id=person.id,
                name=person.name,
                active=person.active,
                groups=sorted(person.groups),
                source=person.source,
            )
            for _, person in sorted(plane.configuration.people.persons.items())
        ]

    @app.post("/api/v1/directory/tokens", status_code=201)
    async def create_token(caller: Tokens) -> NewTokenAnswer:
        """Make a token for a directory; this answer is the only place where it can be read."""
        made = await directory.create_token(by=caller.id)
        return NewTokenAnswer(token=made.token, **_to_token(made.row).model_dump())

    @app.get("/api/v1/directory/tokens")
    async def list_tokens(_: Tokens) -> list[TokenAnswer]:
        """Every token, oldest first."""
        return [_to_token(token) for token in directory.tokens.values()]

    @app.post("/api/v1/directory/tokens/{id_or_prefix}/revoke", status_code=204)
    async def revoke_token(
        id_or_prefix: Annotated[str, Field(max_length=64)], caller: Tokens
    ) -> Response:
        """Revoke a token at once."""
        if await directory.revoke_token(id_or_prefix, by=caller.id) is None:
            raise ChangeRefused("no token has this id or prefix; `alos directory tokens` lists")
        return Response(status_code=204)


def _to_token(token: DirectoryToken) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        prefix=token.prefix,
        created_at_unix=token.created_at_unix,
        created_by=token.created_by,
        revoked_at_unix=token.revoked_at_unix,
    )
