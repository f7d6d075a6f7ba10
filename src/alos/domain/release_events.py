"""What may happen to a release, as events that are appended and never changed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.lane import Vote
from alos.domain.rollout import Reach
from alos.domain.tier import Tier

ReleaseId = NewType("ReleaseId", str)
"""``<workflow>/<number>``: the lineage's submissions, counted from 1."""


class DrillKind(StrEnum):
    """What is rehearsed."""

    KILL = "kill"
    FALLBACK = "fallback"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A bundle was put to the vote.

    Attributes:
        lane_tier: the tier whose lane applies: the live release's where that is higher.
        authors: identities of everybody who wrote, committed or submitted it.
        scope: what the policy let the workflow do at that moment (see ``control/scope.py``).
    """

    release: ReleaseId
    workflow: WorkflowId
    digest: Digest
    tier: Tier
    lane_tier: Tier
    policy: Digest
    authors: frozenset[str]
    scope: frozenset[str]
    by: PersonId
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCast:
    """A vote was taken; it takes the place of an earlier one of the same person."""

    release: ReleaseId
    vote: Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class VotesVoided:
    """Votes stopped counting.

    Attributes:
        voter: whose; ``None`` = all of the release.
        scope: what the workflow may do now, where that is why; the next votes are about it.
    """

    release: ReleaseId
    voter: PersonId | None
    why: str
    at_unix: int
    scope: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consulted:
    """Somebody who had to be asked answered.

    Attributes:
        party: as ``workflow.yaml`` names it.
    """

    release: ReleaseId
    party: str
    by: PersonId
    opinion: str
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A stage was granted.

    Attributes:
        approved_by: those whose votes filled the lane.
        basis: SHA-256 (hex) over the facts that the gate decided on.
    """

    release: ReleaseId
    reach: Reach
    approved_by: tuple[PersonId, ...]
    basis: str
    by: str
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """A guard stopped the rollout: who is in gets the release before until a person resumes."""

    release: ReleaseId
    guard: str
    detail: str
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A person let a halted rollout go on."""

    release: ReleaseId
    by: str
    reason: str
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """A release was taken back.

    Attributes:
        release: the one taken back.
        to: digest that serves everybody now; ``None`` where nothing was live before.
    """

    release: ReleaseId
    to: Digest | None
    by: str
    reason: str
    at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """A rehearsal ended.

    Attributes:
        run: the server's id of the drill, which its calls carry.
    """

    workflow: WorkflowId
    digest: Digest
    kind: DrillKind
    passed: bool
    detail: str
    run: str
    by: str
    at_unix: int

    @property
    def is_attested(self) -> bool:
        """Whether it is somebody's word of before the server ran drills; no stage counts it."""
        return self.run.startswith("attested_")


ReleaseEvent = (
    Submitted
    | VoteCast
    | VotesVoided
    | Consulted
    | Granted
    | Halted
    | Resumed
    | RolledBack
    | Drilled
)
