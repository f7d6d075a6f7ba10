import asyncio
from collections.abc import Callable
from contextlib import _GeneratorContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, text, update

from alos.ledger.checkpoint import open_checkpoint, read_checkpoint
from alos.ledger.encoding import encode_entry
from alos.ledger.note import SigningKey
from alos.ledger.proofs import is_consistent
from alos.ledger.tree import Frontier, hash_entry, prove_consistency
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.ledger_outside import CheckpointFolder, read_order, read_outside
from alos.store.ledger_tables import (
    ledger_checkpoints,
    ledger_gaps,
    ledger_head,
    ledger_inbox,
    ledger_leaves,
    ledger_writers,
)
from alos.store.sealer import Sealer
from alos.store.sealer_batch import TreeBrokenError, open_nodes
from alos.store.shipper import Shipper
from tests.store.databases import MakePlace, MakeStore
from tests.store.samples import ManualClock, make_closing, make_note, make_opening

KEY = SigningKey("alos/test", b"k" * 32)
_PUT = text(
    "INSERT INTO ledger_inbox (writer, sequence, hash) VALUES (:writer, :sequence, :hash)"
    " ON CONFLICT DO NOTHING"
)


def leaf(writer: str, sequence: int) -> bytes:
    return hash_entry(encode_entry(make_note(number=str(sequence)), writer, sequence)[0])


def arrive(store: Store, *entries: tuple[str, int]) -> None:
    with store.write() as connection:
        rows = [{"writer": one, "sequence": at, "hash": leaf(one, at)} for one, at in entries]
        connection.execute(_PUT, rows)


def make_sealer(
    store: Store, home: Path, clock: ManualClock, holder: str = "a", batch_leaves: int = 5000
) -> Sealer:
    return Sealer(
        store,
        CheckpointFolder(home / "checkpoints"),
        KEY,
        clock=clock,
        holder=holder,
        batch_leaves=batch_leaves,
    )


def list_leaves(store: Store) -> list[tuple[str, int]]:
    with store.read() as connection:
        rows = connection.execute(
            select(ledger_writers.c.writer, ledger_leaves.c.sequence)
            .join(ledger_writers, ledger_writers.c.number == ledger_leaves.c.writer_number)
            .order_by(ledger_leaves.c.position)
        )
        return [(row.writer, row.sequence) for row in rows]


def list_gaps(store: Store) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        columns = ledger_gaps.c
        rows = connection.execute(
            select(columns.writer, columns.first_sequence, columns.last_sequence, columns.why)
        )
        return [tuple(row) for row in rows]


def count(store: Store, table: Any) -> int:
    with store.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def root_of(*entries: tuple[str, int]) -> bytes:
    tree = Frontier()
    for one in entries:
        tree.append(leaf(*one))
    return tree.root


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    made = make_store(busy_ms=50)
    made.ensure()
    return made


def test_what_arrived_is_laid_in_order_and_its_head_signed(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    arrived = [("w-a", 0), ("w-b", 0), ("w-a", 1), ("w-b", 1)]
    arrive(store, *arrived)
    sealed = make_sealer(store, tmp_path, clock).seal_once()
    assert list_leaves(store) == arrived
    checkpoint, by = open_checkpoint(sealed.checkpoints[0], [KEY.verify_key])
    assert (checkpoint.size, checkpoint.root) == (4, root_of(*arrived))
    assert by == (KEY.verify_key,)
    assert count(store, ledger_inbox) == 0


def test_each_checkpoint_also_stands_in_a_file_outside(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    sealer = make_sealer(store, tmp_path, clock)
    made: list[str] = []
    for sequence in range(3):
        arrive(store, ("w-a", sequence))
        made += sealer.seal_once().checkpoints
    assert read_outside(tmp_path / "checkpoints") == made
    assert [str(run) for run in read_order(tmp_path / "checkpoints")] == [
        "0 w-a 0 0",
        "1 w-a 1 1",
        "2 w-a 2 2",
    ]


def test_without_news_nothing_is_signed(tmp_path: Path, clock: ManualClock, store: Store) -> None:
    sealer = make_sealer(store, tmp_path, clock)
    assert sealer.seal_once().checkpoints == ()
    arrive(store, ("w-a", 0))
    assert len(sealer.seal_once().checkpoints) == 1
    assert sealer.seal_once().checkpoints == ()


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(rounds=st.lists(st.lists(st.sampled_from("ab"), max_size=300), min_size=1, max_size=6))
def test_every_head_is_the_beginning_of_the_next_one(
    tmp_path_factory: pytest.TempPathFactory, make_place: MakePlace, rounds: list[list[str]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    store, clock = Store(make_place()), ManualClock()
    store.ensure()
    sealer = make_sealer(store, home, clock, batch_leaves=64)
    due: dict[str, int] = {}
    notes: list[str] = []
    for names in rounds:
        batch = []
        for name in names:
            batch.append((f"w-{name}", due.setdefault(name, 0)))
            due[name] += 1
        if batch:
            arrive(store, *batch)
        notes += sealer.seal_once().checkpoints
    heads = [read_checkpoint(note) for note in notes]
    with store.read() as connection:
        nodes = open_nodes(connection)
        for old, new in pairwise(heads):
            path = prove_consistency(old.size, new.size, nodes)
            assert is_consistent(old.size, new.size, old.root, new.root, path)
    assert sum(due.values()) == (heads[-1].size if heads else 0)
    store.close()


def test_an_entry_that_is_shipped_again_is_not_laid_again(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    sealer = make_sealer(store, tmp_path, clock)
    arrive(store, ("w-a", 0), ("w-a", 1))
    sealer.seal_once()
    arrive(store, ("w-a", 0), ("w-a", 1), ("w-a", 2))
    sealer.seal_once()
    assert list_leaves(store) == [("w-a", 0), ("w-a", 1), ("w-a", 2)]
    assert list_gaps(store) == []


def test_an_entry_that_comes_again_with_another_content_is_declared(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    sealer = make_sealer(store, tmp_path, clock)
    arrive(store, ("w-a", 0))
    sealer.seal_once()
    with store.write() as connection:
        connection.execute(_PUT, {"writer": "w-a", "sequence": 0, "hash": b"other" * 6})
    sealer.seal_once()
    assert list_gaps(store) == [("w-a", 0, 0, "changed")]


def test_missing_entries_are_a_declared_gap_and_may_still_come(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    sealer = make_sealer(store, tmp_path, clock)
    arrive(store, ("w-a", 0), ("w-a", 3), ("w-b", 1))
    sealer.seal_once()
    assert list_gaps(store) == [("w-a", 1, 2, "missing"), ("w-b", 0, 0, "missing")]
    arrive(store, ("w-a", 2))
    sealer.seal_once()
    assert list_leaves(store)[-1] == ("w-a", 2)


# --- the lease ----------------------------------------------------------------------------


def test_only_the_holder_of_the_lease_seals(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    first, second = (
        make_sealer(store, tmp_path, clock, "a"),
        make_sealer(store, tmp_path, clock, "b"),
    )
    arrive(store, ("w-a", 0))
    first.seal_once()
    arrive(store, ("w-a", 1))
    assert second.seal_once().leaves == 0
    assert first.seal_once().leaves == 1


def test_another_sealer_takes_over_when_the_lease_has_ended(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    first, second = (
        make_sealer(store, tmp_path, clock, "a"),
        make_sealer(store, tmp_path, clock, "b"),
    )
    arrive(store, ("w-a", 0))
    first.seal_once()
    clock.now += 11 * 10**9
    arrive(store, ("w-a", 1))
    assert second.seal_once().leaves == 1
    arrive(store, ("w-a", 2))
    assert first.seal_once().leaves == 0
    clock.now += 11 * 10**9
    assert first.seal_once().leaves == 1
    assert [run.position for run in read_order(tmp_path / "checkpoints")] == [0, 1, 2]


def test_a_sealer_that_was_restarted_takes_over_from_its_namesake_at_once(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    killed = make_sealer(store, tmp_path, clock, "a")
    arrive(store, ("w-a", 0))
    killed.seal_once()
    arrive(store, ("w-a", 1))
    restarted = make_sealer(store, tmp_path, clock, "a")
    assert restarted.seal_once().leaves == 1
    arrive(store, ("w-a", 2))
    assert killed.seal_once().leaves == 0
    assert restarted.seal_once().leaves == 1


def test_a_lease_that_is_given_back_can_be_taken_at_once(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    first = make_sealer(store, tmp_path, clock, "a")
    arrive(store, ("w-a", 0))
    first.seal_once()
    first.release()
    arrive(store, ("w-a", 1))
    assert make_sealer(store, tmp_path, clock, "b").seal_once().leaves == 1


class PausingStore(Store):
    """Sleeps once, when the sealer is about to swap the head."""

    meanwhile: Callable[[], None] | None = None

    def write(self) -> _GeneratorContextManager[Connection, None, None]:
        if self.meanwhile is not None:
            work, self.meanwhile = self.meanwhile, None
            work()
        return super().write()


class CountingKey(SigningKey):
    signatures = 0

    def sign(self, text: bytes) -> bytes:
        self.signatures += 1
        return super().sign(text)


@pytest.mark.parametrize("somebody_else", [True, False])
def test_a_sealer_that_wakes_after_its_lease_signs_nothing(
    tmp_path: Path, clock: ManualClock, make_store: MakeStore, *, somebody_else: bool
) -> None:
    sleepy_store, store = make_store(PausingStore), make_store()
    key = CountingKey("alos/test", b"k" * 32)
    sleepy = Sealer(
        sleepy_store, CheckpointFolder(tmp_path / "checkpoints"), key, clock=clock, holder="sleepy"
    )
    awake = make_sealer(store, tmp_path, clock, "awake")
    store.ensure()
    arrive(store, ("w-a", 0))
    assert sleepy.seal_once().leaves == 1
    assert key.signatures == 1
    arrive(store, ("w-a", 1))

    def sleep() -> None:
        clock.now += 11 * 10**9
        if somebody_else:
            assert awake.seal_once().leaves == 1

    sleepy_store.meanwhile = sleep
    sealed = sleepy.seal_once()
    assert (sealed.leaves, sealed.checkpoints) == (0, ())
    assert key.signatures == 1
    assert count(store, ledger_checkpoints) == (2 if somebody_else else 1)
    assert len(list_leaves(store)) == (2 if somebody_else else 1)


def test_a_head_that_moved_under_the_same_lease_is_not_signed_over(
    tmp_path: Path, clock: ManualClock, make_store: MakeStore
) -> None:
    sleepy_store = make_store(PausingStore)
    sealer = make_sealer(sleepy_store, tmp_path, clock)
    sleepy_store.ensure()
    arrive(sleepy_store, ("w-a", 0))
    sealer.seal_once()
    arrive(sleepy_store, ("w-a", 1))

    def move() -> None:
        with sleepy_store.write() as connection:
            connection.execute(update(ledger_head).values(root=b"x" * 32))

    sleepy_store.meanwhile = move
    assert sealer.seal_once().checkpoints == ()
    with pytest.raises(TreeBrokenError):
        sealer.seal_once()


# --- what is outside ----------------------------------------------------------------------


async def write_two_writers(folder: Path, store: Store, quick: JournalSettings) -> Sealer:
    """Two overlapping writers whose entries are sealed as they come."""
    clock = ManualClock()
    first = await FileJournal.start(folder / "journal", clock=clock, settings=quick)
    second = await FileJournal.start(folder / "journal", clock=clock, settings=quick)
    shipper = Shipper(
        store,
        folder / "journal",
        clock=clock,
        durable=lambda: {**first.durable, **second.durable},
    )
    sealer = make_sealer(store, folder, clock)
    for number in range(4):
        for journal in (second, first):
            journal.open(make_opening(f"call_{number}"))
            await journal.close(make_closing(f"call_{number}"))
            shipper.ship_once()
            sealer.seal_once()
    await first.stop()
    await second.stop()
    shipper.ship_once()
    sealer.seal_once()
    return sealer


def seal_again(
    home: Path, quick: JournalSettings, make_place: MakePlace
) -> tuple[Store, Sealer, str]:
    """Build a home, lose its database, and bring everything back from the journals."""
    store = Store(make_place())
    asyncio.run(write_two_writers(home, store, quick))
    store.close()
    old = read_outside(home / "checkpoints")[-1]
    store = Store(make_place())
    Shipper(store, home / "journal", clock=ManualClock(), durable=dict).ship_once()
    sealer = make_sealer(store, home, ManualClock(NOW + 10**12), "new")
    return store, sealer, old


NOW = ManualClock().now


def test_a_lost_tree_grows_again_as_it_was(
    tmp_path: Path, quick: JournalSettings, make_place: MakePlace
) -> None:
    store, sealer, old = seal_again(tmp_path, quick, make_place)
    (note,) = sealer.seal_once().checkpoints
    assert read_checkpoint(note).root == read_checkpoint(old).root
    arrive(store, ("w-new", 0))
    assert sealer.seal_once().leaves == 1
    store.close()


def test_a_lost_tree_whose_order_is_lost_too_is_not_signed_anew(
    tmp_path: Path, quick: JournalSettings
) -> None:
    store = Store(tmp_path / "alos.db")
    asyncio.run(write_two_writers(tmp_path, store, quick))
    store.close()
    (tmp_path / "alos.db").unlink()
    (tmp_path / "checkpoints/order.txt").unlink()
    store = Store(tmp_path / "alos.db")
    Shipper(store, tmp_path / "journal", clock=ManualClock(), durable=dict).ship_once()
    with pytest.raises(TreeBrokenError):
        make_sealer(store, tmp_path, ManualClock(NOW + 10**12), "new").seal_once()
    assert count(store, ledger_checkpoints) == 0
    store.close()


def test_a_tree_that_contradicts_a_checkpoint_outside_is_not_signed(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    arrive(store, ("w-a", 0), ("w-a", 1))
    make_sealer(store, tmp_path, clock).seal_once()
    with store.write() as connection:
        connection.execute(
            update(ledger_leaves).where(ledger_leaves.c.position == 0).values(hash=b"x" * 32)
        )
    arrive(store, ("w-a", 2))
    clock.now += 11 * 10**9
    with pytest.raises(TreeBrokenError, match="checkpoint of 2 leaves"):
        make_sealer(store, tmp_path, clock, "b").seal_once()
    assert count(store, ledger_checkpoints) == 1


def test_a_checkpoint_that_a_crash_cut_short_is_written_again(
    tmp_path: Path, clock: ManualClock, store: Store
) -> None:
    sealer = make_sealer(store, tmp_path, clock)
    for sequence in range(2):
        arrive(store, ("w-a", sequence))
        sealer.seal_once()
    (day,) = (tmp_path / "checkpoints").glob("2*.txt")
    whole = day.read_text()
    order = tmp_path / "checkpoints/order.txt"
    day.write_text(whole[:-30])
    order.write_text(order.read_text()[:-3])
    arrive(store, ("w-a", 2))
    clock.now += 11 * 10**9
    made = make_sealer(store, tmp_path, clock, "b").seal_once().checkpoints
    assert read_outside(tmp_path / "checkpoints")[:2] == [
        whole[: len(whole) // 2],
        whole[len(whole) // 2 :],
    ]
    assert read_outside(tmp_path / "checkpoints")[2:] == list(made)
    assert [run.position for run in read_order(tmp_path / "checkpoints")] == [0, 1]
