"""A small sealed ledger on disk, and what somebody with root could do to it."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from alos.domain.ids import WriterId
from alos.domain.record import Entry, NoteEntry, NoteKind
from alos.ledger.encoding import (
    NOTE,
    ZERO_HASH,
    chain_hash,
    decode_entry,
    decode_values,
    encode_entry,
)
from alos.ledger.keys import KeyChange
from alos.ledger.note import SigningKey
from alos.ledger.report import LedgerReport
from alos.store.engine import Store
from alos.store.folder import list_segments, list_writers
from alos.store.frame import SEGMENT_HEADER_BYTES, pack_frame, unpack_frame
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from alos.store.ledger_keys import KeyFile
from alos.store.ledger_outside import CheckpointFolder
from alos.store.ledger_verify import LedgerCheck
from alos.store.sealer import Sealer
from alos.store.shipper import Shipper
from tests.store.samples import NOW, ManualClock, make_closing, make_opening

ORIGIN = "alos/test"
KEY = SigningKey(ORIGIN, b"k" * 32)
CALLS = 12
SETTINGS = JournalSettings(
    segment_bytes=2**20, reserve_bytes=4096, anonymous_floor_bytes=0, tick_seconds=5
)
# Record 0 is the birth, 1 the key; then opening and closing of each call in turn.
FIRST_CLOSING = 3


async def _write(home: Path) -> None:
    clock = ManualClock()
    journal = await FileJournal.start(home / "journal", clock=clock, settings=SETTINGS)
    store = Store(home / "alos.db")
    shipper = Shipper(store, home / "journal", clock=clock, durable=lambda: journal.durable)
    sealer = make_sealer(home, store, clock)
    facts = tuple(sorted(KeyChange(key=KEY.verify_key).to_facts().items()))
    await journal.note(NoteEntry(kind=NoteKind.LEDGER_KEY, at_unix_ns=NOW, facts=facts))
    for number in range(CALLS):
        journal.open(make_opening(f"call_{number:02}"))
        await journal.close(make_closing(f"call_{number:02}"))
        if number % 3 == 2:
            shipper.ship_once()
            sealer.seal_once()
    await journal.stop()
    shipper.ship_once()
    sealer.seal_once()
    store.close()


def make_sealer(home: Path, store: Store, clock: ManualClock) -> Sealer:
    return Sealer(store, CheckpointFolder(home / "checkpoints"), KEY, clock=clock, holder="s")


def build(home: Path) -> None:
    """One writer, twelve calls, five checkpoints, and a copy of these held elsewhere."""
    home.mkdir()
    KeyFile(home / "ledger.key", ORIGIN).open()
    asyncio.run(_write(home))
    shutil.copytree(home / "checkpoints", home / "elsewhere")


def check(home: Path) -> LedgerReport:
    store = Store(home / "alos.db")
    try:
        places = [home / "checkpoints", home / "elsewhere"]
        return LedgerCheck(store, home / "journal", places, origin=ORIGIN).run()
    finally:
        store.close()


Raw = list[tuple[bytes, bytes]]


def get_writer(home: Path) -> WriterId:
    (writer,) = list_writers(home / "journal")
    return writer


def read_raw(home: Path) -> Raw:
    """(chained, personal) of each record."""
    (path,) = list_segments(home / "journal", get_writer(home))
    data, offset, found = path.read_bytes(), SEGMENT_HEADER_BYTES, []
    while offset < len(data):
        frame = unpack_frame(data, offset)
        found.append((frame.chained, frame.personal))
        offset += frame.size
    return found


def get_offset(home: Path, sequence: int) -> int:
    """Where a record's frame begins."""
    (path,) = list_segments(home / "journal", get_writer(home))
    data, offset = path.read_bytes(), SEGMENT_HEADER_BYTES
    for _ in range(sequence):
        offset += unpack_frame(data, offset).size
    return offset


def forge(home: Path, change: Callable[[list[Entry]], Sequence[Entry]]) -> None:
    """Rewrite the journal with every number, check and hash made right again."""
    (path,) = list_segments(home / "journal", get_writer(home))
    entries = [decode_entry(*raw).entry for raw in read_raw(home)]
    out, previous = [path.read_bytes()[:SEGMENT_HEADER_BYTES]], ZERO_HASH
    for sequence, entry in enumerate(change(entries)):
        chained, personal = encode_entry(entry, get_writer(home), sequence)
        previous = chain_hash(previous, chained)
        out.append(pack_frame(chained, personal, previous))
    path.write_bytes(b"".join(out))


def forge_calls(home: Path, rewrite: Callable[[bytes], bytes]) -> None:
    """Write other bytes of each opening and closing; every check and hash is made right again."""
    (path,) = list_segments(home / "journal", get_writer(home))
    out, previous = [path.read_bytes()[:SEGMENT_HEADER_BYTES]], ZERO_HASH
    for chained, personal in read_raw(home):
        is_note = decode_values(chained).kind == NOTE
        changed = chained if is_note else rewrite(chained)
        previous = chain_hash(previous, changed)
        out.append(pack_frame(changed, personal, previous))
    path.write_bytes(b"".join(out))


def rewrite_everything(home: Path) -> None:
    """What root on the host can do: a new index, tree and checkpoints, signed with the key."""
    for path in home.glob("alos.db*"):
        path.unlink()
    shutil.rmtree(home / "checkpoints")
    clock = ManualClock(NOW + 10**12)
    store = Store(home / "alos.db")
    shipper = Shipper(store, home / "journal", clock=clock, durable=dict, batch_entries=6)
    shipper.ship_once()
    Sealer(
        store,
        CheckpointFolder(home / "checkpoints"),
        KEY,
        clock=clock,
        holder="forger",
        batch_leaves=4,
    ).seal_once()
    store.close()
