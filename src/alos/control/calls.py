"""What is known of calls: one call whole, a search, the newest, and why a call went as it did.

Pure but for the :class:`alos.ports.call_store.CallStore` that is handed in. Every answer is made
of plain values, so the API, the console and the command line show the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from alos.control.approvals import Approval, prove_approval, to_plain_approval
from alos.domain.ids import CallId
from alos.domain.money import to_usd_text
from alos.domain.record import ClosingEntry, OpeningEntry, Outcome
from alos.domain.refusal import Refusal
from alos.ports.call_store import CallCursor, CallQuery, CallRow, CallStore
from alos.ports.clock import to_datetime
from alos.ports.ledger import Ledger

NameOf = Callable[[str], str | None]
"""A person's id → display name, where the directory knows it."""

MAX_PAGE: Final = 500
_OVERLAP_NS: Final = 2_000_000_000
OPEN: Final = "open"
"""Stands for the outcome of a call that runs."""

OUTCOME_WORDS: Final = {
    Outcome.ANSWERED: "The model answered and the caller got the answer.",
    Outcome.REFUSED: "The gateway refused the call.",
    Outcome.UPSTREAM_ERROR: "The provider refused the request; its answer was passed on.",
    Outcome.CLIENT_GONE: "The caller hung up before the answer was complete.",
    Outcome.CUT: "The answer was cut off while it streamed.",
    Outcome.UNKNOWN: "Nobody knows: the gateway or its journal stopped before the call ended.",
}


def no_name(_person: str) -> str | None:
    """Stand in where no directory is at hand."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """Some calls, newest first.

    Attributes:
        next_cursor: hand it in to get the next page; ``None`` on the last one.
    """

    calls: tuple[dict[str, Any], ...]
    next_cursor: str | None


def show_call(
    store: CallStore, call_id: CallId, name_of: NameOf = no_name, ledger: Ledger | None = None
) -> dict[str, Any] | None:
    """Give everything that is recorded of a call, or nothing where it is not known.

    With the votes of those who approved it, as far as ``ledger`` proves them.
    """
    row = store.get_call(call_id)
    if row is None:
        return None
    approval = prove_approval(ledger, row.closing) if ledger is not None else None
    return to_details(row, name_of, approval)


def search_calls(
    store: CallStore, query: CallQuery, *, cursor: str | None = None, limit: int = 50
) -> CallPage:
    """Find calls, newest first.

    Raises:
        ValueError: the cursor is not one of ours, or the limit is not 1 to ``MAX_PAGE``.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"a page holds 1 to {MAX_PAGE} calls")
    before = None if cursor is None else _from_cursor(cursor)
    rows = store.search_calls(query, before=before, limit=limit + 1)
    page = rows[:limit]
    has_more = len(rows) > limit
    return CallPage(
        calls=tuple(to_summary(row) for row in page),
        next_cursor=f"{page[-1].opened_at_unix_ns}.{page[-1].call_id}" if has_more else None,
    )


@dataclass(slots=True)
class Tail:
    """Follows calls as their records arrive.

    Looks back a little each time, because several gateways ship side by side, and gives each
    call once.
    """

    store: CallStore
    since_unix_ns: int
    _seen: dict[str, int] = field(default_factory=dict)

    def get_new(self, limit: int = MAX_PAGE) -> list[dict[str, Any]]:
        """Calls that arrived since the last time, in order of arrival."""
        rows: Sequence[CallRow] = self.store.list_arrivals(
            since_unix_ns=self.since_unix_ns, limit=limit + len(self._seen)
        )
        fresh = [row for row in rows if row.call_id not in self._seen]
        self._seen |= {row.call_id: row.arrived_at_unix_ns for row in fresh}
        if rows:
            newest = rows[-1].arrived_at_unix_ns
            self.since_unix_ns = max(self.since_unix_ns, newest - _OVERLAP_NS)
        self._seen = {
            call_id: at for call_id, at in self._seen.items() if at >= self.since_unix_ns
        }
        return [to_summary(row) for row in fresh]


def start_tail(store: CallStore, limit: int) -> tuple[list[dict[str, Any]], Tail]:
    """The newest calls, oldest of them first, and a tail that goes on after them."""
    rows = store.search_calls(CallQuery(), before=None, limit=limit)
    closed = [row for row in reversed(rows) if to_summary(row)["outcome"] != OPEN]
    newest = max((row.arrived_at_unix_ns for row in closed), default=0)
    tail = Tail(store, max(0, newest - _OVERLAP_NS))
    tail.get_new()
    return [to_summary(row) for row in closed], tail


def to_summary(row: CallRow) -> dict[str, Any]:
    """A call in one line."""
    if row.indexed is not None:
        return _summarise_index(row, row.indexed)
    closing = row.closing
    known = closing or row.opening
    return {
        "call_id": row.call_id,
        "opened_at": to_datetime(row.opened_at_unix_ns).isoformat(),
        "workspace": known.workspace if known else None,
        "workflow": known.workflow if known else None,
        "person": _get_personal(closing, "principal"),
        "outcome": closing.outcome.value if closing else OPEN,
        "reason": closing.reason.value if closing and closing.reason else None,
        "http_status": closing.http_status if closing else None,
        "model": closing.model if closing else None,
        "vendor": closing.vendor if closing else None,
        "cost_usd": to_usd_text(closing.cost_nanousd) if closing else None,
        "duration_ms": closing.duration_ms if closing else None,
        "findings": _count_findings(closing),
    }


def to_details(
    row: CallRow, name_of: NameOf = no_name, approval: Approval | None = None
) -> dict[str, Any]:
    """Everything that is recorded of a call, personal values by their names."""
    details: dict[str, Any] = {
        **to_summary(row),
        "is_open": row.closing is None and row.elsewhere is None,
        "elsewhere": row.elsewhere,
        "opening": None if row.opening is None else _to_plain(row.opening),
        "record": None,
        "place": None if row.place is None else msgspec.to_builtins(row.place),
        "personal": [],
        "approval": to_plain_approval(approval),
        "names": {},
    }
    if row.elsewhere is not None:
        details["sentence"] = say_elsewhere(row.elsewhere)
    if (closing := row.closing) is not None:
        record = _to_plain(closing)
        del record["personal"]
        details["record"] = record
        details["closed_at"] = to_datetime(closing.closed_at_unix_ns).isoformat()
        details["personal"] = [{"name": one.name, "value": one.value} for one in closing.personal]
        people = (details["person"], closing.accountable, *closing.approved_by)
        details["names"] = {
            one: name for one in people if one is not None and (name := name_of(one)) is not None
        }
        details["sentence"] = get_sentence(closing)
    return details


def _to_plain(entry: OpeningEntry | ClosingEntry) -> dict[str, Any]:
    """An entry by the names of its fields, in what JSON has."""
    personal = [one._asdict() for one in entry.personal]
    plain: dict[str, Any] = msgspec.to_builtins({**entry._asdict(), "personal": personal})
    return plain


def say_elsewhere(writer: str) -> str:
    """Why no more than the index is shown of a call."""
    return (
        f"Its record is in the journal of {writer}, which is not in this data folder: ask the"
        " gateway that served it, or name that gateway's journal folder in ALOS_JOURNALS."
        " `alos ledger verify` says if it was lost."
    )


def _summarise_index(row: CallRow, indexed: Mapping[str, Any]) -> dict[str, Any]:
    cost = indexed.get("cost_nanousd")
    return {
        "call_id": row.call_id,
        "opened_at": to_datetime(row.opened_at_unix_ns).isoformat(),
        "workspace": indexed["workspace"],
        "workflow": indexed["workflow"],
        "person": indexed.get("principal"),
        "outcome": indexed.get("outcome", OPEN),
        "reason": indexed.get("reason"),
        "http_status": indexed.get("http_status"),
        "model": indexed.get("model"),
        "vendor": indexed.get("vendor"),
        "cost_usd": to_usd_text(cost) if cost is not None else None,
        "duration_ms": indexed.get("duration_ms"),
        "findings": None,
    }


def get_sentence(closing: ClosingEntry) -> str:
    """How the call ended, for a person."""
    sentence = OUTCOME_WORDS[closing.outcome]
    if closing.reason is None:
        return sentence
    why = Refusal(code=closing.reason, detail=closing.detail).sentence
    return f"{sentence} {why}"


def _get_personal(closing: ClosingEntry | None, name: str) -> str | None:
    values = closing.personal if closing is not None else ()
    return next((one.value for one in values if one.name == name), None)


def _count_findings(closing: ClosingEntry | None) -> int:
    return sum(note.count for note in closing.findings) if closing is not None else 0


def _from_cursor(cursor: str) -> CallCursor:
    opened_at, dot, call_id = cursor.partition(".")
    if not dot or not opened_at.isdigit() or not call_id:
        raise ValueError("not a cursor of a search")
    return CallCursor(int(opened_at), call_id)
