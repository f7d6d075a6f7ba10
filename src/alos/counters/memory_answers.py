"""Earlier answers in this process's memory: exact for one process, forgotten when it ends."""

from typing import Final

from alos.ports.answers import EarlierAnswer, NotYours

CLAIM_SECONDS: Final = 24 * 3600
MOST_CLAIMS: Final = 50_000
MOST_ANSWERS: Final = 20_000

_NANOSECONDS: Final = 1_000_000_000


class _Claim:
    """One key.

    Attributes:
        ended_at_unix_ns: when its call was answered; ``None`` while it runs.
    """

    __slots__ = ("answer", "ended_at_unix_ns", "fingerprint")

    def __init__(self, fingerprint: bytes) -> None:
        self.fingerprint = fingerprint
        self.ended_at_unix_ns: int | None = None
        self.answer: EarlierAnswer | None = None


class MemoryClaims:
    """Implements :class:`alos.ports.answers.Claims`; no step awaits, so none is interleaved."""

    def __init__(self, *, most: int = MOST_CLAIMS, seconds: int = CLAIM_SECONDS) -> None:
        self._most = most
        self._lifetime_ns = seconds * _NANOSECONDS
        self._running: dict[bytes, _Claim] = {}
        self._ended: dict[bytes, _Claim] = {}
        """In the order in which they ended."""

    async def claim(
        self, key: bytes, fingerprint: bytes, *, now_unix_ns: int
    ) -> EarlierAnswer | NotYours | None:
        """See the port."""
        self._forget_old(now_unix_ns)
        held = self._running.get(key) or self._ended.get(key)
        if held is None:
            self._running[key] = _Claim(fingerprint)
            return None
        if held.fingerprint != fingerprint:
            return NotYours.OTHER_REQUEST
        if held.ended_at_unix_ns is None:
            return NotYours.RUNNING
        return held.answer or NotYours.NOT_KEPT

    async def keep(self, key: bytes, answer: EarlierAnswer | None, *, now_unix_ns: int) -> None:
        """See the port."""
        claim = self._running.pop(key, None)
        if claim is not None:
            claim.answer, claim.ended_at_unix_ns = answer, now_unix_ns
            self._ended[key] = claim

    async def let_go(self, key: bytes) -> None:
        """See the port."""
        self._running.pop(key, None)

    def _forget_old(self, now_unix_ns: int) -> None:
        ended = self._ended
        while ended:
            key = next(iter(ended))
            age_ns = now_unix_ns - (ended[key].ended_at_unix_ns or 0)
            if len(ended) <= self._most and age_ns < self._lifetime_ns:
                return
            del ended[key]


class MemoryAnswerCache:
    """Implements :class:`alos.ports.answers.AnswerCache`."""

    def __init__(self, *, most: int = MOST_ANSWERS) -> None:
        self._most = most
        self._kept: dict[bytes, tuple[EarlierAnswer, int]] = {}
        """In the order in which they were put."""

    async def get(self, key: bytes, *, now_unix_ns: int) -> EarlierAnswer | None:
        """See the port."""
        answer, until_unix_ns = self._kept.get(key, (None, 0))
        if answer is not None and now_unix_ns >= until_unix_ns:
            del self._kept[key]
            return None
        return answer

    async def put(self, key: bytes, answer: EarlierAnswer, *, until_unix_ns: int) -> None:
        """See the port."""
        self._kept.pop(key, None)
        self._kept[key] = answer, until_unix_ns
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
