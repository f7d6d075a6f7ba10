"""Trial calls: of a draft, or of a case of an eval run (``x-alos-release``, ``x-alos-run``).

A drill's calls are no trials: they run the ordinary way, under a Standing of their own.

What a call counts as follows from the run and the bundle that the control plane knows. No header
makes a call an eval call that is not one, and none makes it a production call.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from alos.domain.call import Call
from alos.domain.evaluation import JUDGED
from alos.domain.gate import check_trial
from alos.domain.ids import Digest, RunId
from alos.domain.record import Fact
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import (
    Cap,
    KeyGrant,
    PrincipalKind,
    Standing,
    StandingRun,
    StandingWorkflow,
)

RELEASE = b"x-alos-release"
RUN = b"x-alos-run"
CASE = b"x-alos-case"


class Trial(NamedTuple):
    """What a trial call runs and what its record says.

    Attributes:
        workflow: compiled from the uploaded bundle.
        facts: for the record, by :class:`alos.domain.record.Fact`.
    """

    workflow: StandingWorkflow
    facts: tuple[tuple[str, str], ...]


def select_trial(
    call: Call, standing: Standing, key: KeyGrant, workflow: StandingWorkflow
) -> Trial | Refusal | None:
    """The trial that the call's headers ask for, a "no", or ``None`` for an ordinary call.

    Args:
        call: its headers and body.
        standing: what is open now.
        key: who calls.
        workflow: as the key and the other headers select it.
    """
    headers = call.headers
    if RUN in headers or CASE in headers:
        return _select_run(call, standing, key, workflow)
    if RELEASE not in headers:
        return None
    digest = Digest(headers[RELEASE].decode("latin-1"))
    if digest == workflow.release.digest:
        return None
    return _select_draft(call, standing, key, workflow, digest)


def is_still_open(standing: Standing, workflow: StandingWorkflow, run: str | None) -> bool:
    """Whether what a trial call runs is still there under a newer Standing."""
    if run is not None:
        return RunId(run) in standing.runs
    return workflow.release.digest in standing.drafts


def _select_run(
    call: Call, standing: Standing, key: KeyGrant, workflow: StandingWorkflow
) -> Trial | Refusal:
    headers = call.headers
    run = standing.runs.get(RunId(headers.get(RUN, b"").decode("latin-1")))
    unknown = Refusal(code=ReasonCode.RUN_UNKNOWN)
    if run is None or run.key != key.id or run.workflow.id != workflow.id:
        return unknown
    if call.received_unix_ns // 1_000_000_000 >= run.ends_at_unix:
        return unknown
    if headers.get(RELEASE, b"").decode("latin-1") != run.workflow.release.digest:
        return unknown
    return _select_case(call, standing, run)


def _select_case(call: Call, standing: Standing, run: StandingRun) -> Trial | Refusal:
    case = call.headers.get(CASE, b"").decode("latin-1")
    expected = run.inputs.get(case)
    if expected is None or call.body is None:
        return Refusal(code=ReasonCode.RUN_INPUT)
    if hashlib.sha256(call.body).hexdigest() != expected:
        return Refusal(code=ReasonCode.RUN_INPUT)
    workflow = run.judge if case.startswith(JUDGED) else run.workflow
    facts = ((Fact.CASE.value, case), (Fact.PURPOSE.value, "eval"), (Fact.RUN.value, run.id))
    return check_trial(standing, workflow) or Trial(workflow, facts)


def _select_draft(
    call: Call,
    standing: Standing,
    key: KeyGrant,
    workflow: StandingWorkflow,
    digest: Digest,
) -> Trial | Refusal:
    draft = standing.drafts.get(digest)
    if draft is None or draft.workflow.id != workflow.id:
        return Refusal(code=ReasonCode.RELEASE_UNKNOWN)
    if key.principal_kind is not PrincipalKind.PERSON:
        return Refusal(code=ReasonCode.DRAFT_NOT_ALLOWED, detail="it is a service account's")
    now_unix = call.received_unix_ns // 1_000_000_000
    if now_unix >= draft.ends_at_unix:
        return Refusal(code=ReasonCode.DRAFT_NOT_ALLOWED, detail="the draft is too old")
    day = datetime.fromtimestamp(now_unix, tz=UTC).date().isoformat()
    cap = Cap(scope=f"draft:{key.principal}:{day}", limit_nanousd=draft.daily_limit_nanousd)
    limited = replace(draft.workflow, caps=(*draft.workflow.caps, cap))
    facts = ((Fact.PURPOSE.value, "draft"),)
    return check_trial(standing, limited) or Trial(limited, facts)
