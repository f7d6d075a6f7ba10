"""Which bodies belong to which calls, as the records of the calls say."""

from collections.abc import Iterator
from typing import Final

from alos.domain.ids import BodyReference, CallId
from alos.domain.legal_hold import HoldKind, LegalHold
from alos.domain.record import ClosingEntry, Fact
from alos.domain.vault import ANSWER, HELD, REQUEST, TOKENS
from alos.ports.call_store import CallCursor, CallQuery, CallRow, CallStore

KINDS: Final = {
    REQUEST: Fact.REQUEST_BODY,
    ANSWER: Fact.ANSWER_BODY,
    HELD: Fact.HELD_BODY,
    TOKENS: Fact.TOKENS,
}
_PAGE: Final = 500


def get_references(closing: ClosingEntry | None) -> dict[str, BodyReference]:
    """The bodies that a record names, by ``request``, ``answer``, ``held`` and ``tokens``."""
    if closing is None:
        return {}
    facts = dict(closing.facts)
    return {
        kind: BodyReference(facts[fact]) for kind, fact in KINDS.items() if fact.value in facts
    }


def list_calls(calls: CallStore, query: CallQuery) -> Iterator[CallRow]:
    """Every call that matches, newest first (blocks).

    Raises:
        StoreDown: the index or a journal can't be read.
    """
    before: CallCursor | None = None
    while True:
        page = calls.search_calls(query, before=before, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        before = CallCursor(page[-1].opened_at_unix_ns, page[-1].call_id)


def list_held_calls(
    calls: CallStore,
    hold: LegalHold,
    *,
    since_unix_ns: int | None = None,
    until_unix_ns: int | None = None,
) -> Iterator[CallRow]:
    """The calls under a hold, of those that began in a span of time (blocks)."""
    if hold.kind is HoldKind.CALL:
        row = calls.get_call(CallId(hold.target))
        yield from [row] if row is not None else []
        return
    query = CallQuery(
        person=hold.target if hold.kind is HoldKind.PERSON else None,
        workflow=hold.target if hold.kind is HoldKind.WORKFLOW else None,
        workspace=hold.target if hold.kind is HoldKind.WORKSPACE else None,
        since_unix_ns=_later(hold.since_unix_ns, since_unix_ns),
        until_unix_ns=_earlier(hold.until_unix_ns, until_unix_ns),
    )
    yield from list_calls(calls, query)


def _later(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _earlier(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
