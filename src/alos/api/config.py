"""Config revisions: plan, apply, approve, look back."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.control.plane import ChangeRefused
from alos.control.revisions import PlanAnswer, Revisions
from alos.domain.action import Action
from alos.domain.revision import ConfigChange, ConfigPlan, Revision

Planner = Annotated[Caller, Depends(May(Action.CONFIG_PLAN))]
Reader = Annotated[Caller, Depends(May(Action.CONFIG_READ))]
PlanId = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_]+$")]


class FilesRequest(Body):
    """An organisation's files."""

    files: dict[str, str] = Field(
        min_length=1,
        max_length=5_000,
        description="base64 by path: alos.yaml, people.yaml, workflows/…",
    )


class ChangeAnswer(Body):
    """One place that a plan changes."""

    path: str
    section: str
    before: str | None
    after: str | None


class ApprovalAnswer(Body):
    """One consent to a plan."""

    by: str
    at_unix: int
    sections: list[str]


class ConfigPlanAnswer(Body):
    """A plan, and whose consent it waits for."""

    id: str | None = Field(description="none for a preview")
    base: int = Field(description="the revision it was compared with")
    changes: list[ChangeAnswer]
    sections: list[str]
    proposed_by: str
    proposed_at_unix: int
    approvals: list[ApprovalAnswer]
    missing: list[str] = Field(description="empty once it is in force")
    revision: int | None = Field(description="set once it is in force")


class RevisionAnswer(Body):
    """A revision that was put into force."""

    number: int
    digest: str
    applied_at_unix: int
    applied_by: list[str]
    files: dict[str, str]
    envelope: str = Field(description="the signed statement: DSSE over RFC 8785 JSON")


class ConfigAnswer(Body):
    """What is in force."""

    revision: int
    trouble: str = Field(description="why a newer revision is not in force; empty while none is")
    revisions: list[RevisionAnswer]
    plans: list[ConfigPlanAnswer]


def add_config(app: FastAPI, revisions: Revisions[Any]) -> None:
    """Add the endpoints of config revisions."""

    @app.get("/api/v1/config")
    async def show_config(_: Reader) -> ConfigAnswer:
        """The revisions, newest first, and the plans that wait."""
        return ConfigAnswer(
            revision=revisions.number,
            trouble=revisions.trouble,
            revisions=[_to_revision(one) for one in await revisions.list_revisions()],
            plans=[_to_plan(one) for one in await revisions.list_plans()],
        )

    @app.get("/api/v1/config/revisions/{number}/files")
    async def show_files(number: Annotated[int, Field(ge=1)], _: Reader) -> dict[str, str]:
        """The files of a revision, base64 by path."""
        files = await revisions.get_files(number)
        return {path: base64.b64encode(raw).decode() for path, raw in files.items()}

    @app.post("/api/v1/config/previews")
    async def preview(wish: FilesRequest, _: Planner) -> ConfigPlanAnswer:
        """What applying these files would change, and whose consent it takes; keeps nothing."""
        plan, missing = await revisions.preview(_decode(wish.files))
        return _to_plan(PlanAnswer(plan=plan, missing=missing), is_kept=False)

    @app.post("/api/v1/config/plans", status_code=201)
    async def propose(wish: FilesRequest, caller: Planner) -> ConfigPlanAnswer:
        """Plan these files, with the caller's consent; in force at once where that is enough."""
        return _to_plan(await revisions.propose(_decode(wish.files), caller.principal))

    @app.post("/api/v1/config/plans/{plan_id}/approve")
    async def approve(plan_id: PlanId, caller: Planner) -> ConfigPlanAnswer:
        """Consent to a plan that waits; in force at once where that was the last one missing."""
        return _to_plan(await revisions.approve(plan_id, caller.principal))

    @app.post("/api/v1/config/plans/{plan_id}/withdraw", status_code=204)
    async def withdraw(plan_id: PlanId, caller: Planner) -> Response:
        """Drop a plan that waits; whoever proposed it, or whose consent it waits for."""
        await revisions.withdraw(plan_id, caller.principal)
        return Response(status_code=204)


def _decode(files: Mapping[str, str]) -> dict[str, bytes]:
    try:
        return {path: base64.b64decode(text, validate=True) for path, text in files.items()}
    except (binascii.Error, ValueError) as error:
        raise ChangeRefused("the files are sent in base64") from error


def _to_plan(answer: PlanAnswer, *, is_kept: bool = True) -> ConfigPlanAnswer:
    plan: ConfigPlan = answer.plan
    return ConfigPlanAnswer(
        id=plan.id if is_kept else None,
        base=plan.base,
        changes=[_to_change(one) for one in plan.changes],
        sections=sorted(plan.sections),
        proposed_by=plan.proposed_by,
        proposed_at_unix=plan.proposed_at_unix,
        approvals=[
            ApprovalAnswer(by=one.by, at_unix=one.at_unix, sections=sorted(one.gives))
            for one in plan.approvals
        ],
        missing=list(answer.missing),
        revision=answer.revision.number if answer.revision is not None else None,
    )


def _to_change(change: ConfigChange) -> ChangeAnswer:
    return ChangeAnswer(
        path=change.path, section=change.section, before=change.before, after=change.after
    )


def _to_revision(revision: Revision) -> RevisionAnswer:
    return RevisionAnswer(
        number=revision.number,
        digest=revision.digest,
        applied_at_unix=revision.applied_at_unix,
        applied_by=list(revision.applied_by),
        files=dict(revision.files),
        envelope=revision.envelope,
    )
