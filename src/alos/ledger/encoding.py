"""The bytes of an entry: what is hashed and signed for, and what can be forgotten.

An entry becomes two byte strings. The *chained* bytes hold every plain field in a fixed order
and, of each personal value, its name and SHA-256(salt ‖ UTF-8 of the value). The *personal*
bytes hold the salts and values and enter no hash, so erasing them changes none. Both are
MessagePack arrays in the shortest form; `docs/reference/journal-format.md` gives the layout
byte by byte.

A changed list of fields is a new schema version of that kind with a new tuple here; an older one
stays as it is for as long as an entry of it exists. Openings are written as version 2, which added
``vendors`` and commitments, closings as version 2, which added ``facts``, notes as version 1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec

from alos.domain.ids import WriterId
from alos.domain.money import Usage
from alos.domain.record import (
    AttemptNote,
    ClosingEntry,
    Entry,
    FindingNote,
    NoteEntry,
    OpeningEntry,
    Personal,
    ToolNote,
)

ZERO_HASH: Final = bytes(32)
"""Stands before the first entry of a writer."""

OPENING: Final = 0
CLOSING: Final = 1
NOTE: Final = 2

_ENVELOPE: Final = 4  # schema version, kind, writer, sequence

OPENING_FIELDS_1: Final = (
    "call_id",
    "opened_at_unix_ns",
    "key_id",
    "workspace",
    "workflow",
    "tier",
    "release",
    "ceiling_nanousd",
)
OPENING_FIELDS: Final = (*OPENING_FIELDS_1, "vendors")
CLOSING_FIELDS_1: Final = (
    "call_id",
    "opened_at_unix_ns",
    "closed_at_unix_ns",
    "outcome",
    "stage",
    "reason",
    "detail",
    "http_status",
    "wire_format",
    "streamed",
    "key_id",
    "workspace",
    "workflow",
    "tier",
    "surface",
    "accountable",
    "release",
    "release_stage",
    "approved_by",
    "policy",
    "rules",
    "standing_epoch",
    "model_asked",
    "model",
    "vendor",
    "upstream_model",
    "attempts",
    "route_reason",
    "prompt_version",
    "prompt_evidence",
    "request_hash",
    "sent_hash",
    "output_hash",
    "request_bytes",
    "answer_bytes",
    "findings",
    "unscanned",
    "unknown_fields",
    "tools",
    "usage",
    "cost_nanousd",
    "cost_estimated",
    "reserved_nanousd",
    "price_source",
    "overhead_us",
    "first_byte_ms",
    "duration_ms",
)
CLOSING_FIELDS: Final = (*CLOSING_FIELDS_1, "facts")
NOTE_FIELDS: Final = ("kind", "at_unix_ns", "facts")
NESTED_FIELDS: Final[dict[type[Any], tuple[str, ...]]] = {
    AttemptNote: ("model", "vendor", "result", "duration_ms"),
    FindingNote: ("where", "kind", "type", "rule", "action", "count"),
    ToolNote: ("name", "evidence", "calls"),
    Usage: (
        "input_tokens",
        "cached_read_tokens",
        "cache_write_tokens",
        "output_tokens",
        "reasoning_tokens",
    ),
}
"""Values inside a closing stand as MessagePack maps with these keys, in this order."""

_encode = msgspec.msgpack.Encoder().encode


def _row_decoder(
    entry: type[Any], fields: tuple[str, ...]
) -> msgspec.msgpack.Decoder[tuple[Any, ...]]:
    types = get_type_hints(entry)
    row = (int, int, str, int, *(types[name] for name in fields), list[tuple[str, bytes]])
    return msgspec.msgpack.Decoder(tuple.__class_getitem__(row))


_Layout = tuple[type[Any], tuple[str, ...]]
_LAYOUTS: Final[dict[bytes, _Layout]] = {
    bytes((1, OPENING)): (OpeningEntry, OPENING_FIELDS_1),
    bytes((2, OPENING)): (OpeningEntry, OPENING_FIELDS),
    bytes((1, CLOSING)): (ClosingEntry, CLOSING_FIELDS_1),
    bytes((2, CLOSING)): (ClosingEntry, CLOSING_FIELDS),
    bytes((1, NOTE)): (NoteEntry, NOTE_FIELDS),
}
_WORDS: Final[dict[type[Any], tuple[int, int]]] = {
    OpeningEntry: (2, OPENING),
    ClosingEntry: (2, CLOSING),
    NoteEntry: (1, NOTE),
}
"""What is written now; an entry's own values stand in the order of its layout."""
KNOWN: Final = frozenset(_LAYOUTS)
"""Schema version and kind, a byte each, as they stand behind the array's header."""
_row_decoders = {word: _row_decoder(*of) for word, of in _LAYOUTS.items()}
_decode_plain = msgspec.msgpack.Decoder(list[Any]).decode
_decode_personal = msgspec.msgpack.Decoder(list[tuple[bytes, str] | None]).decode


class EntryMalformedError(ValueError):
    """The bytes are not an entry of a schema version that this program knows."""


@dataclass(frozen=True, slots=True)
class Erased:
    """A personal value that was forgotten; its commitment still stands in the chain."""

    name: str
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """An entry read back.

    Attributes:
        entry: holds the personal values that are still there.
        erased: the ones that are not.
    """

    writer: WriterId
    sequence: int
    entry: Entry
    erased: tuple[Erased, ...]


class EntryValues(NamedTuple):
    """An entry read back as it is written: enums by their values, notes as dicts.

    Attributes:
        kind: ``OPENING``, ``CLOSING`` or ``NOTE``.
        values: by field name, all but the personal ones.
    """

    kind: int
    writer: WriterId
    sequence: int
    values: dict[str, Any]
    personal: tuple[Personal, ...]


def encode_entry(entry: Entry, writer: str, sequence: int) -> tuple[bytes, bytes]:
    """Turn an entry into its chained bytes and its personal bytes (empty when it has none)."""
    commitments = []
    secrets = []
    for name, salt, value in entry.personal:
        commitments.append((name, sha256(salt + value.encode()).digest()))
        secrets.append((salt, value))
    row = (*_WORDS[type(entry)], writer, sequence, *entry[:-1], commitments)
    return _encode(row), _encode(secrets) if secrets else b""


def chain_hash(previous: bytes, chained: bytes) -> bytes:
    """SHA-256 over (hash of the entry before ‖ chained bytes)."""
    return sha256(previous + chained).digest()


def commitment_of(personal: Personal) -> bytes:
    """What the chain holds of a personal value."""
    return sha256(personal.salt + personal.value.encode()).digest()


def encode_personal(values: Iterable[Personal | None]) -> bytes:
    """Write a personal section; ``None`` stands where a value was erased."""
    return _encode([None if value is None else (value.salt, value.value) for value in values])


def decode_entry(chained: bytes, personal: bytes = b"") -> Decoded:
    """Read an entry back.

    Raises:
        EntryMalformedError: the bytes are not an entry, or a personal value does not match its
            commitment.
    """
    try:
        word = _get_word(chained)
        row = _row_decoders[word].decode(chained)
        kept, erased = _open_personal(row[-1], personal)
    except (msgspec.DecodeError, KeyError, IndexError) as error:
        raise EntryMalformedError(f"not an entry: {error}") from error
    cls, fields = _LAYOUTS[word]
    values = dict(zip(fields, row[_ENVELOPE:-1], strict=True))
    values["personal"] = kept
    return Decoded(writer=WriterId(row[2]), sequence=row[3], entry=cls(**values), erased=erased)


def decode_values(chained: bytes, personal: bytes = b"") -> EntryValues:
    """Read an entry's values as plain ones; a third of the cost of :func:`decode_entry`.

    An opening of version 1 reads as one without vendors, a closing of it as one without facts.

    Raises:
        EntryMalformedError: the bytes are not an entry, or a personal value does not match its
            commitment.
    """
    try:
        word = _get_word(chained)
        row = _decode_plain(chained)
        fields = _LAYOUTS[word][1]
        if len(row) != _ENVELOPE + len(fields) + 1:
            raise EntryMalformedError("not an entry: another number of fields")
        kept, _ = _open_personal(row[-1], personal)
    except (msgspec.DecodeError, KeyError, IndexError, TypeError) as error:
        raise EntryMalformedError(f"not an entry: {error}") from error
    values = dict(zip(fields, row[_ENVELOPE:-1], strict=True))
    if fields is CLOSING_FIELDS_1:
        values["facts"] = []
    elif fields is OPENING_FIELDS_1:
        values["vendors"] = []
    return EntryValues(word[1], WriterId(row[2]), row[3], values, kept)


def _get_word(chained: bytes) -> bytes:
    """Schema version and kind, behind the array's header of one byte or three."""
    at = 3 if chained[0] == _ARRAY_16 else 1
    word = chained[at : at + 2]
    if word not in KNOWN:
        raise EntryMalformedError(f"no entry of schema version {chained[at]} has kind {word[-1]}")
    return word


_ARRAY_16: Final = 0xDC


def _open_personal(
    commitments: Sequence[tuple[str, bytes]], personal: bytes
) -> tuple[tuple[Personal, ...], tuple[Erased, ...]]:
    secrets = _decode_personal(personal) if personal else [None] * len(commitments)
    if len(secrets) != len(commitments):
        raise EntryMalformedError(
            "the personal section has another number of values than the entry"
        )
    kept: list[Personal] = []
    erased: list[Erased] = []
    for (name, commitment), secret in zip(commitments, secrets, strict=True):
        if secret is None:
            erased.append(Erased(name, commitment))
            continue
        value = Personal(name, *secret)
        if commitment_of(value) != commitment:
            raise EntryMalformedError(f"the personal value {name!r} does not match its commitment")
        kept.append(value)
    return tuple(kept), tuple(erased)
