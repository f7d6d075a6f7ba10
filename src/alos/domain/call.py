"""The stages of one call as types: each stage takes one and returns the next.

``Call → AdmittedCall → FundedCall → CheckedCall → Reply → CheckedReply``. A stage that is left
out is a type error; each value holds the one before it.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from alos.domain.ids import CallId, RunId, TaskId
from alos.domain.record import Evidence, FindingNote, ToolNote
from alos.domain.refusal import Refusal
from alos.domain.request import AnswerView, Request
from alos.domain.standing import Cap, KeyGrant, Standing, StandingModel, StandingWorkflow


class Call(NamedTuple):
    """One request as it came through a door.

    Attributes:
        wire_format: name of the format that the path stands for.
        headers: lower-case names; the last of repeated ones.
        body: at most the door's bound; ``None`` where it was larger.
        client_address: the peer's, for the record's personal part.
        door_refusal: what the door found wrong already (path, method, a body that is too large
            or did not arrive); the call is recorded and refused for it once the key is known.
        drill: the drill of ours that it belongs to; no door sets it, whatever a client sends.
    """

    id: CallId
    received_unix_ns: int
    received_monotonic_ns: int
    wire_format: str
    headers: Mapping[bytes, bytes]
    body: bytes | None
    client_address: str
    door_refusal: Refusal | None = None
    drill: RunId | None = None


class Prompt(NamedTuple):
    """Which prompt a call used.

    Attributes:
        version: ``name@version`` or ``observed@<first 16 hex digits of SHA-256>``.
        evidence: matched (its text was found in the request or rendered by us), declared (the
            caller's word), default (the key's or the workflow's) or observed.
        observed: first 16 hex digits of SHA-256 of a system prompt that is no released one;
            empty where there is none, or ``version`` says it already.
    """

    version: str | None
    evidence: Evidence
    observed: str = ""


class AdmittedCall(NamedTuple):
    """Who, which workflow, which models in which order; the record is open.

    Attributes:
        candidates: the route's models that may be used now and speak the wire format.
        skipped: (model, why) of those that may not.
        max_output_tokens: bound per choice, already within workflow and model limits.
        ceiling_nanousd: the dearest that the call can cost.
        sources: ids of retrieved context as the caller declared them.
        tags: ``name=value``, the caller's word; they decide nothing but an escalation by tag.
        rendered_prompt: the released template with its variables in place, to be put in front.
        facts: what admission adds to the record, by :class:`alos.domain.record.Fact`.
        trial: facts of a draft or eval call; empty for a production call. No cached answer may
            stand in for such a call, nor its answer for another one.
        stopped: the kill switch that keeps the call from every model; its fallback may answer.
        parameters: declared numbers that the caller left out, to be set in what is sent.
    """

    call: Call
    standing: Standing
    key: KeyGrant
    workflow: StandingWorkflow
    request: Request
    candidates: tuple[StandingModel, ...]
    skipped: tuple[tuple[StandingModel, str], ...]
    route_reason: str
    prompt: Prompt
    task: TaskId | None
    sources: tuple[str, ...]
    max_output_tokens: int
    ceiling_nanousd: int
    rendered_prompt: str | None = None
    tags: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    trial: tuple[tuple[str, str], ...] = ()
    stopped: Refusal | None = None
    parameters: tuple[tuple[str, float], ...] = ()


class Denied(NamedTuple):
    """A "no" of a stage, with as much as was known by then.

    Attributes:
        findings, unscanned: what the checks saw, when they are what denied it.
        limit_requests: the rate that is used up.
        trial: facts of the draft or eval call that it is.
    """

    refusal: Refusal
    key: KeyGrant | None = None
    workflow: StandingWorkflow | None = None
    request: Request | None = None
    findings: tuple[FindingNote, ...] = ()
    unscanned: tuple[str, ...] = ()
    limit_requests: int = 0
    trial: tuple[tuple[str, str], ...] = ()


class Reservation(NamedTuple):
    """Money set aside for one call in every scope it counts in."""

    id: CallId
    caps: tuple[Cap, ...]
    month: str
    amount_nanousd: int


class FundedCall(NamedTuple):
    """The call's ceiling is reserved under every cap."""

    admitted: AdmittedCall
    reservation: Reservation
    limit_requests: int
    remaining_requests: int
    """Both 0 where the workflow sets no rate."""


class CheckedCandidate(NamedTuple):
    """One model that may get this body.

    Attributes:
        body: the exact bytes to send.
        redacted: findings were replaced in it.
    """

    model: StandingModel
    body: bytes
    redacted: bool


class CheckedCall(NamedTuple):
    """What may go upstream, and to whom. Only ``pipeline.check`` makes one."""

    funded: FundedCall
    candidates: tuple[CheckedCandidate, ...]
    findings: tuple[FindingNote, ...]
    unscanned: tuple[str, ...]
    tokens: Mapping[str, str] = MappingProxyType({})
    """Token → value, of what was replaced so that it can be put back."""
    shadow: str = ""
    """What rules on trial would have done, e.g. ``block:incident_details``."""


class WholeReply(NamedTuple):
    """A whole answer as it came.

    Attributes:
        view: ``None`` for the provider's own error, which is passed on as it is.
    """

    checked: CheckedCall
    candidate: CheckedCandidate
    status: int
    body: bytes
    view: AnswerView | None


class StreamReply(NamedTuple):
    """A streamed answer whose first piece has come.

    Attributes:
        chunks: all pieces, the first included.
        close: gives the connection back, or aborts what still runs upstream.
    """

    checked: CheckedCall
    candidate: CheckedCandidate
    chunks: AsyncIterator[bytes]
    close: Callable[[], Coroutine[Any, Any, None]]
    first_byte_ns: int


Reply = WholeReply | StreamReply


class CheckedReply(NamedTuple):
    """A whole answer that may go to the caller."""

    reply: WholeReply
    findings: tuple[FindingNote, ...]
    tools: tuple[ToolNote, ...]
