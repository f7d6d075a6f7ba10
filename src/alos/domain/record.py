"""The record of a call: what the journal writes before, and after, and what else it notes.

A call leaves an :class:`OpeningEntry` before anything goes upstream and a
:class:`ClosingEntry` before its answer completes. A refusal at the door leaves a closing entry
alone. The sweeper closes what a dead process left open.

Fields are *plain* or *personal*. Personal and caller-supplied text stands in
:class:`Personal` values: the chained bytes hold only a salted commitment, so erasing salt and
value later leaves every hash as it was.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from alos.domain.ids import (
    CallId,
    Digest,
    KeyId,
    ModelName,
    VendorName,
    WorkflowId,
    WorkspaceId,
    WriterId,
)
from alos.domain.money import Usage
from alos.domain.refusal import ReasonCode


class Outcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    UPSTREAM_ERROR = "upstream_error"
    """The provider's own 4xx, passed on as it came."""
    CLIENT_GONE = "client_gone"
    """The caller hung up; what was sent until then is hashed, the cost is estimated."""
    CUT = "cut"
    """A stream that was stopped under way (kill, answer check, upstream broke off)."""
    UNKNOWN = "outcome_unknown"
    """Written by the sweeper for a call whose process died."""


class Stage(StrEnum):
    """Where on the path the call ended."""

    DOOR = "door"
    ADMIT = "admit"
    BUDGET = "budget"
    CHECK = "check"
    DISPATCH = "dispatch"
    EXAMINE = "examine"
    FINISH = "finish"


class Evidence(StrEnum):
    """How we know of a source or tool."""

    DECLARED = "declared"
    DEFAULT = "default"
    """Of a prompt: nobody named one, so the key's or the workflow's own is taken to be meant."""
    MATCHED = "matched"
    OBSERVED = "observed"


class Fact(StrEnum):
    """Names of further facts of a call; the values are our own words and ids only.

    A new one is a member here and a line in docs/reference/journal-format.md, and no new schema
    version.
    """

    CACHED_FROM = "cached_from"
    """Id of the call whose stored answer this one was given."""
    FALLBACK = "fallback"
    """What answered in the place of the route's first model: ``text``, ``queue``, or a name."""
    HELD = "held"
    """Id under which the request waits for a person."""
    UNANSWERED_NANOUSD = "unanswered_nanousd"
    """Part of the cost: the estimate of tries that gave no answer but may be billed."""
    RUN = "run"
    """Id of the eval or drill run that the call belongs to."""
    PURPOSE = "purpose"
    """``production``, ``draft``, ``eval`` or ``drill``; where it is absent, production."""
    CASE = "case"
    """Id of the golden case that the call is of, or the call and criterion that it judges."""
    TRACE_SPAN = "trace_span"
    """Trace id and our own span id, ``<32 hex>-<16 hex>``."""
    REQUEST_BODY = "request_body"
    """Where the vault keeps the request as it was sent, redacted."""
    ANSWER_BODY = "answer_body"
    """Where the vault keeps the answer, redacted."""
    HELD_BODY = "held_body"
    """Where the vault keeps the request that waits for a person, every finding replaced."""
    BODIES = "bodies"
    """Why a body is missing: ``not_kept`` (a term of no days), ``vault_down``, ``too_large``."""
    IDENTITY = "identity"
    """How the caller was known: ``sso``, ``people_file``, ``personal_account``, ``workload``;
    absent: by a key alone."""
    REPLAYED_FROM = "replayed_from"
    """Id of the call whose answer the same Idempotency-Key gave again."""
    ESCALATED = "escalated"
    """Name of the rule that sent the call to a larger model."""
    SET_ASIDE_NANOUSD = "set_aside_nanousd"
    """Part of the cost: a smaller model's answer that was of no use, before the larger one's."""
    PROMPT_OBSERVED = "prompt_observed"
    """First 16 hex digits of SHA-256 of a system text that is not the prompt of the record."""
    VENDORS = "vendors"
    """Vendors, by commas, one of which may have answered a call whose process died."""
    TOKENS = "tokens"
    """Where the vault keeps what the tokens of the request stand for."""
    SHADOW = "shadow"
    """What rules on trial would have done, e.g. ``block:incident_details,redact:pii``."""
    SHAPE = "shape"
    """By commas, in what the call is not of the shape that the release declares."""
    NEAR_MISS = "near_miss"
    """Why the call is a near miss though it was answered (overridden, redacted, warned)."""


class Personal(NamedTuple):
    """A value that can be forgotten: committed to as SHA-256(salt ‖ UTF-8 of the value).

    Attributes:
        name: which field (``principal``, ``client_address``, ``task``, ``tag``, ``source``…).
        salt: 16 random bytes, used for this value alone.
    """

    name: str
    salt: bytes
    value: str


@dataclass(frozen=True, slots=True)
class FindingNote:
    """What a check saw and what was done about it; never the text.

    Attributes:
        where: ``request`` or ``answer``.
        kind: ``secret``, ``pii``, ``forbidden`` or ``injection``.
        type: e.g. ``AWS_SECRET_KEY`` or ``EMAIL_ADDRESS``.
        rule: id of the rule that saw it.
        action: ``block``, ``redact``, ``tokenise``, ``flag`` or ``drop_candidate``.
        count: how often.
    """

    where: str
    kind: str
    type: str
    rule: str
    action: str
    count: int


@dataclass(frozen=True, slots=True)
class ToolNote:
    """A tool that was offered to the model or that it asked for."""

    name: str
    evidence: Evidence
    calls: int


@dataclass(frozen=True, slots=True)
class AttemptNote:
    """One try at one candidate of the route.

    Attributes:
        result: ``answered``, ``http_<status>``, ``timeout``, ``connect``, ``broken``,
            ``skipped_<why>``.
    """

    model: ModelName
    vendor: VendorName
    result: str
    duration_ms: int


class OpeningEntry(NamedTuple):
    """Written to the page cache before anything goes upstream: our own ids only.

    It holds what a sweeper needs to count the call against every cap if its process dies.
    """

    call_id: CallId
    opened_at_unix_ns: int
    key_id: KeyId
    workspace: WorkspaceId
    workflow: WorkflowId
    tier: int
    release: Digest
    ceiling_nanousd: int
    """What the call can cost at most; the sweeper settles an unknown outcome at this."""
    vendors: tuple[VendorName, ...] = ()
    """Of the route's candidates, each once, in its order."""
    personal: tuple[Personal, ...] = ()
    """The principal."""


class ClosingEntry(NamedTuple):
    """The whole record of a call; durable before the answer completes.

    ``None`` in a field means "not known at the point where the call ended", which ``stage``
    and ``reason`` explain.
    """

    call_id: CallId
    opened_at_unix_ns: int
    closed_at_unix_ns: int
    outcome: Outcome
    stage: Stage
    reason: ReasonCode | None
    detail: str
    http_status: int

    wire_format: str
    streamed: bool
    key_id: KeyId | None
    workspace: WorkspaceId | None
    workflow: WorkflowId | None
    tier: int | None
    surface: str | None
    accountable: str | None
    """The accountable person's id at that moment (an owner's name is not the caller's)."""
    release: Digest | None
    release_stage: str | None
    approved_by: tuple[str, ...]
    """Empty while unreleased."""
    policy: Digest | None
    """Digest of the applied configuration."""
    rules: str | None
    """Digest of the detectors' rule set."""
    standing_epoch: int | None

    model_asked: str | None
    model: ModelName | None
    vendor: VendorName | None
    upstream_model: str | None
    attempts: tuple[AttemptNote, ...]
    route_reason: str

    prompt_version: str | None
    """``name@version`` as declared or rendered, else ``observed@<digest>``."""
    prompt_evidence: Evidence | None
    request_hash: str | None
    """SHA-256 of the caller's body as it came."""
    sent_hash: str | None
    """SHA-256 of the body that really went upstream; ``None`` when nothing did."""
    output_hash: str | None
    """SHA-256 of the answer's bytes as the caller was sent them."""
    request_bytes: int
    answer_bytes: int
    findings: tuple[FindingNote, ...]
    unscanned: tuple[str, ...]
    unknown_fields: int
    tools: tuple[ToolNote, ...]

    usage: Usage | None
    cost_nanousd: int
    cost_estimated: bool
    reserved_nanousd: int
    price_source: str | None
    overhead_us: int
    """Time spent in the gateway itself, waiting for the provider left out."""
    first_byte_ms: int | None
    duration_ms: int

    facts: tuple[tuple[str, str], ...] = ()
    """Sorted (:class:`Fact`, value) pairs, plain: our own words and ids only."""
    personal: tuple[Personal, ...] = ()


class NoteKind(StrEnum):
    """Entries of a journal that are not a call."""

    FOLDER_BORN = "folder_born"
    """The data folder's id, and whether it is dev or production; stands in the ledger for good."""
    WRITER_BORN = "writer_born"
    WRITER_CLOSED = "writer_closed"
    HEARTBEAT = "heartbeat"
    GAP = "gap"
    ANONYMOUS = "anonymous"
    STOPPED = "stopped"
    REVIVED = "revived"
    REVIVAL_VOTE = "revival_vote"
    """A person said that a kill switch may be taken back."""
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    KEY_ROTATED = "key_rotated"
    DIRECTORY_TOKEN = "directory_token"  # noqa: S105 - a name, not a token
    DIRECTORY_CHANGED = "directory_changed"
    PERSON_ENDED = "person_ended"
    """Somebody left; the note's time is when the last of their access was gone."""
    PERSON_RETURNED = "person_returned"
    ROLE_CHANGED = "role_changed"
    NOTICE = "notice"
    """A notice reached its person, or never will."""
    CONFIG_PLANNED = "config_planned"
    CONFIG_APPLIED = "config_applied"
    CHANGE_REFUSED = "change_refused"
    """Somebody asked the management API for what is not allowed."""
    SIGNED_IN = "signed_in"
    """Somebody logged in; the note names the session, never its token."""
    SIGN_IN_REFUSED = "sign_in_refused"
    SESSION_ENDED = "session_ended"
    SET_UP = "set_up"
    """The one-time token of the first start was used: who became whom."""
    RELEASE_SUBMITTED = "release_submitted"
    VOTE_CAST = "vote_cast"
    VOTES_VOIDED = "votes_voided"
    CONSULTED = "consulted"
    STAGE_GRANTED = "stage_granted"
    ROLLOUT_HALTED = "rollout_halted"
    ROLLOUT_RESUMED = "rollout_resumed"
    ROLLED_BACK = "rolled_back"
    DRILL_ENDED = "drill_ended"
    CLOCK_MOVED = "clock_moved"
    """The clock of a dev folder's releases was moved on."""
    BODIES_PURGED = "bodies_purged"
    """Bodies came to the end of their retention; which shelf, how many, how many are on hold."""
    RECORDS_REMOVED = "records_removed"
    """Records of calls come to the end of ``record_days``; their leaves stay."""
    TOKEN_REVERSED = "token_reversed"  # noqa: S105 - a name, not a token
    """Somebody was given the value that a token of a call stands for, and why."""
    BODY_READ = "body_read"
    """Somebody read a kept prompt or answer."""
    BODIES_SEARCHED = "bodies_searched"
    """Somebody searched kept prompts and answers for a text; the note holds no word of it."""
    ERASED = "erased"
    """A person's data, or one call's bodies, was erased on request."""
    VAULT_KEY_ROTATED = "vault_key_rotated"
    """The vault went under another master key; noted by the next start."""
    LEGAL_HOLD_PLACED = "legal_hold_placed"
    LEGAL_HOLD_RELEASED = "legal_hold_released"
    WAIVER_REQUESTED = "waiver_requested"
    WAIVER_GRANTED = "waiver_granted"
    WAIVER_ENDED = "waiver_ended"
    ACCESS_REQUESTED = "access_requested"
    """Somebody asked that more people may use a workflow; nothing was granted."""
    OVERBILLED = "overbilled"
    HELD_DONE = "held_done"
    """A person looked after a request that no model answered."""
    FEEDBACK = "feedback"
    """A person took an answer, or rejected it."""
    BUNDLE_UPLOADED = "bundle_uploaded"
    EVAL_STARTED = "eval_started"
    EVAL_FINISHED = "eval_finished"
    """An eval run's verdict, with the hash of the statement signed about it."""
    JUDGE_CALIBRATED = "judge_calibrated"
    """How far a judging model agrees with people's labels."""
    RESERVATION_RAISED = "reservation_raised"
    """More was set aside for an open call, because an unanswered try of it may be billed."""
    LEDGER_KEY = "ledger_key"
    """The key that signs the ledger from here on, and the key that vouches for it."""


class NoteEntry(NamedTuple):
    """Anything else that belongs in the log, as plain facts.

    Attributes:
        facts: sorted (name, value) pairs, our own words and ids only.
    """

    kind: NoteKind
    at_unix_ns: int
    facts: tuple[tuple[str, str], ...]
    personal: tuple[Personal, ...] = ()


Entry = OpeningEntry | ClosingEntry | NoteEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An entry as it stands in a journal.

    Attributes:
        sequence: gap-free from 0 for each writer.
        hash: SHA-256 over (previous hash ‖ encoded entry); the first has 32 zero bytes before.
    """

    writer: WriterId
    sequence: int
    hash: bytes
    entry: Entry
