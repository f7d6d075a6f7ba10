"""Entries of a journal as rows of the index.

A row is a plain tuple in the order of its table's columns: at this width a mapping for each row
costs more than the database does.
"""

from collections.abc import Callable
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from alos.domain.ids import WriterId
from alos.domain.record import Fact, Outcome
from alos.ledger.encoding import (
    CLOSING_FIELDS,
    CLOSING_FIELDS_1,
    OPENING_FIELDS,
    OPENING_FIELDS_1,
    EntryMalformedError,
    decode_values,
)
from alos.store.journal_batch import RawEntry
from alos.store.tables import calls, running_calls

Values = tuple[Any, ...]

_ENVELOPE: Final = 4  # schema version, kind, writer, sequence
_OPENING_VERSION_AT: Final = 1  # an opening has fewer, so its header takes one
_VERSION_AT: Final = 3  # a closing has more than 15 items, so its array's header takes 3 bytes


def _places(fields: tuple[str, ...], names: tuple[str, ...]) -> Callable[[Values], Values]:
    return itemgetter(*(_ENVELOPE + fields.index(name) for name in names))


_BEFORE_PERSON: Final = ("call_id", "opened_at_unix_ns", "workspace", "workflow", "key_id")
_AFTER_TASK: Final = (
    "model",
    "upstream_model",
    "vendor",
    "tier",
    "release",
    "outcome",
    "reason",
    "stage",
    "http_status",
    "cost_nanousd",
    "duration_ms",
    "overhead_us",
)
_INDEXED: Final = frozenset({"principal", "task"})
"""Personal values that stand in the index; the others are looked at when they are shown."""
_FACT_COLUMNS: Final = (Fact.PURPOSE.value, Fact.RUN.value, Fact.NEAR_MISS.value)
"""Facts that stand in the index, each in a column of its name."""
_NO_FACTS: Final = (None,) * len(_FACT_COLUMNS)
_PLACE: Final = ("writer", "segment", "byte_offset", "sequence")
OPENING_PLACE: Final = tuple(f"opening_{name}" for name in _PLACE)
_CLOSING_PLACE: Final = tuple(f"closing_{name}" for name in _PLACE)
CALL_COLUMNS: Final = (
    *_BEFORE_PERSON,
    "principal",
    "task",
    *_AFTER_TASK,
    "finding_words",
    *_FACT_COLUMNS,
    *_CLOSING_PLACE,
    *OPENING_PLACE,
    "arrived_at_unix_ns",
)
RUNNING_COLUMNS: Final = (*_BEFORE_PERSON, *OPENING_PLACE, "arrived_at_unix_ns")
assert {"number", *CALL_COLUMNS} == {column.name for column in calls.columns}
assert set(RUNNING_COLUMNS) == {column.name for column in running_calls.columns}

_get_before = _places(CLOSING_FIELDS, _BEFORE_PERSON)
_get_after = _places(CLOSING_FIELDS, _AFTER_TASK)
_get_opening = _places(OPENING_FIELDS, _BEFORE_PERSON)
_FINDINGS: Final = _ENVELOPE + CLOSING_FIELDS.index("findings")
_FACTS: Final = _ENVELOPE + CLOSING_FIELDS.index("facts")


def _decoder_of(fields: tuple[str, ...], wanted: set[str]) -> Callable[[bytes], Values]:
    """Decode what is wanted and leave the rest of the fields as it stands."""
    types = [Any if name in wanted else msgspec.Raw for name in fields]
    row = tuple.__class_getitem__((int, int, str, int, *types, list[tuple[str, bytes]]))
    return msgspec.msgpack.Decoder(row).decode


_FROM_CLOSING: Final = {*_BEFORE_PERSON, *_AFTER_TASK, "findings", "facts"}
_decode_closing = _decoder_of(CLOSING_FIELDS, _FROM_CLOSING)
_decode_closing_1 = _decoder_of(CLOSING_FIELDS_1, _FROM_CLOSING)
_decode_opening = _decoder_of(OPENING_FIELDS, set(_BEFORE_PERSON))
_decode_opening_1 = _decoder_of(OPENING_FIELDS_1, set(_BEFORE_PERSON))
_decode_secrets = msgspec.msgpack.Decoder(list[tuple[bytes, str] | None]).decode


class Place(NamedTuple):
    """Where an entry stands in the journals."""

    writer: WriterId
    segment: int
    byte_offset: int
    sequence: int


NOWHERE: Final = (None, None, None, None)


def get_call_id(entry: RawEntry) -> str:
    """The call that an opening is of.

    Raises:
        EntryMalformedError: the entry is not as its kind should be.
    """
    return str(_read_opening(entry)[_ENVELOPE])


def to_running_row(entry: RawEntry, place: Place, arrived_at_unix_ns: int) -> Values:
    """The row of a call whose opening arrived.

    Raises:
        EntryMalformedError: the entry is not as its kind should be.
    """
    return (*_get_opening(_read_opening(entry)), *place, arrived_at_unix_ns)


def to_call_row(
    entry: RawEntry,
    place: Place,
    arrived_at_unix_ns: int,
    get_opening: Callable[[str], Place | None],
) -> Values:
    """The row of a call that ended.

    Raises:
        EntryMalformedError: the entry is not as its kind should be, or a personal value does not
            match its commitment.
    """
    is_first = entry.chained[_VERSION_AT] == 1
    row = _read(_decode_closing_1 if is_first else _decode_closing, entry)
    principal, task = _get_person_and_task(row[-1], entry.personal)
    words = None
    if row[_FINDINGS]:
        found = [word for note in row[_FINDINGS] for word in (note["kind"], note["type"])]
        words = f"|{'|'.join(found)}|"
    facts = _NO_FACTS
    if not is_first and row[_FACTS]:
        facts = tuple(map(dict(row[_FACTS]).get, _FACT_COLUMNS))
    return (
        *_get_before(row),
        principal,
        task,
        *_get_after(row),
        words,
        *facts,
        *place,
        *(get_opening(row[_ENVELOPE]) or NOWHERE),
        arrived_at_unix_ns,
    )


def get_vendors(entry: RawEntry) -> list[str]:
    """Vendors that may have answered a call whose process died; none where that is known."""
    facts: dict[str, str] = dict(decode_values(entry.chained).values["facts"])
    return facts.get(Fact.VENDORS, "").split(",")


def is_swept(row: Values) -> bool:
    """Whether a sweeper concluded the row."""
    return row[_OUTCOME] == Outcome.UNKNOWN and row[_REASON] is None


def _read_opening(entry: RawEntry) -> Values:
    is_first = entry.chained[_OPENING_VERSION_AT] == 1
    return _read(_decode_opening_1 if is_first else _decode_opening, entry)


def _read(decode: Callable[[bytes], Values], entry: RawEntry) -> Values:
    try:
        return decode(entry.chained)
    except msgspec.DecodeError as error:
        raise EntryMalformedError(f"not an entry: {error}") from error


def _get_person_and_task(
    commitments: list[tuple[str, bytes]], personal: bytes
) -> tuple[str | None, str | None]:
    if not personal:
        return None, None
    try:
        secrets = _decode_secrets(personal)
    except msgspec.DecodeError as error:
        raise EntryMalformedError(f"not a personal section: {error}") from error
    if len(secrets) != len(commitments):
        raise EntryMalformedError(
            "the personal section has another number of values than the entry"
        )
    found: dict[str, str] = {}
    for (name, commitment), secret in zip(commitments, secrets, strict=True):
        if secret is None or name not in _INDEXED or name in found:
            continue
        salt, value = secret
        if sha256(salt + value.encode()).digest() != commitment:
            raise EntryMalformedError(f"the personal value {name!r} does not match its commitment")
        found[name] = value
    return found.get("principal"), found.get("task")


_OUTCOME: Final = CALL_COLUMNS.index("outcome")
_REASON: Final = CALL_COLUMNS.index("reason")
_get_place: Final = itemgetter(
    CALL_COLUMNS.index("closing_writer"), CALL_COLUMNS.index("closing_sequence")
)


def get_rank(row: Values) -> tuple[bool, str, int]:
    """Which of two closings of one call stands: the higher one.

    What the process that ran the call says stands over what a sweeper concluded; of two of the
    same sort the one later in the journals does.
    """
    return not is_swept(row), *_get_place(row)
