"""Access requests over the release desk, with what was told to whom."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from alos.control.access_requests import AccessRequests, AccessWish, ArtifactsMissing
from alos.domain.access_request import AccessRequest
from alos.domain.artifacts import Artifact
from alos.domain.ids import WorkflowId
from alos.domain.people import Party, PartyKind
from alos.ports.access_requests import MemoryAccessRequests
from tests.control.release_desk import SUPPORT, ReleaseDesk


class AccessDesk(ReleaseDesk):
    """One organisation with releases, and people who want in."""

    def __init__(self, path: Path, *, dev: bool = False) -> None:
        super().__init__(path, dev=dev)
        self.told: list[tuple[str, str]] = []
        self.kept = MemoryAccessRequests()
        desk = SimpleNamespace(
            releases=self.releases,
            notify=self._notify,
            now_unix=lambda: self.clock.unix,
        )
        self.requests = AccessRequests(self.kept, self.plane, desk)  # type: ignore[arg-type]

    async def _notify(self, parties: Sequence[Party], subject: str, lines: Sequence[str]) -> None:
        self.told += [(str(one), "\n".join((subject, *lines))) for one in parties]

    async def ask(
        self,
        workflow: WorkflowId = SUPPORT,
        *,
        party: Party = Party(kind=PartyKind.GROUP, name="engineering"),  # noqa: B008 - frozen
    ) -> AccessRequest:
        wish = AccessWish(workflow=workflow, party=party, reason="They answer tickets too.")
        return await self.requests.request(wish, by="chloe")

    async def list_missing(self, workflow: WorkflowId = SUPPORT) -> set[Artifact]:
        """What is missing, and that a request is refused just then, with those very names."""
        _, missing = await self.requests.look(workflow)
        names = {one.artifact for one in missing}
        kept = len(self.kept.list_requests(most=9))
        said = ""
        try:
            await self.ask(workflow)
        except ArtifactsMissing as refused:
            said = str(refused)
            kept -= 1
        assert bool(names) == bool(said)
        assert all(one.sentence in said for one in missing)
        assert len(self.kept.list_requests(most=9)) == kept + 1
        return names
