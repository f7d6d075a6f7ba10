"""What the ledger costs: sealing, checking everything again, proving one call, bytes.

    PYTHONPATH=src:. python -m benchmarks.ledger --calls 100000

One journal of openings and closings is written, shipped, sealed and verified in a temporary
folder. Rates are per leaf (two for each call), wall time of one process.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from alos.control.evidence import prove_call
from alos.domain.ids import WriterId
from alos.domain.record import NoteEntry, NoteKind
from alos.ledger.encoding import ZERO_HASH, chain_hash, encode_entry
from alos.ledger.keys import KeyChange
from alos.ledger.note import SigningKey
from alos.ledger.receipt import BatchReceipts
from alos.ledger.tree import hash_entry
from alos.ledger.verify import verify_evidence
from alos.ports.clock import SystemClock
from alos.ports.ids import RandomIds
from alos.store.engine import Store
from alos.store.folder import segment_path
from alos.store.frame import SegmentHeader, pack_frame, pack_segment_header
from alos.store.ledger_outside import CheckpointFolder
from alos.store.ledger_reader import StoredLedger
from alos.store.ledger_tables import ledger_inbox
from alos.store.ledger_verify import LedgerCheck
from alos.store.sealer import Sealer
from alos.store.shipper import Shipper
from benchmarks.journal_append import make_closing, make_opening

KEY = SigningKey("alos/bench", b"b" * 32)
WRITER = WriterId("w-20261122T193439123456-01234567")
SEGMENT_BYTES = 64 * 2**20


@contextmanager
def timed(name: str, count: int) -> Iterator[None]:
    """Print how long a block took for ``count`` things."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{name}: {count / wall:,.0f}/s, {wall:.2f} s,"
        f" {wall / count * 1e6:.2f} us each (CPU {cpu / count * 1e6:.2f})"
    )


def write_journal(folder: Path, calls: int) -> str:
    """Write a finished journal; return the id of a call in its middle."""
    folder.mkdir(parents=True)
    ids, now = RandomIds(), SystemClock().unix_ns()
    opening, closing = (
        make_opening(ids.call_id(now), now),
        make_closing(ids, ids.call_id(now), now),
    )
    facts = tuple(sorted(KeyChange(key=KEY.verify_key).to_facts().items()))
    entries = iter([NoteEntry(kind=NoteKind.LEDGER_KEY, at_unix_ns=now, facts=facts)])
    previous, sequence, number, middle, chained_bytes = ZERO_HASH, 0, 0, "", 0
    out = bytearray(make_header(now, number, sequence, previous))
    for at in range(calls):
        name = ids.call_id(now)
        middle = name if at == calls // 2 else middle
        pair = [opening._replace(call_id=name), closing._replace(call_id=name)]
        for entry in (*entries, *pair):
            chained, personal = encode_entry(entry, WRITER, sequence)
            previous = chain_hash(previous, chained)
            out += pack_frame(chained, personal, previous)
            chained_bytes += len(chained)
            sequence += 1
        if len(out) >= SEGMENT_BYTES:
            segment_path(folder, WRITER, number).write_bytes(out)
            number += 1
            out = bytearray(make_header(now, number, sequence, previous))
    segment_path(folder, WRITER, number).write_bytes(out)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"journal: {size / calls:.0f} bytes a call, {chained_bytes / calls:.0f} of them chained")
    return middle


def make_header(now: int, number: int, sequence: int, previous: bytes) -> bytes:
    """The first bytes of a segment."""
    return pack_segment_header(
        SegmentHeader(
            writer=WRITER,
            born_at_unix_ns=now,
            number=number,
            first_sequence=sequence,
            previous_hash=previous,
        )
    )


def time_leaf() -> None:
    """Encode one leaf: version and chained bytes, hashed."""
    ids = RandomIds()
    chained, _ = encode_entry(make_closing(ids, ids.call_id(1), 1), WRITER, 7)
    with timed(f"leaf of {len(chained)} chained bytes", 200_000):
        for _ in range(200_000):
            hash_entry(chained)


def time_receipts(batch: int = 64, rounds: int = 300) -> None:
    """Sign batches and write every receipt."""
    leaves = [(f"call_{number:026}", os.urandom(32)) for number in range(batch)]
    with timed(f"receipts, batches of {batch}", batch * rounds):
        for _ in range(rounds):
            receipts = BatchReceipts(KEY, WRITER, 1_795_000_000_000_000_000, leaves)
            for number in range(batch):
                receipts.write(number)


def time_proofs(ledger: StoredLedger, call: str, rounds: int = 20) -> None:
    """Prove one call and check the proof."""
    document: dict[str, object] = {}
    with timed("proof of a call", rounds):
        for _ in range(rounds):
            found = prove_call(ledger, call)
            assert isinstance(found, dict)
            document = found
    with timed("check of its evidence", rounds):
        for _ in range(rounds):
            assert verify_evidence(document).is_good


def run(home: Path, calls: int) -> None:
    """Everything on one home."""
    clock, leaves = SystemClock(), 2 * calls + 1
    call = write_journal(home / "journal", calls)
    store = Store(home / "alos.db")
    store.ensure()
    shipper = Shipper(store, home / "journal", clock=clock, durable=dict)
    with timed("ship into index and inbox", leaves):
        shipper.ship_once()
    with store.read() as connection:
        assert connection.scalar(select(ledger_inbox.c.number).limit(1)) is not None
    sealer = Sealer(store, CheckpointFolder(home / "checkpoints"), KEY, clock=clock, holder="b")
    with timed("seal", leaves):
        sealer.seal_once()
    with store.read() as connection:
        tables = connection.exec_driver_sql(
            "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'ledger_%'"
            " OR name LIKE 'sqlite_autoindex_ledger_%'"
        )
        print(f"ledger tables: {tables.scalar_one() / calls:.0f} bytes a call")
    for processes in (0, os.cpu_count() or 1):
        check = LedgerCheck(
            store,
            home / "journal",
            [home / "checkpoints"],
            origin=KEY.verify_key.name,
            processes=processes,
        )
        with timed(f"verify everything, {processes} processes beside", leaves):
            report = check.run()
        assert report.is_good, report.problems
        assert report.leaves == leaves
    time_proofs(StoredLedger(store, home / "journal"), call)
    store.close()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    options = parser.parse_args()
    time_leaf()
    time_receipts()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        run(Path(folder) / "home", options.calls)


if __name__ == "__main__":
    main()
