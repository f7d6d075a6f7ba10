"""Who approved the release that served a call, by the ledger's own entries."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from alos.cli.calls import print_call
from alos.control.calls import show_call
from alos.control.calls_why import CallReasons, explain_call, to_plain
from alos.domain.ids import CallId
from alos.domain.record import NoteEntry, NoteKind, Personal
from alos.ledger.keys import KeyChange
from alos.ledger.verify import verify_evidence
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.ledger_reader import StoredLedger
from alos.store.shipper import Shipper
from tests.store.ledger_home import KEY, SETTINGS, make_sealer
from tests.store.samples import HASH, NOW, ManualClock, make_closing, make_opening


def vote(
    voter: str, word: str = "approve", *, at: int = NOW - 10, digest: str = HASH
) -> NoteEntry:
    facts = {
        "digest": digest,
        "release": "rel_1",
        "role": "security",
        "signature": "attested",
        "vote": word,
        "voter": voter,
    }
    return NoteEntry(
        kind=NoteKind.VOTE_CAST,
        at_unix_ns=at,
        facts=tuple(sorted(facts.items())),
        personal=(Personal("vote", b"s" * 16, f"envelope of {voter}"),),
    )


@contextmanager
def recorded(
    home: Path, *votes: NoteEntry, approved_by: tuple[str, ...]
) -> Iterator[tuple[CallIndex, StoredLedger]]:
    """A sealed call and the votes before it."""

    async def write() -> None:
        journal = await FileJournal.start(home / "journal", clock=clock, settings=SETTINGS)
        facts = tuple(sorted(KeyChange(key=KEY.verify_key).to_facts().items()))
        await journal.note(NoteEntry(kind=NoteKind.LEDGER_KEY, at_unix_ns=NOW, facts=facts))
        for one in votes:
            await journal.note(one)
        journal.open(make_opening("call_1"))
        await journal.close(make_closing("call_1", approved_by=approved_by))
        await journal.stop()

    clock = ManualClock(NOW - 10**9)
    asyncio.run(write())
    store = Store(home / "alos.db")
    Shipper(store, home / "journal", clock=clock, durable=dict).ship_once()
    make_sealer(home, store, clock).seal_once()
    try:
        yield CallIndex(store, home / "journal"), StoredLedger(store, home / "journal")
    finally:
        store.close()


def explain(home: Path, *votes: NoteEntry, approved_by: tuple[str, ...]) -> CallReasons:
    with recorded(home, *votes, approved_by=approved_by) as (index, ledger):
        found = explain_call(index, CallId("call_1"), ledger=ledger)
    assert found is not None
    return found


def get_answer(reasons: CallReasons) -> str:
    return next(one.answer for one in reasons.answers if one.key == "approval")


def test_each_vote_is_joined_with_its_entry_and_proof(tmp_path: Path) -> None:
    reasons = explain(tmp_path, vote("lea"), vote("sam"), approved_by=("lea", "sam"))
    assert get_answer(reasons) == "approved by: lea, sam. Each of their votes is proven."
    plain = to_plain(reasons)["approval"]
    assert [one["voter"] for one in plain["votes"]] == ["lea", "sam"]
    assert plain["votes"][0]["envelope"] == "envelope of lea"
    assert verify_evidence(plain["proof"], [KEY.verify_key]).is_good
    approval = next(one for one in reasons.answers if one.key == "approval")
    assert any("lea as security" in value for label, value in approval.facts if label == "vote")


@pytest.mark.parametrize(
    "other",
    [
        vote("sam", at=NOW + 1),
        vote("sam", "reject"),
        vote("sam", digest="sha256:" + "cd" * 32),
        vote("max"),
    ],
    ids=["after the call", "against it", "for another release", "of somebody else"],
)
def test_a_person_without_a_vote_that_counts_is_named(tmp_path: Path, other: NoteEntry) -> None:
    reasons = explain(tmp_path, vote("lea"), other, approved_by=("lea", "sam"))
    assert get_answer(reasons).endswith("No vote in the ledger of: sam.")


def test_a_vote_that_was_taken_back_does_not_count(tmp_path: Path) -> None:
    votes = vote("lea"), vote("lea", "reject", at=NOW - 5)
    reasons = explain(tmp_path, *votes, approved_by=("lea",))
    assert get_answer(reasons).endswith("No vote in the ledger of: lea.")


def test_a_record_that_names_votes_of_which_nothing_is_known_says_so(tmp_path: Path) -> None:
    reasons = explain(tmp_path, approved_by=("lea",))
    assert "Their votes are not proven" in get_answer(reasons)


def test_an_unreleased_call_names_nobody(tmp_path: Path) -> None:
    reasons = explain(tmp_path, vote("lea"), approved_by=())
    assert get_answer(reasons) == "approved by: nobody (unreleased)"
    assert to_plain(reasons)["approval"] is None


def test_a_call_is_shown_with_the_same_proof_as_its_reasons(tmp_path: Path) -> None:
    with recorded(tmp_path, vote("lea"), approved_by=("lea", "sam")) as (index, ledger):
        shown = show_call(index, CallId("call_1"), {"lea": "Lea Amrein"}.get, ledger)
        reasons = explain_call(index, CallId("call_1"), ledger=ledger)
    assert shown is not None
    assert reasons is not None
    assert shown["approval"] == to_plain(reasons)["approval"]
    assert shown["approval"]["missing"] == ["sam"]
    out = StringIO()
    print_call(shown, Console(file=out, width=120))
    assert "No vote in the ledger of: sam." in out.getvalue()
    assert "Lea Amrein as security" in out.getvalue()


def test_a_call_that_nobody_approved_is_shown_without_votes(tmp_path: Path) -> None:
    with recorded(tmp_path, vote("lea"), approved_by=()) as (index, ledger):
        shown = show_call(index, CallId("call_1"), ledger=ledger)
    assert shown is not None
    assert shown["approval"] is None
    out = StringIO()
    print_call(shown, Console(file=out))
    assert "Lea" not in out.getvalue().title()
