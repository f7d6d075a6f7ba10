"""The door for directories: SCIM 2.0 under ``/scim/v2`` on the public port.

Protocol (RFC 7643, 7644) by scim2-server, storage by us. Requests run in a thread, two at a
time at most, so a directory that sends ten thousand users holds up no call. What a request
changed is in force before it is answered.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import RLock
from typing import Any, Final
from urllib.parse import parse_qsl

from scim2_models import PayloadTooLargeException, SCIMException, UnauthorizedException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from alos.directory.scim_provider import build_provider
from alos.directory.scim_storage import DirectoryStorage
from alos.domain.fault import Fault
from alos.domain.key import KEY_LENGTH, PREFIX_LENGTH, matches
from alos.ports.clock import Clock
from alos.ports.directory import DirectoryState, DirectoryToken, EntryChange, FindPerson

PREFIX: Final = "/scim/v2"
NOBODY: Final = "nobody"
"""Who asked, in the note of a refusal, where the token was none of ours."""
MAX_BODY_BYTES: Final = 1_000_000
"""A group of about 10,000 members; Entra and Okta send members in far smaller patches."""
_BODY_SECONDS: Final = 20.0
_AT_A_TIME: Final = 2

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryDesk:
    """What the door needs of the control plane.

    Attributes:
        tokens: by printable prefix, revoked ones too.
        find_person: whom the files know by a user's name and addresses.
        apply: puts changes into force and notes them, ``by`` a token's id.
        refuse: writes down what was refused: what was asked for, by whom, from which address.
    """

    tokens: Callable[[], Mapping[str, DirectoryToken]]
    find_person: FindPerson
    apply: Callable[[Sequence[EntryChange], str], Awaitable[None]]
    refuse: Callable[[str, str, str], Awaitable[None]]


class _PartDown(SCIMException):
    """A part of ours is down; directories try again on a 503."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class ScimDoor:
    """Serves one installation's directory; an ASGI application for one path prefix."""

    def __init__(self, state: DirectoryState, desk: DirectoryDesk, clock: Clock) -> None:
        self._state = state
        self._desk = desk
        self._clock = clock
        self._lock = RLock()
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._service = ScimService(build_provider())

    def serves(self, path: str) -> bool:
        """Whether a path is this door's."""
        return path == PREFIX or path.startswith(f"{PREFIX}/")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        asked = f"SCIM {scope['method']} {_to_pattern(scope['path'])}"
        address = (scope.get("client") or ("", 0))[0]
        token = self._identify(headers.get("authorization", ""))
        if token is None:
            await self._desk.refuse(asked, NOBODY, address)
            refusal = UnauthorizedException(detail="the directory's token is missing or wrong")
            await _send(send, self._service.error_response(refusal), close=True)
            return
        try:
            body = await _read_body(receive, headers)
            answer = await self._answer(scope, headers, body, token)
        except SCIMException as error:
            if error.status in _RECORDED:
                await self._desk.refuse(asked, token.id, address)
            answer = self._service.error_response(error)
        except Fault as fault:
            detail = f"{type(fault).__name__}: nothing was changed; try again"
            answer = self._service.error_response(_PartDown(detail=detail))
        await _send(send, answer)

    async def _answer(
        self, scope: Message, headers: Mapping[str, str], body: bytes, token: DirectoryToken
    ) -> ScimResponse:
        host = headers.get("host", "localhost")
        request = ScimRequest(
            method=scope["method"],
            base_url=f"{scope['scheme']}://{host}{PREFIX}",
            path=scope["path"].removeprefix(PREFIX),
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
            headers=headers,
            body=body,
        )
        storage = DirectoryStorage(
            self._state,
            self._service.provider,
            clock=self._clock,
            lock=self._lock,
            find_person=self._desk.find_person,
        )
        async with self._turns:
            work = asyncio.ensure_future(
                asyncio.to_thread(ScimHandler(self._service, storage).handle, request)
            )
            try:
                return await asyncio.shield(work)
            finally:  # whatever was kept takes force, also when the directory hung up
                with suppress(SCIMException, Fault):
                    await asyncio.shield(_then(work, storage, self._desk.apply, token.id))

    def _identify(self, authorization: str) -> DirectoryToken | None:
        scheme, _, presented = authorization.partition(" ")
        presented = presented.strip()
        if scheme.lower() != "bearer" or len(presented) != KEY_LENGTH or not presented.isascii():
            return None
        token = self._desk.tokens().get(presented[:PREFIX_LENGTH])
        if token is None or not matches(presented.encode(), token.secret_hash):
            return None
        return token if token.revoked_at_unix is None else None


_RECORDED: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
"""A second account, and a body beyond the cap; other mistakes change and reveal nothing."""


async def _then(
    work: "asyncio.Future[ScimResponse]",
    storage: DirectoryStorage,
    apply: Callable[[Sequence[EntryChange], str], Awaitable[None]],
    by: str,
) -> None:
    try:
        await work
    finally:
        if storage.changes:
            await apply(storage.changes, by)


async def _read_body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise PayloadTooLargeException(detail=f"a request may have {MAX_BODY_BYTES} bytes")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise SCIMException(detail="the request ended too soon")
                part: bytes = message.get("body", b"")
                size += len(part)
                if size > MAX_BODY_BYTES:
                    raise PayloadTooLargeException(
                        detail=f"a request may have {MAX_BODY_BYTES} bytes"
                    )
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise SCIMException(detail=f"no body within {_BODY_SECONDS:g} seconds") from None


async def _send(send: Send, answer: ScimResponse, *, close: bool = False) -> None:
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.status is not HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", b"%d" % len(body)))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _to_pattern(path: str) -> str:
    """The path without ids and without anything a stranger wrote."""
    kind = path.removeprefix(PREFIX).strip("/").partition("/")[0]
    return f"{PREFIX}/{kind}" if kind in {"Users", "Groups"} else PREFIX
