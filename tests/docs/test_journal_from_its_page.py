"""A reader of journals made of their reference page alone, with none of our programs' codecs."""

import asyncio
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alos.domain.record import NoteEntry, NoteKind, Personal
from alos.store.engine import Store
from alos.store.erase import erase_person
from alos.store.journal import FileJournal
from alos.store.journal_state import JournalSettings
from tests.store.samples import NOW, ManualClock, make_closing, make_opening

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "journal-format.md"
_SIZES = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
_INTEGERS = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
_INTEGERS |= {0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}


def unpack(data: bytes, at: int = 0) -> tuple[Any, int]:
    """(value, offset after it) of what the MessagePack specification says stands there."""
    word = data[at]
    at += 1
    if word < 0x80 or word >= 0xE0:
        return (word if word < 0x80 else word - 256), at
    if word in {0xC0, 0xC2, 0xC3}:
        return {0xC0: None, 0xC2: False, 0xC3: True}[word], at
    if word in _INTEGERS:
        form = _INTEGERS[word]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    if word in _SIZES:
        size = int.from_bytes(data[at : at + _SIZES[word]])
        at += _SIZES[word]
    else:
        size = word & (0x1F if 0xA0 <= word < 0xC0 else 0x0F)
    if 0xC4 <= word <= 0xC6:
        return data[at : at + size], at + size
    if 0xA0 <= word < 0xC0 or 0xD9 <= word <= 0xDB:
        return data[at : at + size].decode(), at + size
    is_map = 0x80 <= word < 0x90 or word in {0xDE, 0xDF}
    items = []
    for _ in range(size * (2 if is_map else 1)):
        item, at = unpack(data, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if is_map else items), at


def read_fields(kind: str) -> list[str]:
    """The names of the items behind the fourth, from the page's table of a kind."""
    section = PAGE.read_text().partition(f"### {kind}")[2].partition("###")[0]
    found = re.findall(r"^\| (\d+) \| `?(\w+)`? \|", section, re.MULTILINE)
    assert [int(item) for item, _ in found] == list(range(4, 4 + len(found)))
    return [name for _, name in found]


FIELDS = [
    read_fields(f"{name} (kind {kind})")
    for kind, name in enumerate(("Opening", "Closing", "Note"))
]


def read(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, str | None]]]:
    """(fields, personal values by name) of every entry of the only writer, all checked."""
    sequence, previous = 0, bytes(32)
    for number, path in enumerate(sorted(folder.glob("*.alj"))):
        data = path.read_bytes()
        if not data:
            continue  # made ahead of time
        magic, version, _born, segment, first, before, length = struct.unpack_from(
            ">8sHQIQ32sH", data
        )
        assert (magic, version, segment, first) == (b"ALOSJRNL", 1, number, sequence)
        assert before == previous
        writer = data[64 : 64 + length].decode()
        assert path.name == f"{writer}-{number:05}.alj"
        assert struct.unpack_from(">I", data, 508)[0] == zlib.crc32(data[:508])
        at = 512
        while at < len(data):
            magic, chained_bytes, personal_bytes, check, entry_hash, body_check = (
                struct.unpack_from(">4sIII32sI", data, at)
            )
            assert magic == b"ALJ1"
            assert check == zlib.crc32(data[at : at + 12])
            chained = data[at + 52 : at + 52 + chained_bytes]
            section = data[at + 52 + chained_bytes :][:personal_bytes]
            assert body_check == zlib.crc32(entry_hash + chained)
            assert entry_hash == hashlib.sha256(previous + chained).digest()
            yield take_apart(chained, section, writer, sequence)
            at += 52 + chained_bytes + personal_bytes
            sequence, previous = sequence + 1, entry_hash


def take_apart(
    chained: bytes, section: bytes, writer: str, sequence: int
) -> tuple[dict[str, Any], dict[str, str | None]]:
    row, end = unpack(chained)
    assert end == len(chained)
    version, kind, *place = row[:4]
    assert (place, version) == ([writer, sequence], (2, 2, 1)[kind])
    fields = dict(zip(FIELDS[kind], row[4:], strict=True))
    values: list[Any] = [None] * len(fields["commitments"])
    if section:
        used, check = struct.unpack_from(">II", section)
        values, end = unpack(section[8 : 8 + used])
        assert (end, check) == (used, zlib.crc32(section[8 : 8 + used]))
        assert not section[8 + used :].strip(b"\0")
    personal = {}
    for (name, commitment), value in zip(fields["commitments"], values, strict=True):
        if value is not None:
            salt, text = value
            assert len(salt) == 16
            assert commitment == hashlib.sha256(salt + text.encode()).digest()
        personal[name] = None if value is None else value[1]
    return {"row_kind": kind, **fields}, personal


PERSONAL = (
    Personal("principal", b"s" * 16, "dora"),
    Personal("task", b"t" * 16, "Löwe 🦁"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    async def write() -> None:
        settings = JournalSettings(
            segment_bytes=8192, reserve_bytes=8192, anonymous_floor_bytes=0, tick_seconds=0.01
        )
        journal = await FileJournal.start(
            tmp_path / "journal", clock=ManualClock(), settings=settings
        )
        facts = (("reason", "x" * 300),)
        await journal.note(NoteEntry(kind=NoteKind.STOPPED, at_unix_ns=NOW, facts=facts))
        for number in range(20):
            journal.open(make_opening(f"call_{number}"))
            await journal.close(
                make_closing(f"call_{number}", personal=PERSONAL, cost_nanousd=2**40)
            )
            await asyncio.sleep(0.02)  # so that there is time to make the next segment ahead
        await journal.stop()

    asyncio.run(write())
    return tmp_path / "journal"


def test_the_page_is_enough_to_read_and_check_a_journal(folder: Path) -> None:
    entries = list(read(folder))
    closings = [entry for entry in entries if entry[0]["row_kind"] == 1]
    assert [fields["call_id"] for fields, _ in closings] == [f"call_{n}" for n in range(20)]
    expected = make_closing("call_7")
    fields, personal = closings[7]
    assert personal == {"principal": "dora", "task": "Löwe 🦁"}
    assert fields["cost_nanousd"] == 2**40
    assert fields["outcome"] == expected.outcome.value
    assert [list(one.values()) for one in fields["attempts"]] == [
        [one.model, one.vendor, one.result, one.duration_ms] for one in expected.attempts
    ]
    assert fields["duration_ms"] == expected.duration_ms
    assert {fields["kind"] for fields, _ in entries if fields["row_kind"] == 2} >= {
        "writer_born",
        "stopped",
        "writer_closed",
    }


def test_what_was_erased_reads_as_nothing_and_all_else_checks(folder: Path) -> None:
    before = [fields for fields, _ in read(folder)]
    store = Store(folder.parent / "alos.db")
    assert erase_person(folder, store, "dora").entries > 0
    store.close()
    after = list(read(folder))
    assert [fields for fields, _ in after] == before
    closings = [personal for fields, personal in after if fields["row_kind"] == 1]
    assert closings == [{"principal": None, "task": None}] * 20


@pytest.mark.parametrize("back", [1, 700])
def test_it_takes_a_changed_byte_for_what_it_is(folder: Path, back: int) -> None:
    path = min(path for path in folder.glob("*.alj") if path.stat().st_size)
    data = bytearray(path.read_bytes())
    data[-back] ^= 1
    path.write_bytes(data)
    with pytest.raises((AssertionError, ValueError, IndexError, struct.error)):
        list(read(folder))
