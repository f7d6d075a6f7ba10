"""Requests for broader access, refused until the workflow has what its first release needed."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from alos.control.plane import ControlPlane
from alos.control.refused import ChangeRefused
from alos.control.release_desk import ReleaseDesk
from alos.control.role_state import resolve
from alos.domain.access_request import AccessRequest
from alos.domain.artifacts import MissingArtifact, list_all_missing, list_missing_artifacts
from alos.domain.ids import Digest, WorkflowId
from alos.domain.people import Party, PartyKind
from alos.domain.reason import ReasonCode
from alos.domain.record import NoteKind
from alos.domain.refusal import Refusal
from alos.domain.release import Release, ReleaseState
from alos.ports.access_requests import AccessRequestStore

MOST_LISTED = 500
GRANTING = (
    "It grants nothing. To grant it, change the stages of the bundle and submit it;"
    " the votes of its lane decide."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessWish:
    """Who should get a workflow, and why."""

    workflow: WorkflowId
    party: Party
    reason: str


class ArtifactsMissing(ChangeRefused):
    """Broader access is refused; each missing artifact is named with what to do.

    Attributes:
        refusals: what the gate says, for every artifact that is missing.
    """

    def __init__(self, missing: Sequence[MissingArtifact]) -> None:
        names = ", ".join(one.artifact for one in missing)
        refusal = Refusal(code=ReasonCode.ACCESS_ARTIFACTS_MISSING, detail=names)
        lines = [refusal.sentence, *(f"- {one.sentence}" for one in missing)]
        super().__init__("\n".join(lines), refusal=refusal)
        self.refusals = tuple(
            Refusal(code=refusal.code, detail=f"{one.artifact}; {refusal.detail}")
            for one in missing
            for refusal in one.refusals
        )


class AccessRequests:
    """The access requests of one installation."""

    def __init__(self, store: AccessRequestStore, plane: ControlPlane, desk: ReleaseDesk) -> None:
        self._store = store
        self._plane = plane
        self._desk = desk

    async def request(self, wish: AccessWish, *, by: str) -> AccessRequest:
        """Record a request, and tell the workflow's operational owner.

        Nothing is granted by it.

        Raises:
            ArtifactsMissing: one of the five is not there.
            ChangeRefused: no such workflow, or nobody active behind the party.
            JournalDown, StoreDown: nothing was recorded; asking again is safe.
        """
        configuration = self._plane.configuration
        bundle = configuration.bundles.get(wish.workflow)
        if bundle is None:
            refusal = Refusal(code=ReasonCode.WORKFLOW_NOT_REGISTERED)
            raise ChangeRefused(refusal.sentence, refusal=refusal)
        if not resolve(configuration, wish.party):
            raise ChangeRefused(f"nobody active is behind {wish.party}; name a person or a group")
        digest, missing = await self.look(wish.workflow)
        if missing or digest is None:
            raise ArtifactsMissing(missing)
        request = AccessRequest(
            id="access_" + secrets.token_hex(6),
            workflow=wish.workflow,
            party=str(wish.party),
            reason=wish.reason,
            digest=digest,
            by=by,
            at_unix=self._desk.now_unix(),
        )
        facts = {
            "request": request.id,
            "workflow": request.workflow,
            "digest": digest,
        }
        personal = {"party": request.party, "reason": request.reason}
        note = self._plane.notes.note
        await note(NoteKind.ACCESS_REQUESTED, facts, by=by, personal=personal)
        owner = Party(kind=PartyKind.PERSON, name=bundle.workflow.owners.operational)
        lines = [
            f"{by} asks that {request.party} may use {bundle.workflow.title}.",
            f"Why: {request.reason}",
            GRANTING,
        ]
        subject = f"{request.workflow}: {request.party} asks for access"
        await self._desk.notify([owner], subject, lines)
        await asyncio.to_thread(self._store.add, request)
        return request

    async def look(
        self, workflow: WorkflowId
    ) -> tuple[Digest | None, tuple[MissingArtifact, ...]]:
        """The release that more people would get, and what is missing of its five artifacts.

        Raises:
            StoreDown: its bundle or its evals can't be read.
        """
        standing = self._plane.standing
        known = standing.workflows.get(workflow)
        lineage = self._desk.releases.get_lineage(workflow)
        release = lineage.rolling_release or lineage.live_release or _get_open(lineage.newest)
        facts = await self._desk.releases.get_facts(release) if release is not None else None
        if known is None or release is None or facts is None:
            nothing = Refusal(code=ReasonCode.NOT_RELEASED, detail="nothing was submitted yet")
            return None, list_all_missing(nothing)
        return release.digest, list_missing_artifacts(standing, known, lineage, release, facts)

    async def list_requests(self) -> list[AccessRequest]:
        """The newest, newest first.

        Raises:
            StoreDown: they can't be read.
        """
        return list(await asyncio.to_thread(self._store.list_requests, most=MOST_LISTED))


def _get_open(release: Release | None) -> Release | None:
    is_open = release is not None and release.state is ReleaseState.VOTING
    return release if is_open else None
