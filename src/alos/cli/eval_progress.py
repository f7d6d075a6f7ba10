"""A progress bar of one line, on a terminal, for what takes more than two seconds."""

from collections.abc import Callable
from typing import Self, TextIO

_FIRST_SECONDS = 2.0
_EACH_SECONDS = 0.1
_WIDTH = 30


class Progress:
    """Counts steps; writes nothing where nobody watches or where it is over at once."""

    def __init__(self, total: int, *, clock: Callable[[], float], stream: TextIO) -> None:
        self._total = total
        self._clock = clock
        self._stream = stream
        self._done = 0
        self._begun = clock()
        self._shown_at: float | None = None

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Take the line away."""
        if self._shown_at is not None:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = self._clock()
        if not self._stream.isatty() or now - self._begun < _FIRST_SECONDS:
            return
        if self._shown_at is not None and now - self._shown_at < _EACH_SECONDS:
            return
        self._shown_at = now
        filled = _WIDTH * self._done // max(1, self._total)
        left = (now - self._begun) / self._done * (self._total - self._done)
        bar = "█" * filled + "·" * (_WIDTH - filled)
        self._stream.write(f"\r\033[K{bar} {self._done}/{self._total}, {left:.0f} s left")
        self._stream.flush()
