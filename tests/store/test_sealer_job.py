from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from alos.domain.record import NoteKind
from alos.ledger.keys import KeyChange, sign_change
from alos.ledger.note import SigningKey
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.ledger_outside import CheckpointFolder
from alos.store.ledger_witness import WitnessFailedError
from alos.store.sealer import Sealer
from alos.store.sealer_job import SealerJob, Witness, list_changes
from alos.store.shipper import Shipper
from alos.store.tables import notes
from tests.store.samples import ManualClock, make_closing
from tests.store.test_sealer import arrive

KEY = SigningKey("alos/test", b"k" * 32)


class Bench:
    """A journal, its shipper and a sealer job over one store."""

    def __init__(self, home: Path, journal: FileJournal, clock: ManualClock) -> None:
        self.home, self.journal, self.clock = home, journal, clock
        self.store = Store(home / "alos.db")
        self.shipper = Shipper(
            self.store, home / "journal", clock=clock, durable=lambda: journal.durable
        )
        self.job = self.make_job(KEY, KeyChange(key=KEY.verify_key))

    def make_job(
        self, key: SigningKey, change: KeyChange, witness: Witness | None = None
    ) -> SealerJob:
        outside = CheckpointFolder(self.home / "checkpoints")
        sealer = Sealer(self.store, outside, key, clock=self.clock, holder=repr(key))
        return SealerJob(
            sealer,
            self.store,
            clock=self.clock,
            note=self.journal.note,
            change=change,
            witness=witness,
        )

    async def round(self) -> None:
        self.shipper.ship_once()
        await self.job.step()

    def list_notes(self, kind: NoteKind) -> list[dict[str, str]]:
        self.shipper.ship_once()
        with self.store.read() as connection:
            statement = select(notes.c.facts).where(notes.c.kind == kind.value)
            return [dict(facts) for facts in connection.scalars(statement)]


@pytest.fixture
async def bench(
    tmp_path: Path, clock: ManualClock, quick: JournalSettings
) -> AsyncIterator[Bench]:
    journal = await FileJournal.start(tmp_path / "journal", clock=clock, settings=quick)
    made = Bench(tmp_path, journal, clock)
    yield made
    await journal.stop()
    made.store.close()


async def test_the_first_key_is_announced_once(bench: Bench) -> None:
    await bench.round()
    await bench.round()
    bench.job.close()
    bench.job = bench.make_job(KEY, KeyChange(key=KEY.verify_key))
    await bench.round()
    assert bench.list_notes(NoteKind.LEDGER_KEY) == [{"key": str(KEY.verify_key)}]


async def test_a_new_key_is_announced_with_the_signature_of_the_old_one(bench: Bench) -> None:
    await bench.round()
    bench.job.close()
    new = SigningKey("alos/test", b"n" * 32)
    change = sign_change(KEY, new.verify_key)
    bench.job = bench.make_job(new, change)
    await bench.round()
    bench.shipper.ship_once()
    assert list_changes(bench.store) == [KeyChange(key=KEY.verify_key), change]


async def test_a_missing_entry_is_noted_in_the_journal_once(bench: Bench) -> None:
    await bench.round()
    arrive(bench.store, ("w-x", 2))
    await bench.round()
    await bench.round()
    assert bench.list_notes(NoteKind.GAP) == [
        {"cause": "missing", "first_sequence": "0", "last_sequence": "1", "writer": "w-x"}
    ]


async def test_a_silent_writer_is_a_declared_gap_and_one_that_beats_is_not(
    bench: Bench,
) -> None:
    arrive(bench.store, ("w-x", 0))
    await bench.round()
    for _ in range(4):
        bench.clock.now += 40 * 10**9
        await bench.job.beat()
        await bench.round()
    assert bench.list_notes(NoteKind.GAP) == [
        {"cause": "silent", "first_sequence": "1", "writer": "w-x"}
    ]


async def test_a_writer_that_said_goodbye_is_not_silent(
    bench: Bench, quick: JournalSettings
) -> None:
    other = await FileJournal.start(bench.home / "journal", clock=bench.clock, settings=quick)
    await other.close(make_closing("call_1"))
    await other.stop()
    await bench.round()
    bench.clock.now += 200 * 10**9
    await bench.job.beat()
    await bench.round()
    assert bench.list_notes(NoteKind.GAP) == []


class FlakyWitness:
    def __init__(self) -> None:
        self.kept: list[str] = []
        self.is_down = True

    def keep(self, notes: Sequence[str]) -> None:
        if self.is_down:
            raise WitnessFailedError("down")
        self.kept += notes


async def test_what_a_witness_did_not_take_is_offered_again(bench: Bench) -> None:
    witness = FlakyWitness()
    bench.job = bench.make_job(KEY, KeyChange(key=KEY.verify_key), witness)
    bench.shipper.ship_once()
    with pytest.raises(WitnessFailedError):
        await bench.job.step()
    witness.is_down = False
    bench.clock.now += 61 * 10**9
    await bench.round()
    assert [note.split("\n")[1] for note in witness.kept] == ["1", "2"]
