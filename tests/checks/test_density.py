"""Texts dense with hits of one kind: nothing is skipped, and the work is bounded."""

import random  # noqa: TID251 - seeded samples
import re
import time

import pytest

from alos.checks.base import Finding, Pack, Trigger
from alos.checks.catalogue import build_scanner
from alos.checks.density import ENOUGH_FOUND
from alos.checks.packs import standard_packs
from alos.checks.seams import scan_parts

SCANNER = build_scanner(standard_packs())
RNG = random.Random(7)  # noqa: S311 - seeded


def _digits(count: int) -> str:
    return "".join(RNG.choice("0123456789") for _ in range(count))


DENSE = {
    "numbers": lambda: f"{_digits(4)} {_digits(4)} {_digits(4)} ",
    "cards": lambda: f"4{_digits(3)} {_digits(4)} {_digits(4)} {_digits(4)}\n",
    "phones": lambda: f"+49 30 {_digits(7)} ",
    "ibans": lambda: (
        f"DE{_digits(2)} {_digits(4)} {_digits(4)} {_digits(4)} {_digits(4)} {_digits(2)} "
    ),
    "addresses": lambda: f"{RNG.randint(1, 223)}.{RNG.randint(0, 255)}.{RNG.randint(0, 255)}.7 ",
    "mails": lambda: f"a{_digits(2)}@b{_digits(1)}.co ",
    "shapes": lambda: "xoxb-1-",
    "dates": lambda: f"born {RNG.randint(10, 28)}.0{RNG.randint(1, 9)}.19{_digits(2)} ",
    "tables": lambda: (
        f"name,ssn,phone\nAnn,{_digits(3)}-{_digits(2)}-{_digits(4)},{_digits(10)}\n"
    ),
    "chains of names": lambda: "password=password=password=password=1",
    "sentences": lambda: "the password is not 12 ",
    "hidden letters": lambda: "a\u200b",
}


@pytest.mark.parametrize("kind", DENSE)
def test_what_stands_behind_a_thousand_false_alarms_is_still_found(kind: str) -> None:
    dense = "".join(DENSE[kind]() for _ in range(3000))
    for planted in (" 4539 1488 0343 6467 ", " DE89 3704 0044 0532 0130 00 ", " +49 30 901820 "):
        text = dense + planted
        at = len(dense)
        covered = set[int]()
        for one in SCANNER.scan(text):
            covered.update(range(max(at, one.start), one.end))
        digits = {at + i for i, character in enumerate(planted) if character.isdigit()}
        assert digits <= covered


@pytest.mark.parametrize("kind", DENSE)
def test_a_dense_text_costs_milliseconds(kind: str) -> None:
    text = "".join(DENSE[kind]() for _ in range(10_000))[:20_000]
    assert _cheapest(text) < 0.08  # four times the bound: the machine may be busy
    assert _cheapest(text[:1500]) < 0.02


def _cheapest(text: str) -> float:
    best = float("inf")
    for _ in range(4):
        began = time.thread_time()
        scan_parts(SCANNER, (text,))
        best = min(best, time.thread_time() - began)
    return best


def test_a_log_of_timestamps_is_not_dense() -> None:
    line = "2026-03-14 09:26:53,120 INFO request took 14ms, 2026/03/14 was the date\n"
    assert SCANNER.scan(line * 400) == ()


def _trigger(most: int | None, *, right: bool) -> Trigger:
    def confirm(_text: str, start: int, end: int, /) -> Finding | None:
        if not right:
            return None
        return Finding(kind="pii", type="X", start=start, end=end, rule="pii/x", confidence=0.9)

    return Trigger(rule="pii/x", expression="x1", confirm=confirm, most=most, dense_type="DENSE")


@pytest.mark.parametrize("right", [True, False])
def test_hits_beyond_the_budget_are_findings(*, right: bool) -> None:
    scanner = build_scanner([Pack(name="p", digest="", triggers=[_trigger(300, right=right)])])
    few, many = "x1 " * 100, "x1 " * 1000
    assert len(scanner.scan(few)) == (100 if right else 0)
    dense = [one for one in scanner.scan(many) if one.type == "DENSE"]
    judged = ENOUGH_FOUND if right else 300
    assert [(one.start, one.end) for one in dense] == [(3 * judged, len(many) - 1)]


def test_without_a_budget_every_hit_is_judged() -> None:
    scanner = build_scanner([Pack(name="p", digest="", triggers=[_trigger(None, right=True)])])
    assert len(scanner.scan("x1 " * 1000)) == 1000


def test_every_number_behind_the_last_header_that_is_read_is_covered() -> None:
    rows = "".join(f"ssn,phone,dob\n{_digits(9)},{_digits(10)},1980-01-12\n" for _ in range(300))
    covered = bytearray(len(rows))
    for one in SCANNER.scan(rows):
        covered[one.start : one.end] = b"\x01" * (one.end - one.start)
    behind = re.compile(r"\d{9,10}").finditer(rows, len(rows) // 2)
    assert all(all(covered[found.start() : found.end()]) for found in behind)
