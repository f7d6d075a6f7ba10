"""All places where eval runs are kept keep the same contract: memory, SQLite and PostgreSQL."""

from dataclasses import replace

import pytest

from alos.domain.evaluation import RunPurpose, Word
from alos.domain.ids import Digest, KeyId, RunId, WorkflowId
from alos.ports.eval_runs import EvalRun, EvalRuns, MemoryEvalRuns
from alos.store.engine import Store
from alos.store.eval_runs import StoredEvalRuns

SUPPORT = WorkflowId("support-reply-drafting")


@pytest.fixture(params=["memory", "stored"])
def runs(request: pytest.FixtureRequest, store: Store) -> EvalRuns:
    """In memory, and stored on each engine."""
    return MemoryEvalRuns() if request.param == "memory" else StoredEvalRuns(store)


def make(number: int, *, workflow: WorkflowId = SUPPORT) -> EvalRun:
    return EvalRun(
        id=RunId(f"run_{number}"),
        workflow=workflow,
        digest=Digest("sha256:" + "a" * 64),
        purpose=RunPurpose.GATE,
        number=number,
        bases=(Digest("sha256:" + "b" * 64),),
        key=KeyId("workload:ci"),
        by="ci",
        by_kind="workload",
        is_ci=True,
        identity="https://issuer.example repo:acme/answers",
        repeats=3,
        started_at_unix=1_000 + number,
        ends_at_unix=2_000 + number,
    )


def finish(run: EvalRun, word: Word = Word.PASS) -> EvalRun:
    return replace(
        run,
        finished_at_unix=1_500,
        verdict=word,
        answered=72,
        result='{"verdict": "pass", "text": "für 5 €"}',
        envelope="{}",
    )


def test_a_run_comes_back_as_it_was_kept(runs: EvalRuns) -> None:
    runs.add(make(1))
    assert runs.get(RunId("run_1")) == make(1)
    assert runs.get(RunId("run_9")) is None
    assert runs.finish(finish(make(1)))
    assert runs.get(RunId("run_1")) == finish(make(1))


def test_a_run_ends_once(runs: EvalRuns) -> None:
    runs.add(make(1))
    assert runs.finish(finish(make(1), Word.FAIL))
    assert not runs.finish(finish(make(1), Word.PASS))
    kept = runs.get(RunId("run_1"))
    assert kept is not None
    assert kept.verdict is Word.FAIL


def test_open_runs_and_a_workflows_runs_come_oldest_first(runs: EvalRuns) -> None:
    for number in (3, 1, 2):
        runs.add(make(number))
    runs.add(make(4, workflow=WorkflowId("another")))
    assert runs.finish(finish(make(2)))
    assert [one.id for one in runs.list_open()] == ["run_1", "run_3", "run_4"]
    assert [one.id for one in runs.list_runs(SUPPORT)] == ["run_1", "run_2", "run_3"]
    since = runs.list_runs(SUPPORT, since_unix=1_002)
    assert [one.id for one in since] == ["run_2", "run_3"]
