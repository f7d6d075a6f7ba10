"""Receipts: what the gateway promised can be held against its ledger."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from alos.control.receipts import PATIENCE_NS, Kept, check_receipt
from alos.domain.record import ClosingEntry, Entry, NoteEntry, NoteKind
from alos.ledger.keys import KeyChange
from alos.ledger.note import SigningKey
from alos.ledger.receipt import Receipt
from alos.ledger.tree import hash_entry
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.ledger_keys import KeyFile
from alos.store.ledger_reader import StoredLedger
from alos.store.shipper import Shipper
from tests.store.ledger_home import KEY, ORIGIN, SETTINGS, forge, make_sealer
from tests.store.samples import NOW, ManualClock, make_closing, make_opening

LATER = NOW + 2 * PATIENCE_NS
CALLS = 40
Change = Callable[[ClosingEntry], ClosingEntry | None]


async def _write(home: Path) -> dict[str, str]:
    """Calls side by side, so that they share group commits; their receipts by id."""
    clock = ManualClock()
    journal = await FileJournal.start(home / "journal", clock=clock, settings=SETTINGS, key=KEY)
    facts = tuple(sorted(KeyChange(key=KEY.verify_key).to_facts().items()))
    await journal.note(NoteEntry(kind=NoteKind.LEDGER_KEY, at_unix_ns=NOW, facts=facts))
    receipts: dict[str, str] = {}

    async def one(name: str) -> None:
        journal.open(make_opening(name))
        receipt = await journal.close(make_closing(name))
        assert receipt is not None
        receipts[name] = receipt

    async with asyncio.TaskGroup() as group:
        for number in range(CALLS):
            group.create_task(one(f"call_{number:02}"))
            group.create_task(journal.note(_beat()._replace(at_unix_ns=NOW + number)))
    await journal.stop()
    return receipts


def _beat() -> NoteEntry:
    return NoteEntry(kind=NoteKind.HEARTBEAT, at_unix_ns=NOW, facts=())


def _seal(home: Path) -> Store:
    store = Store(home / "alos.db")
    clock = ManualClock()
    Shipper(store, home / "journal", clock=clock, durable=dict).ship_once()
    make_sealer(home, store, clock).seal_once()
    return store


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    KeyFile(tmp_path / "home" / "ledger.key", ORIGIN).open()
    return tmp_path / "home"


def test_every_call_gets_a_receipt_of_its_own_entry_and_the_ledger_keeps_them_all(
    home: Path,
) -> None:
    receipts = asyncio.run(_write(home))
    assert len(receipts) == CALLS
    sizes = {Receipt.parse(text).size for text in receipts.values()}
    assert max(sizes) > 1, "calls at once share one signature"
    store = _seal(home)
    ledger = StoredLedger(store, home / "journal")
    for call, text in receipts.items():
        report = check_receipt(ledger, text, call, keys=[KEY.verify_key], now_unix_ns=LATER)
        assert report.kept is Kept.KEPT, call
        (entry,) = [one for one in ledger.list_entries(call) if one.position == report.leaf]  # type: ignore[arg-type]
        assert Receipt.parse(text).leaf == hash_entry(entry.chained)
    store.close()


def test_a_call_that_was_answered_and_left_out_of_the_ledger_is_proven_by_its_receipt(
    home: Path,
) -> None:
    receipts = asyncio.run(_write(home))
    omitted = f"call_{CALLS - 1}"  # a gap in the middle would break every promise after it too
    _change_closing(home, omitted, lambda _: None)
    store = _seal(home)
    ledger = StoredLedger(store, home / "journal")
    keys = [KEY.verify_key]
    for call, text in receipts.items():
        report = check_receipt(ledger, text, call, keys=keys, now_unix_ns=LATER)
        assert report.kept is (Kept.OMITTED if call == omitted else Kept.KEPT), call
    young = check_receipt(ledger, receipts[omitted], omitted, keys=keys, now_unix_ns=NOW)
    assert young.kept is Kept.WAITING
    store.close()


def test_an_entry_that_was_altered_after_the_promise_is_not_what_was_promised(home: Path) -> None:
    receipts = asyncio.run(_write(home))
    _change_closing(home, "call_03", lambda closing: closing._replace(cost_nanousd=1))
    store = _seal(home)
    ledger = StoredLedger(store, home / "journal")
    report = check_receipt(
        ledger, receipts["call_03"], "call_03", keys=[KEY.verify_key], now_unix_ns=LATER
    )
    assert report.kept is Kept.OMITTED
    store.close()


def test_what_is_not_sealed_yet_waits(home: Path) -> None:
    receipts = asyncio.run(_write(home))
    store = Store(home / "alos.db")
    Shipper(store, home / "journal", clock=ManualClock(), durable=dict).ship_once()
    report = check_receipt(
        StoredLedger(store, home / "journal"),
        receipts["call_01"],
        "call_01",
        keys=[KEY.verify_key],
        now_unix_ns=LATER,
    )
    assert report.kept is Kept.WAITING
    store.close()


def test_a_receipt_for_another_call_or_by_another_key_proves_nothing(home: Path) -> None:
    receipts = asyncio.run(_write(home))
    store = _seal(home)
    ledger = StoredLedger(store, home / "journal")
    text = receipts["call_01"]
    stranger = SigningKey(ORIGIN, b"x" * 32).verify_key
    cases = [
        (text, "call_02", [KEY.verify_key], Kept.FORGED),
        (text, "call_01", [stranger], Kept.FORGED),
        (text[:-4] + "AAAA", "call_01", [KEY.verify_key], Kept.FORGED),
        (text[3:], "call_01", [KEY.verify_key], Kept.MALFORMED),
    ]
    for given, call, keys, kept in cases:
        report = check_receipt(ledger, given, call, keys=keys, now_unix_ns=LATER)
        assert report.kept is kept
    store.close()


async def test_a_journal_without_a_key_gives_no_receipt(tmp_path: Path) -> None:
    journal = await FileJournal.start(tmp_path, clock=ManualClock(), settings=SETTINGS)
    assert await journal.close(make_closing("call_1")) is None
    await journal.stop()


def _change_closing(home: Path, call: str, change: Change) -> None:
    """Write the journal anew, with every number, check and hash made right."""

    def change_all(entries: list[Entry]) -> list[Entry]:
        changed = [
            change(one) if isinstance(one, ClosingEntry) and one.call_id == call else one
            for one in entries
        ]
        return [one for one in changed if one is not None]

    forge(home, change_all)
