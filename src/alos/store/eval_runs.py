"""The :class:`alos.ports.eval_runs.EvalRuns` on the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update

from alos.domain.evaluation import RunPurpose, Word
from alos.domain.ids import Digest, KeyId, RunId, WorkflowId
from alos.ports.eval_runs import EvalRun
from alos.store.engine import Store
from alos.store.eval_tables import eval_runs


class StoredEvalRuns:
    """Runs with their results; every change is committed on return."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, run: EvalRun) -> None:
        """See :class:`alos.ports.eval_runs.EvalRuns`."""
        with self._store.write() as connection:
            connection.execute(insert(eval_runs), _to_values(run))

    def finish(self, run: EvalRun) -> bool:
        """See :class:`alos.ports.eval_runs.EvalRuns`."""
        with self._store.write() as connection:
            done = connection.execute(
                update(eval_runs)
                .where(eval_runs.c.run_id == run.id, eval_runs.c.verdict.is_(None))
                .values(**_to_values(run))
            )
            return done.rowcount > 0

    def get(self, run: RunId) -> EvalRun | None:
        """See :class:`alos.ports.eval_runs.EvalRuns`."""
        self._store.ensure()
        with self._store.read() as connection:
            row = connection.execute(select(eval_runs).where(eval_runs.c.run_id == run)).first()
        return _to_run(row) if row is not None else None

    def list_open(self) -> Sequence[EvalRun]:
        """See :class:`alos.ports.eval_runs.EvalRuns`."""
        self._store.ensure()
        statement = (
            select(eval_runs)
            .where(eval_runs.c.verdict.is_(None))
            .order_by(eval_runs.c.started_at_unix, eval_runs.c.run_id)
        )
        with self._store.read() as connection:
            return [_to_run(row) for row in connection.execute(statement)]

    def list_runs(self, workflow: WorkflowId, *, since_unix: int = 0) -> Sequence[EvalRun]:
        """See :class:`alos.ports.eval_runs.EvalRuns`."""
        self._store.ensure()
        columns = eval_runs.c
        statement = (
            select(eval_runs)
            .where(columns.workflow == workflow, columns.started_at_unix >= since_unix)
            .order_by(columns.started_at_unix, columns.run_id)
        )
        with self._store.read() as connection:
            return [_to_run(row) for row in connection.execute(statement)]


def _to_values(run: EvalRun) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "workflow": run.workflow,
        "digest": run.digest,
        "purpose": run.purpose.value,
        "number": run.number,
        "bases": list(run.bases),
        "key_id": run.key,
        "by": run.by,
        "by_kind": run.by_kind,
        "is_ci": run.is_ci,
        "identity": run.identity,
        "repeats": run.repeats,
        "started_at_unix": run.started_at_unix,
        "ends_at_unix": run.ends_at_unix,
        "finished_at_unix": run.finished_at_unix,
        "verdict": run.verdict.value if run.verdict is not None else None,
        "answered": run.answered,
        "result": run.result,
        "envelope": run.envelope,
    }


def _to_run(row: Row[Any]) -> EvalRun:
    return EvalRun(
        id=RunId(row.run_id),
        workflow=WorkflowId(row.workflow),
        digest=Digest(row.digest),
        purpose=RunPurpose(row.purpose),
        number=row.number,
        bases=tuple(Digest(one) for one in row.bases),
        key=KeyId(row.key_id),
        by=row.by,
        by_kind=row.by_kind,
        is_ci=row.is_ci,
        identity=row.identity,
        repeats=row.repeats,
        started_at_unix=row.started_at_unix,
        ends_at_unix=row.ends_at_unix,
        finished_at_unix=row.finished_at_unix,
        verdict=Word(row.verdict) if row.verdict is not None else None,
        answered=row.answered,
        result=row.result,
        envelope=row.envelope,
    )
