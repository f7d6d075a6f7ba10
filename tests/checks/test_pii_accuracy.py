"""The labelled corpus keeps its accuracy, and no text makes the pack fail or crawl."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.pii import PiiSettings, build_pii_pack
from tests.checks import pii_corpus_second
from tests.checks.pii_corpus import Document, make_corpus

F1_FLOOR = 0.95
FALSE_ALARM_CEILING = 0.005
SCANNER = build_scanner([build_pii_pack()])


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return SCANNER


def f1(scanner: Scanner, documents: list[Document]) -> float:
    right = wrong = missed = 0
    for document in documents:
        found = {(one.type, one.start, one.end) for one in scanner.scan(document.text)}
        hits = [
            any(t == type_ and s < end and start < e for t, s, e in found)
            for type_, start, end in document.spans
        ]
        right += sum(hits)
        missed += len(hits) - sum(hits)
        wrong += max(0, len(found) - sum(hits))
    return 2 * right / (2 * right + wrong + missed)


@pytest.mark.parametrize("held_out", [False, True])
def test_types_and_spans_are_right_in_every_carrier(scanner: Scanner, held_out: bool) -> None:  # noqa: FBT001
    assert f1(scanner, make_corpus(7, 1200, held_out=held_out)) >= F1_FLOOR


def test_types_and_spans_are_right_in_carriers_of_another_hand(scanner: Scanner) -> None:
    documents = pii_corpus_second.make_corpus(9, 1200)
    assert f1(scanner, documents) >= F1_FLOOR
    clean = [document for document in documents if not document.spans]
    flagged = [document.text for document in clean if scanner.scan(document.text)]
    assert len(flagged) <= FALSE_ALARM_CEILING * len(clean)


def test_documents_of_look_alikes_are_not_flagged(scanner: Scanner) -> None:
    clean = [document for document in make_corpus(8, 2000) if not document.spans]
    flagged = [document.text for document in clean if scanner.scan(document.text)]
    assert len(flagged) <= FALSE_ALARM_CEILING * len(clean)


def test_private_addresses_count_only_where_told(scanner: Scanner) -> None:
    told = build_scanner([build_pii_pack(PiiSettings(private_addresses=True))])
    assert scanner.scan("client ip 10.20.30.40") == ()
    assert [one.type for one in told.scan("client ip 10.20.30.40")] == ["IP_ADDRESS"]
    assert told.scan("client ip 127.0.0.1") == ()


def test_phone_regions_decide_which_national_forms_count_without_a_label() -> None:
    german = build_scanner([build_pii_pack(PiiSettings(phone_regions=("DE",)))])
    assert german.scan("(555) 123-4567") == ()
    assert [one.type for one in german.scan("030 / 12345678")] == ["PHONE_NUMBER"]


PIECES = st.sampled_from(
    [
        "ssn",
        " ",
        "1",
        "12-",
        "@",
        "a@b.co",
        "+49 ",
        "(0",
        "é",
        "😀",
        "\n",
        ",",
        "|",
        "born ",
        "DOB",
        "AB12",
        "passport ",
        "::",
        "1.2.3.",
        "VALUES (",
        "0x",
        "\ud800",
        "生年月日",
        "1985-",
        "/",
        "-",
    ]
)


@given(pieces=st.lists(PIECES, max_size=60), noise=st.text(max_size=20))
def test_any_text_is_scanned_and_its_spans_lie_inside(pieces: list[str], noise: str) -> None:
    text = "".join(pieces) + noise
    for one in SCANNER.scan(text):
        assert 0 <= one.start < one.end <= len(text)


@pytest.mark.parametrize(
    "unit",
    [
        "1 ",
        "12-",
        "a@",
        "a.b@c.",
        "+1 ",
        "phone,",
        "ssn,1\n",
        "A1",
        "(0",
        "1.2.3.4.",
        "aa:",
        "born ",
        "VALUES (1,ssn),",
        "0x12ab",
        "passport number ",
        "123456789 ",
    ],
)
def test_the_time_grows_no_faster_than_the_text(scanner: Scanner, unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        best = float("inf")
        for _ in range(3):
            begin = time.thread_time()
            scanner.scan(text)
            best = min(best, time.thread_time() - begin)
        return best

    # From 20,000 on, where every bound on the work is reached: below it there are steps.
    assert seconds(80_000) < 8 * seconds(20_000) + 0.01
