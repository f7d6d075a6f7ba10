import random  # noqa: TID251 - seeded samples, not secrets
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.injection import build_injection_pack
from alos.checks.judging import Hit
from alos.checks.pii import build_pii_pack
from alos.checks.seams import ENOUGH, scan_parts
from alos.checks.secrets import secrets_pack

sys.path.insert(0, str(Path(__file__).parent))
import corpus_secrets

SCANNER = build_scanner([secrets_pack(), build_pii_pack(), build_injection_pack()])
KEY = corpus_secrets.VENDORS["openai"][2](random.Random(5))  # noqa: S311 - seeded
PEM = corpus_secrets.pem(random.Random(6))  # noqa: S311 - seeded


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return SCANNER


def test_parts_without_a_finding_are_clean(scanner: Scanner) -> None:
    assert scan_parts(scanner, ["hello", "", "world"]) == ((), (), ())


def test_a_finding_inside_one_part_is_reported_once(scanner: Scanner) -> None:
    parts = ["see the key", f"{KEY}\n", "thanks"]
    found = scan_parts(scanner, parts)
    assert [len(one) for one in found] == [0, 1, 0]
    assert (found[1][0].start, found[1][0].end) == (0, len(KEY))


@pytest.mark.parametrize("cut", [3, 9, 40, len(KEY) - 4])
@pytest.mark.parametrize(
    "quoting", [("", ""), ('"', '"'), (' "+ ', '\n"'), ("...", "..."), ("\n", "> ")]
)
def test_a_key_split_over_two_messages_is_found_in_both(
    scanner: Scanner, cut: int, quoting: tuple[str, str]
) -> None:
    parts = [f"first half: {KEY[:cut]}{quoting[0]}", f"{quoting[1]}{KEY[cut:]}"]
    found = scan_parts(scanner, parts)
    assert found[0]
    assert found[1]
    assert parts[0][found[0][-1].start : found[0][-1].end] == KEY[:cut]
    assert parts[1][found[1][0].start : found[1][0].end] == KEY[cut:]


def test_a_key_cut_into_many_small_parts_is_found(scanner: Scanner) -> None:
    parts = ["my key is ", *(KEY[at : at + 7] for at in range(0, len(KEY), 7)), " ok?"]
    found = scan_parts(scanner, parts)
    assert all(found[1:-1])
    assert not found[-1]


def test_a_password_told_in_the_next_message_is_found(scanner: Scanner) -> None:
    parts = ["the password for the router is:", "Kestrel#4417x"]
    assert scan_parts(scanner, parts)[1]


def test_a_private_key_split_over_parts_is_covered_whole(scanner: Scanner) -> None:
    cut = len(PEM) // 3
    found = scan_parts(scanner, [PEM[:cut], PEM[cut:]])
    assert found[0][0].start == 0
    assert found[1]
    assert found[1][0].end >= PEM.index("-----END") - cut - 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab1 -_\n\"'", max_size=30), max_size=12))
def test_spans_lie_inside_their_parts(parts: list[str]) -> None:
    for part, findings in zip(parts, scan_parts(SCANNER, parts), strict=True):
        assert all(0 <= one.start < one.end <= len(part) for one in findings)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_a_document_cut_anywhere_loses_no_credential(seed: int, data: st.DataObject) -> None:
    rng = random.Random(seed)  # noqa: S311 - drawn by hypothesis
    document = corpus_secrets.positives(rng, 1)[0]
    whole = SCANNER.scan(document.text)
    cut = data.draw(st.integers(0, len(document.text)))
    halves = scan_parts(SCANNER, [document.text[:cut], document.text[cut:]])
    assert bool(whole) <= any(halves)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_reading_parts_together_shows_all_that_each_shows_alone(
    seed: int, data: st.DataObject
) -> None:
    rng = random.Random(seed)  # noqa: S311 - drawn by hypothesis
    documents = corpus_secrets.positives(rng, 2) + corpus_secrets.negatives(rng, 2)
    text = "\n".join(one.text for one in documents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=1, max_size=8)))
    parts = [text[one:other] for one, other in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    for part, findings in zip(parts, scan_parts(SCANNER, parts), strict=True):
        for alone in SCANNER.scan(part):
            assert any(
                one.kind == alone.kind and one.start < alone.end and alone.start < one.end
                for one in findings
            )


def test_a_part_of_nothing_but_quoting_does_no_harm(scanner: Scanner) -> None:
    parts = [f"key: {KEY[:40]}", '"\n', f'"{KEY[40:]}']
    found = scan_parts(scanner, parts)
    assert found[0]
    assert found[2]


def test_a_part_full_of_credentials_is_not_read_to_its_end(scanner: Scanner) -> None:
    rng = random.Random(9)  # noqa: S311 - seeded
    many = "".join(f"{corpus_secrets.VENDORS['openai'][2](rng)}\n" for _ in range(80))
    assert ENOUGH <= len(scan_parts(scanner, [many])[0]) < len(scanner.scan(many)) == 80


@pytest.mark.parametrize(
    "between", ["\n", " ", ", and beyond it quite a few words of another sentence, "]
)
def test_identifiers_are_all_found_however_many(scanner: Scanner, between: str) -> None:
    """One by one as far as it pays; the rest in stretches, in which none is left out."""
    addresses = [f"ann.lee{at}+tag@acme.io" for at in range(300)]
    many = between.join(addresses)
    covered = bytearray(len(many))
    for one in scan_parts(scanner, ["Customers:", many])[1]:
        covered[one.start : one.end] = b"\x01" * (one.end - one.start)
    for at, address in enumerate(addresses):
        start = at * len(between) + sum(map(len, addresses[:at]))
        assert 0 not in covered[start : start + len(address)], address


def test_ordinary_messages_are_read_by_the_engine_once() -> None:
    read = []

    class Counting(Scanner):
        def read(self, text: str) -> list[Hit]:
            read.append(text)
            return super().read(text)

    parts = [
        "You help people. Name the passage. ",
        "The train leaves on Tuesday. Why?",
        "Ok, thanks.",
    ]
    assert scan_parts(Counting([secrets_pack()]), parts) == ((), (), ())
    assert len(read) == 1
