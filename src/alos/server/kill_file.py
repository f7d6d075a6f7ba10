"""The kill file: one line stops one thing, with every other part of ours down.

Each line is ``everything`` or ``<kind> <name>``, e.g. ``workflow support-reply-drafting``; a
``#`` begins a comment. A line that can't be read stops everything: whoever wrote it meant to
stop something.
"""

from pathlib import Path

EVERYTHING = ("everything", "")
_KINDS = frozenset({"workflow", "model", "vendor", "tool", "workspace"})
_MAX_BYTES = 65_536


class KillFile:
    """Reads the file again only when its stamp changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._targets: frozenset[tuple[str, str]] = frozenset()

    @property
    def written_at_unix_ns(self) -> int:
        """When it was written that was read last; 0 without a file."""
        return self._stamp[0] if self._stamp is not None else 0

    def read(self) -> frozenset[tuple[str, str]]:
        """What the file stops now, as (kind, name); nothing where there is no file."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._targets = None, frozenset()
            return self._targets
        except OSError:
            return frozenset({EVERYTHING})
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._targets = self._parse()
            self._stamp = stamp
        return self._targets

    def _parse(self) -> frozenset[tuple[str, str]]:
        try:
            text = self._path.read_bytes()[:_MAX_BYTES].decode()
        except (OSError, UnicodeDecodeError):
            return frozenset({EVERYTHING})
        targets = set()
        for line in text.splitlines():
            words = line.partition("#")[0].split()
            if not words:
                continue
            if len(words) == 2 and words[0] in _KINDS:  # noqa: PLR2004 - kind and name
                targets.add((words[0], words[1]))
            else:
                targets.add(EVERYTHING)
        return frozenset(targets)
