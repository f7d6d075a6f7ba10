from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from alos.control.calls import Tail, search_calls, show_call, start_tail, to_summary
from alos.domain.ids import CallId, WriterId
from alos.domain.record import Outcome
from alos.domain.refusal import ReasonCode
from alos.ports.call_store import CallCursor, CallQuery, CallRow, EntryPlace
from tests.store.samples import NOW, make_closing, make_opening


def make_row(name: str, arrived: int = NOW, **changes: object) -> CallRow:
    return CallRow(
        call_id=CallId(name),
        opened_at_unix_ns=NOW,
        opening=make_opening(name),
        closing=make_closing(name, **changes),
        place=EntryPlace(writer=WriterId("w-1"), sequence=7, hash="ab" * 32),
        arrived_at_unix_ns=arrived,
    )


@dataclass
class Shelf:
    """Calls in memory, newest first by id."""

    rows: list[CallRow]

    def get_call(self, call_id: CallId) -> CallRow | None:
        return next((row for row in self.rows if row.call_id == call_id), None)

    def search_calls(
        self, query: CallQuery, *, before: CallCursor | None, limit: int
    ) -> Sequence[CallRow]:
        assert query == CallQuery()
        ordered = sorted(self.rows, key=lambda row: row.call_id, reverse=True)
        return [row for row in ordered if before is None or row.call_id < before.call_id][:limit]

    def list_arrivals(self, *, since_unix_ns: int, limit: int) -> Sequence[CallRow]:
        ordered = sorted(self.rows, key=lambda row: row.arrived_at_unix_ns)
        return [row for row in ordered if row.arrived_at_unix_ns >= since_unix_ns][:limit]


def test_a_call_that_is_not_there_is_none() -> None:
    assert show_call(Shelf([]), CallId("call_1")) is None


def test_everything_recorded_is_shown_with_names_where_they_are_known() -> None:
    names = {"person-dora": "Dora D.", "p-ben": "Ben B."}
    details = show_call(Shelf([make_row("call_1")]), CallId("call_1"), names.get)
    assert details is not None
    assert details["record"]["upstream_model"] == "acme-small-2026"
    assert details["record"]["usage"]["input_tokens"] == 300
    assert details["names"] == names
    assert {"name": "task", "value": "task-77"} in details["personal"]
    assert details["cost_usd"] == "0.000093"
    assert details["place"]["sequence"] == 7
    assert "salt" not in str(details)


def test_a_running_call_is_shown_as_open() -> None:
    row = replace(make_row("call_1"), closing=None, place=None)
    details = show_call(Shelf([row]), CallId("call_1"))
    assert details is not None
    assert (details["outcome"], details["is_open"], details["record"]) == ("open", True, None)
    assert details["workflow"] == "triage"


def test_a_refusal_says_what_happened_and_what_to_do() -> None:
    row = make_row("call_1", outcome=Outcome.REFUSED, reason=ReasonCode.SECRET_FOUND)
    details = show_call(Shelf([row]), CallId("call_1"))
    assert details is not None
    assert "contains a credential" in details["sentence"]
    assert to_summary(row)["reason"] == "alos_secret_found"


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_pages_join_without_a_seam(limit: int) -> None:
    shelf = Shelf([make_row(f"call_{number}") for number in range(5)])
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = search_calls(shelf, CallQuery(), cursor=cursor, limit=limit)
        seen += [call["call_id"] for call in page.calls]
        pages += 1
        if (cursor := page.next_cursor) is None:
            break
    assert seen == ["call_4", "call_3", "call_2", "call_1", "call_0"]
    assert pages == -(-5 // limit)


@pytest.mark.parametrize("cursor", ["", "x", "12", "a.b", "12."])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        search_calls(Shelf([]), CallQuery(), cursor=cursor)


@pytest.mark.parametrize("limit", [0, 501])
def test_a_page_has_a_bound(limit: int) -> None:
    with pytest.raises(ValueError, match="page"):
        search_calls(Shelf([]), CallQuery(), limit=limit)


def test_a_tail_gives_each_call_once_even_when_they_arrive_late_or_together() -> None:
    shelf = Shelf([make_row("call_0", NOW)])
    tail = Tail(shelf, 0)
    assert [call["call_id"] for call in tail.get_new()] == ["call_0"]
    assert tail.get_new() == []
    shelf.rows += [make_row("call_1", NOW), make_row("call_2", NOW + 10)]
    assert [call["call_id"] for call in tail.get_new()] == ["call_1", "call_2"]
    shelf.rows.append(make_row("call_3", NOW + 10_000_000_000))
    shelf.rows.append(make_row("call_4", NOW + 9_000_000_000))
    assert [call["call_id"] for call in tail.get_new()] == ["call_4", "call_3"]
    assert tail.get_new() == []
    assert len(tail._seen) == 2


def test_a_tail_starts_with_the_newest_and_goes_on_after_them() -> None:
    shelf = Shelf([make_row(f"call_{number}", NOW + number) for number in range(5)])
    newest, tail = start_tail(shelf, 2)
    assert [call["call_id"] for call in newest] == ["call_3", "call_4"]
    assert tail.get_new() == []
    shelf.rows.append(make_row("call_5", NOW + 5))
    assert [call["call_id"] for call in tail.get_new()] == ["call_5"]
