import pytest

from alos.domain.refusal import Refusal
from alos.pipeline.current import Current, StaleLimits

_NS = 10**9
_START = 1_795_000_000 * _NS


class TwoClocks:
    """A wall clock and a monotonic one, each moved by hand."""

    def __init__(self) -> None:
        self.wall, self.mono = _START, 5 * _NS

    def unix_ns(self) -> int:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.mono

    def pass_seconds(self, seconds: float) -> None:
        self.wall += int(seconds * _NS)
        self.mono += int(seconds * _NS)


@pytest.fixture
def clocks() -> TwoClocks:
    return TwoClocks()


def code_of(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.code.value


def ask(current: Current, clocks: TwoClocks, tier: int) -> str | None:
    return code_of(current(tier, clocks.unix_ns()))


@pytest.mark.parametrize("tier", [2, 3, 4])
def test_from_tier_2_on_calls_are_refused_when_the_last_news_is_too_old(
    clocks: TwoClocks, tier: int
) -> None:
    current = Current(clocks, StaleLimits())
    clocks.pass_seconds(59)
    assert ask(current, clocks, tier) is None
    clocks.pass_seconds(2)
    assert ask(current, clocks, tier) == "alos_standing_stale"
    current.note_heard()
    assert ask(current, clocks, tier) is None


@pytest.mark.parametrize("tier", [0, 1])
def test_the_lower_tiers_go_on_to_a_second_limit_and_no_further(
    clocks: TwoClocks, tier: int
) -> None:
    current = Current(clocks, StaleLimits(last_seconds=600))
    clocks.pass_seconds(599)
    assert ask(current, clocks, tier) is None
    clocks.pass_seconds(2)
    assert ask(current, clocks, tier) == "alos_standing_stale"


def test_each_tier_has_a_limit_of_its_own(clocks: TwoClocks) -> None:
    current = Current(clocks, StaleLimits(by_tier=(5, 5, 30, 20, 10), last_seconds=40))
    clocks.pass_seconds(25)
    assert [ask(current, clocks, tier) for tier in range(5)] == [
        None,
        None,
        None,
        "alos_standing_stale",
        "alos_standing_stale",
    ]


@pytest.mark.parametrize("tier", range(5))
def test_a_clock_that_was_set_back_is_refused_until_it_is_right_again(
    clocks: TwoClocks, tier: int
) -> None:
    current = Current(clocks, StaleLimits())
    clocks.pass_seconds(10)
    assert ask(current, clocks, tier) is None
    clocks.wall -= 30 * _NS
    assert ask(current, clocks, tier) == "alos_clock_behind"
    clocks.wall += 29 * _NS
    assert ask(current, clocks, tier) is None, "a correction below a second is none"


def test_a_wall_clock_that_is_set_forward_does_not_make_news_old(clocks: TwoClocks) -> None:
    current = Current(clocks, StaleLimits())
    clocks.wall += 3600 * _NS
    assert ask(current, clocks, 4) is None
