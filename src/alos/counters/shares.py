"""What a gateway among several holds of each cap and rate, and who gets more of it."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from alos.counters.memory import Window
from alos.domain.standing import RateLimit
from alos.ports.shares import NOTHING_TAKEN, Pool, ShareKey

_AHEAD: Final = 32
"""So many calls like the dearest one of late are set aside at once; twice as many each time that
it was not enough for a minute, so that about so much is there when the store goes away."""
_ENOUGH_NS: Final = 60 * 1_000_000_000
_IDLE_NS: Final = 3600 * 1_000_000_000
_PART: Final = 4
"""Of what is left, a gateway among N sets aside no more than a 4·N-th ahead of need."""


class Want(NamedTuple):
    """What a call would take of one cap (nano-dollars) or rate (one request), and its limit."""

    key: ShareKey
    limit: int
    amount: int


class Short(NamedTuple):
    """A want that does not fit, and what is spent or set aside by everybody."""

    want: Want
    used: int


class Share:
    """What one gateway holds of one cap in one month, or of one rate.

    ``used`` is reserved, or spent and perhaps not in the store yet; ``settled`` and
    ``settled_before`` are the part of it whose records were closed in this round and the last.
    """

    __slots__ = ("busy_at_ns", "grown_at_ns", "held", "largest", "limit", "pool", "put_at_ns",
                 "settled", "settled_before", "times", "unsure", "used", "window")  # fmt: skip

    def __init__(self, window: Window | None) -> None:
        self.held = self.used = self.settled = self.settled_before = 0
        self.limit = self.largest = self.put_at_ns = self.busy_at_ns = self.grown_at_ns = 0
        self.pool: Pool = NOTHING_TAKEN
        self.times = _AHEAD
        self.unsure = False
        self.window = window

    @property
    def free(self) -> int:
        """What a call may still take, as of the last look at the window."""
        return self.held - (self.used if self.window is None else self.window.total)

    @property
    def ahead(self) -> int:
        """How much would do for a while; of requests, all that may be had.

        They come back to others by themselves, and have to last while the store is away.
        """
        if self.window is not None:
            return self.limit if self.largest else 0
        return self.times * self.largest

    @property
    def kept(self) -> int:
        """How much stays set aside ahead of need, for an hour in which the store may go away.

        Of money nothing near a cap, so that whoever has the calls can spend the last of it.
        """
        more = _get_ahead(self.limit - self.held, self.pool, self.ahead)
        plenty = min(self.ahead, _AHEAD * self.largest)
        return more if self.window is not None or more >= plenty else 0

    def calm(self, now_ns: int) -> None:
        """Set less aside the next time; nothing, where nobody used it for an hour."""
        if now_ns - self.grown_at_ns > _ENOUGH_NS:
            self.times, self.grown_at_ns = max(_AHEAD, self.times // 2), now_ns
        if self.used if self.window is None else self.window.total:
            self.busy_at_ns = now_ns
        elif now_ns - self.busy_at_ns > _IDLE_NS:
            self.largest = 0


def to_key(limit: RateLimit) -> ShareKey:
    """What a rate is shared out under."""
    return ShareKey(f"{limit.window_seconds}s", limit.scope)


def get_window_seconds(key: ShareKey) -> int | None:
    """The window of a share of requests; ``None`` for one of money."""
    return int(key.period[:-1]) if key.period.endswith("s") else None


def share_out(
    asked: Sequence[Sequence[Want]],
    before: Mapping[ShareKey, tuple[int, int]],
    ahead: Mapping[ShareKey, int],
    pools: Mapping[ShareKey, Pool],
    answers: list[Short | None],
) -> dict[ShareKey, int]:
    """Decide who gets what, in the order in which they asked; whoever does not fit gets nothing.

    Args:
        asked: what each call that waits wants.
        before: by share, what this gateway holds of it and how much of that is free.
        ahead: by share, how much would do for a while.
        pools: what others have taken.
        answers: filled with one for each of ``asked``; ``None`` where it fits.

    Returns:
        What this gateway holds from now on; never less than before.
    """
    held = {key: amount for key, (amount, _) in before.items()}
    free = {key: amount for key, (_, amount) in before.items()}
    limits: dict[ShareKey, int] = {}
    answers.clear()
    for wants in asked:
        short = None
        for want in wants:
            taken = pools.get(want.key, NOTHING_TAKEN).taken + held[want.key]
            if max(0, want.amount - free[want.key]) > want.limit - taken:
                short = Short(want, taken)
                break
        answers.append(short)
        if short is not None:
            continue
        for key, limit, amount in wants:
            missing = max(0, amount - free[key])
            held[key] += missing
            free[key] += missing - amount
            limits[key] = limit
    for key, limit in limits.items():
        if held[key] > before[key][0]:
            pool = pools.get(key, NOTHING_TAKEN)
            held[key] += _get_ahead(limit - held[key], pool, ahead[key])
    return held


def _get_ahead(left: int, pool: Pool, most: int) -> int:
    """How much to set aside ahead of need, where so much is left but for what others took."""
    return max(0, min(most, (left - pool.taken) // (_PART * (pool.others + 1))))
