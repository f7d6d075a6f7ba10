"""Prompts over time, from the records."""

from collections.abc import Sequence

from alos.control.prompts_seen import list_seen_prompts
from alos.domain.ids import CallId
from alos.domain.record import Evidence, Fact
from alos.ports.call_store import CallCursor, CallQuery, CallRow
from tests.store.samples import make_closing


class Listed:
    """A call store that holds these rows, newest first."""

    def __init__(self, versions: Sequence[tuple[str, Evidence, str]]) -> None:
        self.asked: list[CallCursor | None] = []
        self.rows = []
        for number, (version, evidence, observed) in enumerate(versions):
            closing = make_closing(
                f"call_{number}",
                opened_at_unix_ns=number,
                prompt_version=version,
                prompt_evidence=evidence,
                facts=((Fact.PROMPT_OBSERVED.value, observed),) if observed else (),
            )
            row = CallRow(
                call_id=closing.call_id,
                opened_at_unix_ns=number,
                opening=None,
                closing=closing,
                place=None,
                arrived_at_unix_ns=number,
            )
            self.rows.insert(0, row)

    def get_call(self, call_id: CallId) -> CallRow | None:
        return next((row for row in self.rows if row.call_id == call_id), None)

    def search_calls(
        self,
        query: CallQuery,  # noqa: ARG002 - the port's
        *,
        before: CallCursor | None,
        limit: int,
    ) -> Sequence[CallRow]:
        self.asked.append(before)
        older = [
            row
            for row in self.rows
            if before is None or row.opened_at_unix_ns < before.opened_at_unix_ns
        ]
        return older[:limit]

    def list_arrivals(self, *, since_unix_ns: int, limit: int) -> Sequence[CallRow]:
        raise NotImplementedError


def test_a_changed_prompt_shows_with_its_times_and_counts() -> None:
    old, new = ("observed@aa", Evidence.OBSERVED, ""), ("observed@bb", Evidence.OBSERVED, "")
    seen = list_seen_prompts(Listed([old, old, new, old, new]), "w", since_unix_ns=None, most=99)
    assert [
        (one.version, one.calls, one.first_seen_unix_ns, one.last_seen_unix_ns, one.last_call)
        for one in seen.prompts
    ] == [("observed@bb", 2, 2, 4, "call_4"), ("observed@aa", 3, 0, 3, "call_3")]
    assert (seen.calls, seen.is_whole) == (5, True)


def test_drift_behind_a_declared_name_shows() -> None:
    declared = [("p@1", Evidence.DECLARED, digest) for digest in ("aa", "aa", "bb")]
    seen = list_seen_prompts(Listed(declared), "w", since_unix_ns=None, most=99)
    assert [(one.observed, one.calls) for one in seen.prompts] == [("bb", 1), ("aa", 2)]


def test_it_reads_page_by_page_and_says_where_it_stopped() -> None:
    many = [("p@1", Evidence.MATCHED, "")] * 1_200
    store = Listed(many)
    seen = list_seen_prompts(store, "w", since_unix_ns=None, most=10_000)
    assert (seen.prompts[0].calls, seen.is_whole, len(store.asked)) == (1_200, True, 3)
    short = list_seen_prompts(store, "w", since_unix_ns=None, most=700)
    assert (short.prompts[0].calls, short.is_whole) == (700, False)
