import time
from dataclasses import replace

import pytest

from alos.checks.base import Pack, Trigger
from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.secrets import secrets_pack

PROSE = (
    "Could you help me rewrite this paragraph so that it reads better for our customers? We are "
    "moving the reporting job to a new schedule, and the old one stays until Friday. The error "
    "appears only when two people edit the same document at the same time: see release 2.14 of "
    "12 March, page 7. What would be a good way to explain that to somebody new to the team?\n"
)
CODE = (
    "def settle(items: list[Item], *, now: datetime) -> dict[str, int]:\n"
    "    totals = {item.name: item.count + 1 for item in items if item.at <= now}\n"
    "    return dict(sorted(totals.items(), reverse=True)[:10])\n\n"
)
PACK = secrets_pack()
SCANNER = build_scanner([PACK])


def test_no_trigger_fires_on_ordinary_text() -> None:
    fired: set[str] = set()

    def watched(trigger: Trigger) -> Trigger:
        def confirm(_text: str, _start: int, _end: int, /) -> None:
            fired.add(trigger.expression)

        return replace(trigger, confirm=confirm)

    triggers = tuple(watched(trigger) for trigger in PACK.triggers)
    build_scanner([Pack(name="watched", digest="", triggers=triggers)]).scan((PROSE + CODE) * 4)
    assert fired == set()


def test_every_trigger_has_a_bounded_cost_on_ordinary_text() -> None:
    text = (PROSE * 5)[:1500]
    times = sorted(_milliseconds(SCANNER, text) for _ in range(60))
    assert times[30] < 0.1  # about ten times what a quiet machine takes


def _milliseconds(scanner: Scanner, text: str) -> float:
    times = []
    for _ in range(3):
        began = time.thread_time_ns()
        scanner.scan(text)
        times.append((time.thread_time_ns() - began) / 1e6)
    return min(times)


@pytest.mark.parametrize(
    "unit",
    [
        *("password=", "key: token: ", "://a:b1@", "-----BEGIN PRIVATE KEY-----\n", "xoxb-1-"),
        *("eyJhbGciOiJIUzI1NiJ9", "a", "7", "%41%42", "a\u200b", "&#65;", "password is x1 ", " "),
        *("token xK9mQ2vL8nR4tW6yZ1bC ", "\\u0041", "'\"`", "_key", "-", "password    "),
    ],
)
def test_twice_the_text_costs_about_twice_as_much(unit: str) -> None:
    once = _milliseconds(SCANNER, (unit * 40_000)[:40_000])
    twice = _milliseconds(SCANNER, (unit * 80_000)[:80_000])
    assert twice < 4 * once + 5
