"""Somebody's wish that more people may use a workflow."""

from dataclasses import dataclass

from alos.domain.ids import Digest, WorkflowId


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """A request that was recorded, since all five artifacts were there at that moment.

    It grants nothing: who is served follows from the bundle's stages, which have votes of their
    own.

    Attributes:
        party: a person's id, or ``group:`` and a directory group.
        digest: of the release that had the artifacts.
        by: who asked.
    """

    id: str
    workflow: WorkflowId
    party: str
    reason: str
    digest: Digest
    by: str
    at_unix: int
