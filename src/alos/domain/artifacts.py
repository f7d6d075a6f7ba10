"""The five artifacts that broader access to a workflow asks for, by the first release's own gate.

There is no rule here: :mod:`alos.domain.gate` decides, and what it says is sorted by the artifact
that it speaks of. Whatever would keep the workflow's release from going to everybody keeps more
people from getting it by another way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.gate import check_promote, check_trial
from alos.domain.promotion import PromotionFacts
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release import Lineage, Release
from alos.domain.rollout_plan import StageName
from alos.domain.standing import Standing, StandingWorkflow


class Artifact(StrEnum):
    """What has to be there before more people get a workflow."""

    DATA_BOUNDARIES = "data boundaries"
    REVIEW_RULES = "review rules"
    EVAL = "eval"
    LOGGING = "logging"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingArtifact:
    """An artifact that is not there, and why the gate says so.

    Attributes:
        refusals: what the gate has against it, at least one.
    """

    artifact: Artifact
    refusals: tuple[Refusal, ...]

    @property
    def sentence(self) -> str:
        """What is missing and what to do about it."""
        return f"{self.artifact}: {' '.join(one.sentence for one in self.refusals)}"


_PLACE: Mapping[ReasonCode, Artifact | None] = {
    ReasonCode.RELEASE_OVER: None,
    ReasonCode.RELEASE_STAGE_SKIPPED: None,
    ReasonCode.RELEASE_ANOTHER_ROLLING: None,
    ReasonCode.RELEASE_SOAKING: None,
    ReasonCode.RELEASE_TIER_TOO_LOW: Artifact.DATA_BOUNDARIES,
    ReasonCode.RELEASE_WAIVER_ENDED: Artifact.DATA_BOUNDARIES,
    ReasonCode.RELEASE_EVAL_MISSING: Artifact.EVAL,
    ReasonCode.RELEASE_EVAL_NOT_PASSED: Artifact.EVAL,
    ReasonCode.RELEASE_EVAL_STALE: Artifact.EVAL,
    ReasonCode.RELEASE_EVAL_NOT_CI: Artifact.EVAL,
    ReasonCode.RETENTION_UNDECIDED: Artifact.LOGGING,
    ReasonCode.RELEASE_DRILL_MISSING: Artifact.ROLLBACK,
    ReasonCode.RELEASE_DRILL_STALE: Artifact.ROLLBACK,
    ReasonCode.RELEASE_NO_ROLLBACK: Artifact.ROLLBACK,
    ReasonCode.RELEASE_SANDBOX_MISSING: Artifact.ROLLBACK,
    ReasonCode.RELEASE_HALTED: Artifact.ROLLBACK,
    ReasonCode.WORKFLOW_STOPPED: Artifact.ROLLBACK,
}
"""``None``: of a release's order and time, and of no artifact. Any other code is of the review."""


def list_missing_artifacts(
    standing: Standing,
    workflow: StandingWorkflow,
    lineage: Lineage,
    release: Release,
    facts: PromotionFacts,
) -> tuple[MissingArtifact, ...]:
    """What is missing of the five; empty where all of them are there.

    Args:
        standing: the one in force.
        workflow: as it stands there.
        lineage: the workflow's releases and drills.
        release: the one that more people would get.
        facts: what the promote gate is asked with about it now.
    """
    trial = check_trial(standing, workflow)
    promotion = check_promote(lineage, release, StageName.ALL, facts)
    return _sort((*((trial,) if trial is not None else ()), *promotion))


def list_all_missing(refusal: Refusal) -> tuple[MissingArtifact, ...]:
    """All five, where there is no release that could have them."""
    return tuple(MissingArtifact(artifact=one, refusals=(refusal,)) for one in Artifact)


def _sort(refusals: Iterable[Refusal]) -> tuple[MissingArtifact, ...]:
    found: dict[Artifact, list[Refusal]] = {one: [] for one in Artifact}
    for refusal in refusals:
        if (artifact := _find_artifact(refusal)) is not None:
            found[artifact].append(refusal)
    return tuple(
        MissingArtifact(artifact=artifact, refusals=tuple(said))
        for artifact, said in found.items()
        if said
    )


def _find_artifact(refusal: Refusal) -> Artifact | None:
    if refusal.code is ReasonCode.RELEASE_BUNDLE_BLOCKED:
        path = refusal.detail.partition(":")[0]
        if "/evals/" in path:
            return Artifact.EVAL
        return Artifact.REVIEW_RULES if "/decisions" in path else Artifact.DATA_BOUNDARIES
    return _PLACE.get(refusal.code, Artifact.REVIEW_RULES)
