import re
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alos.domain.money import Usage
from alos.domain.record import (
    ClosingEntry,
    Entry,
    Fact,
    NoteEntry,
    OpeningEntry,
    Personal,
)
from alos.ledger.encoding import (
    CLOSING,
    CLOSING_FIELDS,
    NESTED_FIELDS,
    NOTE_FIELDS,
    OPENING_FIELDS,
    ZERO_HASH,
    EntryMalformedError,
    Erased,
    chain_hash,
    decode_entry,
    decode_values,
    encode_entry,
    encode_personal,
)
from tests.store.samples import make_closing, make_note, make_opening, to_version_1

_ints = st.integers(-(2**63), 2**63 - 1)
_personals = st.lists(
    st.builds(Personal, st.text(max_size=9), st.binary(min_size=16, max_size=16), st.text()),
    max_size=4,
).map(tuple)


def _any(cls: type) -> st.SearchStrategy:
    """Build a record of any allowed values; integers as the wire can hold them."""
    chosen = {}
    for name, hint in get_type_hints(cls).items():
        if name == "personal":
            chosen[name] = _personals
        elif hint is int:
            chosen[name] = _ints
        elif name == "usage":
            chosen[name] = st.none() | _any(Usage)
        elif (nested := _NESTED.get(name)) is not None:
            chosen[name] = st.lists(_any(nested), max_size=3).map(tuple)
        elif hint == int | None:
            chosen[name] = st.none() | _ints
    return st.builds(cls, **chosen)


_NESTED = {
    name: next(cls for cls in NESTED_FIELDS if cls.__name__.lower().startswith(name[:-1][:4]))
    for name in ("attempts", "findings", "tools")
}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    entry=st.one_of(_any(OpeningEntry), _any(ClosingEntry), _any(NoteEntry)),
    sequence=st.integers(0, 2**63 - 1),
)
def test_what_is_encoded_is_read_back_whole_and_encodes_to_the_same_bytes(
    entry: Entry, sequence: int
) -> None:
    chained, personal = encode_entry(entry, "w-1", sequence)
    decoded = decode_entry(chained, personal)
    assert decoded.entry == entry
    assert (decoded.writer, decoded.sequence, decoded.erased) == ("w-1", sequence, ())
    assert encode_entry(decoded.entry, "w-1", sequence) == (chained, personal)


def test_every_field_of_a_record_is_in_the_encoding() -> None:
    assert OpeningEntry._fields == (*OPENING_FIELDS, "personal")
    assert ClosingEntry._fields == (*CLOSING_FIELDS, "personal")
    assert NoteEntry._fields == (*NOTE_FIELDS, "personal")
    for cls, names in NESTED_FIELDS.items():
        assert tuple(one.name for one in fields(cls)) == names


def test_the_bytes_of_each_schema_version_never_change() -> None:
    chained = [
        encode_entry(entry, "w-1", sequence)[0]
        for sequence, entry in enumerate(
            (make_opening("call_1"), make_closing("call_1"), make_note())
        )
    ]
    first = [to_version_1(chained[0]), to_version_1(chained[1]), chained[2]]
    assert _chain(first) == [
        "5af71ec6fc9a4995",
        "095c1b5d16ec4323",
        "58df0de6160c31a5",
    ]
    facts = (("purpose", "eval"), ("run", "run_7"))
    with_facts = encode_entry(make_closing("call_1", facts=facts), "w-1", 3)[0]
    assert _chain([*chained, with_facts]) == [
        "06d98fde08fa0e3b",
        "2eede9ede5cd3390",
        "9bcc78402cf10f6d",
        "373b158c00ac7f4a",
    ]


def _chain(entries: list[bytes]) -> list[str]:
    before, hashes = ZERO_HASH, []
    for chained in entries:
        before = chain_hash(before, chained)
        hashes.append(before.hex()[:16])
    return hashes


def test_a_closing_of_version_1_reads_as_one_without_facts() -> None:
    closing = make_closing("call_1")
    chained, personal = encode_entry(closing, "w-1", 5)
    first = to_version_1(chained)
    assert decode_entry(first, personal) == decode_entry(chained, personal)
    assert decode_values(first, personal) == decode_values(chained, personal)


def test_facts_are_plain_and_read_back_in_their_order() -> None:
    facts = tuple((name.value, f"of {name}") for name in sorted(Fact))
    chained, personal = encode_entry(make_closing("call_1", facts=facts), "w-1", 5)
    assert b"of replayed_from" in chained
    assert decode_entry(chained, personal).entry == make_closing("call_1", facts=facts)
    assert decode_values(chained, personal).values["facts"] == [list(one) for one in facts]


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_closing_under_another_version_than_its_own_is_refused(version: int) -> None:
    chained, personal = encode_entry(make_closing("call_1"), "w-1", 5)
    forged = chained[:3] + bytes([version]) + chained[4:]
    for decode in (decode_entry, decode_values):
        with pytest.raises(EntryMalformedError):
            decode(forged, personal)


def test_the_chained_bytes_are_a_plain_array_with_commitments_last() -> None:
    closing = make_closing("call_1")
    row = msgspec.msgpack.decode(encode_entry(closing, "w-1", 5)[0])
    assert row[:5] == [2, 1, "w-1", 5, "call_1"]
    assert len(row) == 4 + len(CLOSING_FIELDS) + 1
    assert row[-1] == [
        [one.name, sha256(one.salt + one.value.encode()).digest()] for one in closing.personal
    ]


def test_personal_values_and_salts_are_not_in_the_chained_bytes() -> None:
    closing = make_closing("call_1")
    chained, _ = encode_entry(closing, "w-1", 5)
    for one in closing.personal:
        assert one.value.encode() not in chained
        assert one.salt not in chained


def test_an_erased_value_leaves_the_hash_and_the_other_values_as_they_were() -> None:
    closing = make_closing("call_1")
    chained, _ = encode_entry(closing, "w-1", 5)
    first, *others = closing.personal
    decoded = decode_entry(chained, encode_personal([None, *others]))
    assert decoded.entry == closing._replace(personal=tuple(others))
    digest = sha256(first.salt + first.value.encode()).digest()
    assert decoded.erased == (Erased(first.name, digest),)


def test_an_entry_without_its_personal_section_reads_as_all_erased() -> None:
    chained, _ = encode_entry(make_closing("call_1"), "w-1", 5)
    decoded = decode_entry(chained)
    assert decoded.entry == make_closing("call_1", personal=())
    assert [one.name for one in decoded.erased] == ["principal", "task", "source"]


def test_a_personal_value_that_was_swapped_is_noticed() -> None:
    closing = make_closing("call_1")
    chained, _ = encode_entry(closing, "w-1", 5)
    forged = [closing.personal[0]._replace(value="somebody else"), *closing.personal[1:]]
    with pytest.raises(EntryMalformedError, match="commitment"):
        decode_entry(chained, encode_personal(forged))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_entry_raise_one_error_only(data: bytes) -> None:
    with pytest.raises(EntryMalformedError):
        decode_entry(data)


def test_a_schema_version_from_the_future_is_refused() -> None:
    chained, _ = encode_entry(make_opening("call_1"), "w-1", 0)
    with pytest.raises(EntryMalformedError, match="schema version 3"):
        decode_entry(chained[:1] + b"\x03" + chained[2:])


def test_the_format_page_lists_every_field_in_its_place() -> None:
    page = Path("docs/reference/journal-format.md").read_text()
    _, opening, closing, note, *_ = page.split("### ")
    for section, names in (
        (opening, OPENING_FIELDS),
        (closing, CLOSING_FIELDS),
        (note, NOTE_FIELDS),
    ):
        rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section, re.MULTILINE)
        assert rows == [(str(at), name) for at, name in enumerate(names, 4)]
    for names in NESTED_FIELDS.values():
        assert f"| {', '.join(f'`{name}`' for name in names)} |" in page


def test_plain_values_are_the_entry_that_was_encoded() -> None:
    closing = make_closing("call_1")
    values = decode_values(*encode_entry(closing, "w-1", 5))
    assert (values.kind, values.writer, values.sequence) == (CLOSING, "w-1", 5)
    assert values.personal == closing.personal
    plain = msgspec.json.decode(msgspec.json.encode(closing._asdict()))
    del plain["personal"]
    assert values.values == plain
