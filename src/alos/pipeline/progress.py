"""What is known of one call so far; ``run`` writes it, ``finish`` reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from alos.domain.call import AdmittedCall, Call, CheckedCall, CheckedCandidate, Denied, Reservation
from alos.domain.money import Usage
from alos.domain.record import Fact, FindingNote, Outcome, Stage, ToolNote
from alos.domain.refusal import ReasonCode
from alos.domain.request import Request
from alos.domain.running import RunningStream
from alos.domain.standing import KeyGrant, Standing, StandingModel, StandingWorkflow
from alos.pipeline.tries import Tries


@dataclass(slots=True)
class Progress:
    """Grows as the stages pass; belongs to one call and one task.

    Attributes:
        candidate: the one whose answer this is; ``None`` without an answer.
    """

    call: Call
    standing: Standing
    stage: Stage = Stage.ADMIT
    key: KeyGrant | None = None
    workflow: StandingWorkflow | None = None
    request: Request | None = None
    admitted: AdmittedCall | None = None
    reservation: Reservation | None = None
    checked: CheckedCall | None = None
    tries: Tries = field(default_factory=Tries)
    candidate: CheckedCandidate | None = None
    findings: tuple[FindingNote, ...] = ()
    unscanned: tuple[str, ...] = ()
    tools: tuple[ToolNote, ...] = ()
    called: list[str] = field(default_factory=list)
    """Tools that the stream called so far."""
    streamed: bool = False
    first_byte_ns: int | None = None
    limit_requests: int = 0
    is_closed: bool = False
    rules: str = ""
    """Digest of the detectors that the call began with."""
    earlier: StandingModel | None = None
    """The model that made the answer which is given again; nothing is sent then."""
    claim: bytes | None = None
    """The Idempotency-Key that is this call's, by its digest."""
    cache_key: bytes | None = None
    receipt: str | None = None
    """The journal's signed promise, once the record is on disk."""
    facts: dict[str, str] = field(default_factory=dict)
    """Further facts of the call, by :class:`alos.domain.record.Fact`."""

    @property
    def sent(self) -> CheckedCandidate | None:
        """The last candidate whose bytes went out, answered or not."""
        return self.candidate or self.tries.under_way or self.tries.sent

    def take(self, checked: CheckedCall) -> None:
        """Keep what the checks made of the call; what rules on trial saw is a near miss."""
        self.checked = checked
        self.findings, self.unscanned = checked.findings, checked.unscanned
        if checked.shadow:
            self.facts[Fact.SHADOW] = checked.shadow
            self.facts.setdefault(Fact.NEAR_MISS, Fact.SHADOW.value)

    def know(self, key: KeyGrant) -> None:
        """Keep whose call it is, and how we know."""
        self.key = key
        if key.identity:
            self.facts[Fact.IDENTITY] = key.identity

    def deny(self, denied: Denied) -> None:
        """Keep what a denying stage knew."""
        self.key = denied.key or self.key
        self.workflow = denied.workflow or self.workflow
        self.request = denied.request or self.request
        self.findings = denied.findings or self.findings
        self.unscanned = denied.unscanned or self.unscanned
        self.limit_requests = denied.limit_requests
        self.facts.update(denied.trial)


class Ending(NamedTuple):
    """How a call ended, as ``run`` knows it.

    Attributes:
        usage: the provider's; ``None`` means that cost is estimated where an answer began.
        text_characters: length of the answer's text (for the estimate).
        output_hash: hex SHA-256 of the answer's bytes.
        answer: the answer's bytes as they were sent, in pieces; ``None`` where they were too
            many to hold.
    """

    outcome: Outcome
    status: int
    reason: ReasonCode | None = None
    detail: str = ""
    usage: Usage | None = None
    text_characters: int = 0
    output_hash: str | None = None
    answer_bytes: int = 0
    answer: Sequence[bytes] | None = ()


def to_running(progress: Progress) -> RunningStream:
    """What a kill switch asks about an admitted call that streams."""
    admitted, candidate = progress.admitted, progress.candidate
    assert admitted is not None, "only an admitted call streams"
    request = admitted.request
    hosted = (part.kind for part in request.hosted)
    return RunningStream(
        workflow=admitted.workflow.id,
        workspace=admitted.workflow.workspace,
        model=candidate.model.name if candidate is not None else None,
        vendor=candidate.model.vendor if candidate is not None else None,
        tools=frozenset((*request.tool_names, *hosted, *progress.called)),
    )
