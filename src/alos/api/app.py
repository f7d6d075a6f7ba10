"""The management API (FastAPI); not on the path of a call.

Until people can log in it listens on the local socket only, and whoever may open that socket
(mode 0600, so the gateway's own user) is recorded as ``local-operator``. A production folder's
socket takes nothing but status, kill and revoke.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from alos.checks.base import ScannerFault
from alos.checks.catalogue import Scanner
from alos.control.plane import ChangeRefused, ControlPlane, KeyWish
from alos.domain.fault import Fault
from alos.domain.standing import Stop
from alos.ports.control_state import KeyRow

LOCAL_OPERATOR = "local-operator"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeyRequest(_Body):
    """What a key is wanted for."""

    workflows: list[str] = Field(min_length=1, description="slugs; the first is the default")
    principal: str | None = Field(
        default=None, description="person or service account; else the operational owner"
    )
    expires_at_unix: int | None = Field(default=None, description="seconds; never, if left out")


class KeyAnswer(_Body):
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


class NewKeyAnswer(KeyAnswer):
    """A key at the only moment when it can be read."""

    key: str


class StopRequest(_Body):
    """What to stop: a workflow, model, vendor, workspace, or everything."""

    kind: str
    target: str = ""
    reason: str = Field(default="", max_length=500)


class ReviveRequest(_Body):
    """Which kill switch to take back."""

    kind: str
    target: str = ""


class StopAnswer(_Body):
    """A kill switch in force."""

    kind: str
    target: str
    since_unix: int
    by: str
    reason: str


class WorkflowAnswer(_Body):
    """A registered workflow in one line."""

    slug: str
    title: str
    tier: int
    workspace: str
    digest: str
    release: str


class ScanRequest(_Body):
    """A text to look at."""

    id: str | int | None = Field(default=None, description="comes back with the findings")
    text: str = Field(max_length=100_000)


class FindingAnswer(_Body):
    """One finding; never what was found."""

    kind: str
    type: str
    start: int = Field(description="first character")
    end: int = Field(description="one past the last character")
    rule: str
    confidence: float


class ScanAnswer(_Body):
    """What the detectors in force find in a text."""

    id: str | int | None
    findings: list[FindingAnswer]


class StatusAnswer(_Body):
    """What this installation is and serves."""

    organisation: str
    folder: str
    policy: str
    workflows: list[WorkflowAnswer]
    stops: list[StopAnswer]


def build_api(plane: ControlPlane, scanner: Scanner) -> FastAPI:
    """The application; its OpenAPI document is the contract.

    Args:
        plane: what is managed.
        scanner: the detectors of the call path, used from the loop's thread as there.
    """
    app = FastAPI(
        title="ALOS management API",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(ChangeRefused, _build_refuser(plane))
    app.add_exception_handler(Fault, _report_fault)
    app.add_exception_handler(ScannerFault, _report_fault)
    _add_status(app, plane)
    _add_keys(app, plane)
    _add_stops(app, plane)
    _add_scan(app, plane, scanner)
    return app


def _add_status(app: FastAPI, plane: ControlPlane) -> None:
    @app.get("/api/v1/status")
    async def get_status() -> StatusAnswer:
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
            stops=[_to_stop(stop) for stop in plane.stops.values()],
        )


def _add_keys(app: FastAPI, plane: ControlPlane) -> None:
    dev_only = Depends(_require_dev(plane))

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


def _add_stops(app: FastAPI, plane: ControlPlane) -> None:
    @app.get("/api/v1/stops")
    async def list_stops() -> list[StopAnswer]:
        """Kill switches in force."""
        return [_to_stop(stop) for stop in plane.stops.values()]

    @app.post("/api/v1/stops", status_code=201)
    async def stop(wish: StopRequest) -> StopAnswer:
        """Pull a kill switch; it is in force when this answers."""
        reason = wish.reason
        return _to_stop(await plane.stop(wish.kind, wish.target, by=LOCAL_OPERATOR, reason=reason))

    @app.post("/api/v1/revivals", status_code=204, dependencies=[Depends(_require_dev(plane))])
    async def revive(wish: ReviveRequest) -> Response:
        """Take a kill switch back."""
        await plane.revive(wish.kind, wish.target, by=LOCAL_OPERATOR)
        return Response(status_code=204)


def _add_scan(app: FastAPI, plane: ControlPlane, scanner: Scanner) -> None:
    @app.post("/api/v1/scan", dependencies=[Depends(_require_dev(plane))])
    async def scan(document: ScanRequest) -> ScanAnswer:
        """What the detectors find in a text; it is neither kept nor recorded."""
        return ScanAnswer(
            id=document.id,
            findings=[
                FindingAnswer(
                    kind=one.kind,
                    type=one.type,
                    start=one.start,
                    end=one.end,
                    rule=one.rule,
                    confidence=one.confidence,
                )
                for one in scanner.scan(document.text)
            ],
        )


class _ProductionOnly(ChangeRefused):
    """The local socket of a production folder does not take this."""


def _require_dev(plane: ControlPlane) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        if not plane.is_dev:
            raise _ProductionOnly(
                "the local socket of a production folder takes only status, kill and revoke"
            )

    return check


def _build_refuser(plane: ControlPlane) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def refuse(request: Request, error: Exception) -> Response:
        asked = f"{request.method} {request.scope['route'].path}"
        await plane.note_refusal(asked, by=LOCAL_OPERATOR)
        status = 403 if isinstance(error, _ProductionOnly) else 409
        return JSONResponse({"error": {"message": str(error)}}, status_code=status)

    return refuse


async def _report_fault(_request: Request, error: Exception) -> Response:
    message = f"a part of the gateway is down ({type(error).__name__}); nothing was changed"
    return JSONResponse({"error": {"message": message}}, status_code=503)


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
    )


def _to_stop(stop: Stop) -> StopAnswer:
    return StopAnswer(
        kind=stop.kind,
        target=stop.target,
        since_unix=stop.since_unix,
        by=stop.by,
        reason=stop.reason,
    )
