"""What may be called by digest besides the released: drafts, and bundles under an eval run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from alos.control.standing import Configuration, compile_trial
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest, KeyId, ModelName, RunId, WorkspaceId
from alos.domain.standing import Cap, ReleaseStage, StandingDraft, StandingRun
from alos.evals.judge import MAX_OUTPUT_TOKENS

DRAFT_SECONDS = 14 * 86_400
"""A draft can be called for so long after its upload."""
DRAFT_DAILY_NANOUSD = 1_000_000_000
"""One person's drafts may cost one dollar a day (UTC)."""
MOST_DRAFTS = 64
"""Drafts in force at a time, the newest; each one costs every new Standing some time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run whose calls the gateway takes.

    Attributes:
        limit_nanousd: what its calls may cost, less what they had cost at the last start.
        judges: models that judge, first the one that most criteria ask for.
        inputs: SHA-256 (hexadecimal) of the one body for each case.
        questions: the same for each question to the judge.
    """

    id: RunId
    bundle: Bundle
    key: KeyId
    limit_nanousd: int
    ends_at_unix: int
    judges: tuple[ModelName, ...]
    inputs: Mapping[str, str]
    questions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An uploaded bundle while it may be called as a draft."""

    bundle: Bundle
    ends_at_unix: int


_Trial = TypeVar("_Trial", Draft, OpenRun)


class Trials:
    """The drafts and runs in force; :mod:`alos.control.standing` compiles them."""

    def __init__(self) -> None:
        self._drafts: dict[Digest, Draft] = {}
        self.runs: dict[RunId, OpenRun] = {}

    def add_draft(self, bundle: Bundle, *, uploaded_at_unix: int) -> None:
        """Let a bundle be called until its days are over; the oldest makes way for the newest."""
        self._drafts.pop(bundle.digest, None)
        self._drafts[bundle.digest] = Draft(
            bundle=bundle, ends_at_unix=uploaded_at_unix + DRAFT_SECONDS
        )
        while len(self._drafts) > MOST_DRAFTS:
            del self._drafts[next(iter(self._drafts))]

    def list_new(self, digests: Iterable[Digest]) -> list[Digest]:
        """The newest of these, oldest first, that can't be called as drafts here yet."""
        newest = list(digests)[-MOST_DRAFTS:]
        return [digest for digest in newest if digest not in self._drafts]

    def compile_drafts(
        self, configuration: Configuration, now_unix: int
    ) -> dict[Digest, StandingDraft]:
        """Drafts as admission sees them; one that no longer fits the configuration is left out."""
        fitting = _list_fitting(self._drafts.values(), configuration)
        return {
            draft.bundle.digest: StandingDraft(
                workflow=compile_trial(draft.bundle, configuration, stage=ReleaseStage.DRAFT),
                daily_limit_nanousd=DRAFT_DAILY_NANOUSD,
                ends_at_unix=draft.ends_at_unix,
            )
            for draft in fitting
            if now_unix < draft.ends_at_unix
        }

    def compile_runs(
        self, configuration: Configuration, now_unix: int
    ) -> dict[RunId, StandingRun]:
        """Open runs as admission sees them."""
        return {
            run.id: _to_standing(run, configuration)
            for run in _list_fitting(self.runs.values(), configuration)
            if now_unix < run.ends_at_unix
        }


def _list_fitting(found: Iterable[_Trial], configuration: Configuration) -> list[_Trial]:
    workspaces = configuration.organisation.workspaces
    return [one for one in found if WorkspaceId(one.bundle.workflow.workspace) in workspaces]


def _to_standing(run: OpenRun, configuration: Configuration) -> StandingRun:
    workflow = compile_trial(run.bundle, configuration, stage=ReleaseStage.EVAL)
    cap = Cap(scope=f"run:{run.id}", limit_nanousd=run.limit_nanousd)
    workflow = replace(workflow, caps=(*workflow.caps, cap), rate_limits=())
    return StandingRun(
        id=run.id,
        key=run.key,
        workflow=workflow,
        judge=replace(
            workflow,
            route=run.judges,
            max_output_tokens=max(workflow.max_output_tokens, MAX_OUTPUT_TOKENS),
            route_reason="a judge of the golden set",
            prompts={},
            prompt_templates={},
            prompt_default=None,
            shape=None,
        ),
        inputs={**run.inputs, **run.questions},
        ends_at_unix=run.ends_at_unix,
    )
