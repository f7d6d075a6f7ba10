"""Where calls are looked up after they happened.

The methods are synchronous and may block; the composition root calls them in a thread. Every
method may raise ``StoreDown``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from alos.domain.ids import CallId, WriterId
from alos.domain.record import ClosingEntry, OpeningEntry, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlace:
    """Where an entry stands in the log.

    Attributes:
        hash: hexadecimal; what a proof of the entry ends in.
    """

    writer: WriterId
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call as far as it is known.

    Attributes:
        opening: ``None`` for a refusal at the door, which has a closing alone.
        closing: ``None`` while the call runs; its personal values are those not erased.
        place: of the closing.
        arrived_at_unix_ns: when the row was last completed; later than the call itself.
        elsewhere: the writer whose journal holds the record and is not at hand; another
            gateway's. Then only ``indexed`` is known: the columns of the index by name.
    """

    call_id: CallId
    opened_at_unix_ns: int
    opening: OpeningEntry | None = None
    closing: ClosingEntry | None = None
    place: EntryPlace | None = None
    arrived_at_unix_ns: int
    elsewhere: WriterId | None = None
    indexed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """What to look for; everything that is set must hold.

    Attributes:
        finding: a finding's type or kind, e.g. ``EMAIL_ADDRESS`` or ``secret``.
        outcome: ``None`` takes every call, the running ones too.
        model: our name or the provider's.
        purpose: ``production`` takes those that say nothing, too.
        is_near_miss: True takes near misses alone.
    """

    workflow: str | None = None
    workspace: str | None = None
    person: str | None = None
    key_id: str | None = None
    task: str | None = None
    model: str | None = None
    vendor: str | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    finding: str | None = None
    min_cost_nanousd: int | None = None
    min_duration_ms: int | None = None
    since_unix_ns: int | None = None
    until_unix_ns: int | None = None
    purpose: str | None = None
    run: str | None = None
    is_near_miss: bool | None = None


@dataclass(frozen=True, slots=True, order=True)
class CallCursor:
    """A call's place in the order of a search."""

    opened_at_unix_ns: int
    call_id: str


class CallStore(Protocol):
    """The index of calls, filled from the journals."""

    def get_call(self, call_id: CallId) -> CallRow | None:
        """Everything that is known of one call."""

    def search_calls(
        self, query: CallQuery, *, before: CallCursor | None, limit: int
    ) -> Sequence[CallRow]:
        """Calls that match, newest first, older than ``before``."""

    def list_arrivals(self, *, since_unix_ns: int, limit: int) -> Sequence[CallRow]:
        """Closed calls that arrived at or after a time, in order of arrival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SumQuery:
    """Which sums: of calls that began in a time, by the names that are wanted.

    Attributes:
        by: of ``hour``, ``day``, ``workspace``, ``workflow``, ``vendor``, ``model``, ``outcome``,
            ``reason`` and ``purpose``; none gives one row.
        since_unix, until_unix: whole hours; the second is not in it.
        where: names and the value that each must have.
    """

    by: tuple[str, ...]
    since_unix: int
    until_unix: int
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SumRow:
    """Sums over calls.

    Attributes:
        names: values of ``SumQuery.by``, in its order; hours and days as unix seconds in text,
            an absent name as an empty text.
    """

    names: tuple[str, ...]
    calls: int
    cost_nanousd: int
    duration_ms: int
    overhead_us: int
    highest_cost_nanousd: int
    highest_duration_ms: int


class CallSums(Protocol):
    """Sums that were made as calls came in; asking for them reads no call."""

    def sum_calls(self, query: SumQuery) -> Sequence[SumRow]:
        """Sums by names, in their order.

        Raises:
            ValueError: a name is none of these.
        """

    def sum_scopes(self, *, since_unix: int, until_unix: int) -> dict[str, int]:
        """Nano-dollars by scope of a cap over whole days."""
