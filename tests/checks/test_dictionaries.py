"""An organisation's own words are found as whole words, however they are cased and wrapped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.dictionaries import Dictionary, build_dictionary_pack, fold

WORDS = (
    Dictionary(
        type="CUSTOMER_DATA", entries=["Kestrel Holdings Ltd", "Müller & Söhne", "Großmann"]
    ),
    Dictionary(type="UNRELEASED_FINANCIALS", entries=["Project Kingfisher", "第三季度营收"]),
)


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return build_scanner([build_dictionary_pack(WORDS)])


def found(scanner: Scanner, text: str) -> list[tuple[str, str, str]]:
    return [(one.kind, one.type, text[one.start : one.end]) for one in scanner.scan(text)]


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("met KESTREL HOLDINGS LTD's board", "CUSTOMER_DATA", "KESTREL HOLDINGS LTD"),
        ("wrapped kestrel holdings\nltd here", "CUSTOMER_DATA", "kestrel holdings\nltd"),
        ("an MÜLLER & SÖHNE", "CUSTOMER_DATA", "MÜLLER & SÖHNE"),
        ("Frau Großmann", "CUSTOMER_DATA", "Großmann"),
        ("FRAU GROSSMANN", "CUSTOMER_DATA", "GROSSMANN"),
        ("branch project-kingfisher", "UNRELEASED_FINANCIALS", "project-kingfisher"),
        ("PROJECT_KINGFISHER=1", "UNRELEASED_FINANCIALS", "PROJECT_KINGFISHER"),
        ("关于第三季度营收的报告", "UNRELEASED_FINANCIALS", "第三季度营收"),
    ],
)
def test_an_entry_is_found_in_its_spellings(
    scanner: Scanner, text: str, type_: str, value: str
) -> None:
    assert found(scanner, text) == [("forbidden", type_, value)]


@pytest.mark.parametrize(
    "text", ["Project Kingfishers", "Kestrel holdings", "subproject kingfisher", "a kingfisher"]
)
def test_a_piece_of_a_word_or_phrase_is_not_an_entry(scanner: Scanner, text: str) -> None:
    assert found(scanner, text) == []


def test_an_entry_that_would_fire_everywhere_is_refused() -> None:
    with pytest.raises(ValueError, match="three characters"):
        build_dictionary_pack([Dictionary(type="CUSTOMER_DATA", entries=["ab"])])


def test_a_changed_entry_changes_the_digest() -> None:
    one, other = (
        build_dictionary_pack([Dictionary(type="CUSTOMER_DATA", entries=[entry])]).digest
        for entry in ("Kestrel", "Kestrels")
    )
    assert one != other


PHRASE = st.lists(
    st.from_regex(r"[A-Za-z][a-zäöüßéñ]{2,8}", fullmatch=True), min_size=1, max_size=3
)


@settings(deadline=None)
@given(phrase=PHRASE)
def test_any_entry_is_found_as_written_in_capitals_and_folded(phrase: list[str]) -> None:
    entry = " ".join(phrase)
    scanner = build_scanner([build_dictionary_pack([Dictionary(type="X", entries=[entry])])])
    for spelling in (entry, entry.upper(), fold(entry)):
        text = f"«{spelling}»"
        assert [(one.start, one.end) for one in scanner.scan(text)] == [(1, len(text) - 1)]


def test_an_entry_with_a_hyphen_and_a_blank_is_found_as_it_stands() -> None:
    pack = build_dictionary_pack([Dictionary(type="INCIDENT", entries=("sev-1 bridge",))])
    scanner = build_scanner([pack])
    for text in ("the SEV-1 bridge is open", "sev 1 bridge", "sev-1-bridge"):
        assert [one.type for one in scanner.scan(text)] == ["INCIDENT"], text
