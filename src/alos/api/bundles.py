"""Bundles: upload one, and read what `alos check` says of it."""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import AccessRefused, Caller, May
from alos.api.body import Body
from alos.control.bundles import Bundles
from alos.control.callers import get_workflow_target, get_workspace_target
from alos.control.documents import Problem
from alos.control.plane import ControlPlane
from alos.control.standing import Configuration
from alos.domain.action import Action
from alos.domain.authorization import INSTALLATION
from alos.domain.bundle import Bundle
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal

Submitter = Annotated[Caller, Depends(May(Action.RELEASE_SUBMIT, of_object=True))]


class BundleRequest(Body):
    """The files of a bundle: path relative to the workflow's folder → base64 of its bytes."""

    files: dict[str, str] = Field(max_length=500)


class ProblemAnswer(Body):
    """Something to mend."""

    severity: str
    path: str
    line: int
    key: str
    message: str
    mend: str


class BundleAnswer(Body):
    """What became of an upload."""

    digest: str | None = Field(description="none where the files hold errors")
    workflow: str | None
    kept: bool
    problems: list[ProblemAnswer]


def add_bundles(app: FastAPI, plane: ControlPlane, bundles: Bundles) -> None:
    """Add the endpoint of bundles."""

    @app.post("/api/v1/bundles", status_code=201)
    async def upload_bundle(wish: BundleRequest, caller: Submitter) -> BundleAnswer:
        """Upload a bundle; the digest is computed here, and the same bytes change nothing."""
        contents = {path: _decode(text) for path, text in wish.files.items()}
        upload = await bundles.read(contents)
        if upload.bundle is not None:
            demand_lineage(plane.configuration, caller, upload.bundle)
            await bundles.keep(upload.bundle, by=caller.id)
        else:
            caller.demand(INSTALLATION)
        return BundleAnswer(
            digest=upload.digest,
            workflow=upload.bundle.id if upload.bundle is not None else None,
            kept=upload.bundle is not None,
            problems=[_to_problem(one) for one in upload.problems],
        )


def demand_lineage(configuration: Configuration, caller: Caller, bundle: Bundle) -> None:
    """Go on only if the caller may submit to the workflow as it is registered.

    What the uploaded bundle says of its owners counts for nothing here: it may be anybody's. A
    workflow that is new, or moves, is the workspace's to take.

    Raises:
        AccessRefused: they may not.
    """
    known = configuration.bundles.get(bundle.id)
    if known is not None:
        caller.demand(get_workflow_target(configuration, bundle.id))
    if known is None or known.workflow.workspace != bundle.workflow.workspace:
        caller.demand(get_workspace_target(configuration, bundle.workflow.workspace))


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        refusal = Refusal(code=ReasonCode.BODY_MALFORMED, detail="a file is not base64")
        raise AccessRefused(refusal) from error


def _to_problem(problem: Problem) -> ProblemAnswer:
    return ProblemAnswer(
        severity=problem.severity.value,
        path=problem.path,
        line=problem.line,
        key=problem.key,
        message=problem.message,
        mend=problem.mend,
    )
