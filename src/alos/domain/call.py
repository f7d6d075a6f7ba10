"""The stages of one call as types: each stage takes one and returns the next.

``Call → AdmittedCall → FundedCall → CheckedCall → Reply → CheckedReply``. A stage that is left
out is a type error; each value holds the one before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from alos.domain.ids import CallId, TaskId
from alos.domain.record import Evidence, FindingNote
from alos.domain.request import Request
from alos.domain.standing import Cap, KeyGrant, Standing, StandingModel, StandingWorkflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it came through a door.

    Attributes:
        wire_format: name of the format that the path stands for.
        headers: lower-case names; the last of repeated ones.
        body: at most the door's bound; ``None`` where it was larger.
        client_address: the peer's, for the record's personal part.
    """

    id: CallId
    received_unix_ns: int
    received_monotonic_ns: int
    wire_format: str
    headers: Mapping[bytes, bytes]
    body: bytes | None
    client_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Which prompt a call used.

    Attributes:
        version: ``name@version`` or ``observed@<first 16 hex digits of SHA-256>``.
        evidence: declared (the caller's or the key's word), matched (its text was found in
            the request or rendered by us) or observed.
    """

    version: str | None
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedCall:
    """Who, which workflow, which models in which order; the record is open.

    Attributes:
        candidates: the route's models that may be used now and speak the wire format.
        skipped: (model, why) of those that may not.
        max_output_tokens: bound per choice, already within workflow and model limits.
        ceiling_nanousd: the dearest that the call can cost.
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
    max_output_tokens: int
    ceiling_nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Money set aside for one call in every scope it counts in."""

    id: CallId
    caps: tuple[Cap, ...]
    month: str
    amount_nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundedCall:
    """The call's ceiling is reserved under every cap."""

    admitted: AdmittedCall
    reservation: Reservation
    remaining_requests: int | None
    limit_requests: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCandidate:
    """One model that may get this body.

    Attributes:
        body: the exact bytes to send.
        redacted: findings were replaced in it.
    """

    model: StandingModel
    body: bytes
    redacted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCall:
    """What may go upstream, and to whom. Only ``pipeline.check`` makes one."""

    funded: FundedCall
    candidates: tuple[CheckedCandidate, ...]
    findings: tuple[FindingNote, ...]
    unscanned: tuple[str, ...]
