"""Where eval runs and their results are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from alos.domain.evaluation import RunPurpose, Word
from alos.domain.ids import Digest, KeyId, RunId, WorkflowId


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalRun:
    """One run, from its start to its verdict.

    Attributes:
        number: of the lineage's gate runs since its last live release, from 1; 0 where the run
            is no gate run.
        bases: bundles whose thresholds and cases bind the run too (the live release, the
            pull request's base).
        by, by_kind: whose calls these are: ``person`` or ``service`` (by a key) or ``workload``
            (by a token of where it runs).
        is_ci: a machine began the run and makes its calls, by what it is and not by a key that
            could be anywhere; in a dev folder a service account's key is enough.
        identity: issuer and subject of the workload's token; empty without one.
        answered: calls that were answered; 0 until the run ends.
        result: the result file, JSON text; empty until it ends.
        envelope: the signed statement; empty until it ends.
    """

    id: RunId
    workflow: WorkflowId
    digest: Digest
    purpose: RunPurpose
    number: int
    bases: tuple[Digest, ...]
    key: KeyId
    by: str
    by_kind: str
    repeats: int
    started_at_unix: int
    ends_at_unix: int
    is_ci: bool = False
    identity: str = ""
    finished_at_unix: int | None = None
    verdict: Word | None = None
    answered: int = 0
    result: str = ""
    envelope: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it has no verdict yet."""
        return self.verdict is None


class EvalRuns(Protocol):
    """Keeps runs for good; every method may block and may raise ``StoreDown``."""

    def add(self, run: EvalRun) -> None:
        """Keep a run that has started."""

    def finish(self, run: EvalRun) -> bool:
        """Keep a run's ending; False where it has ended before, and then nothing changes."""

    def get(self, run: RunId) -> EvalRun | None:
        """The run, or ``None``."""

    def list_open(self) -> Sequence[EvalRun]:
        """Runs without a verdict, oldest first."""

    def list_runs(self, workflow: WorkflowId, *, since_unix: int = 0) -> Sequence[EvalRun]:
        """A workflow's runs that started at or after a time, oldest first."""


class MemoryEvalRuns:
    """Runs in memory, for tests and one-off runs."""

    def __init__(self) -> None:
        self._runs: dict[RunId, EvalRun] = {}

    def add(self, run: EvalRun) -> None:
        """See :class:`EvalRuns`."""
        self._runs[run.id] = run

    def finish(self, run: EvalRun) -> bool:
        """See :class:`EvalRuns`."""
        if not self._runs[run.id].is_open:
            return False
        self._runs[run.id] = replace(run)
        return True

    def get(self, run: RunId) -> EvalRun | None:
        """See :class:`EvalRuns`."""
        return self._runs.get(run)

    def list_open(self) -> Sequence[EvalRun]:
        """See :class:`EvalRuns`."""
        return [run for run in self._list() if run.is_open]

    def list_runs(self, workflow: WorkflowId, *, since_unix: int = 0) -> Sequence[EvalRun]:
        """See :class:`EvalRuns`."""
        return [
            run
            for run in self._list()
            if run.workflow == workflow and run.started_at_unix >= since_unix
        ]

    def _list(self) -> Sequence[EvalRun]:
        return sorted(self._runs.values(), key=lambda run: run.started_at_unix)
