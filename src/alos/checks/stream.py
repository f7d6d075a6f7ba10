"""Lets an answer through as it is written, and nothing of what a check finds in it.

A chunk may end in the middle of a credential, so the gate holds text back, but only from the
first character that may belong to a finding: an unfinished word; a word of the kind that secrets
and identifiers are made of, until enough of what follows is known to judge it; an open private
key. Ordinary words go out as soon as they are complete.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alos.checks.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alos.checks.catalogue import Scanner
    from alos.domain.finding import Finding, FindingKind

LOOKAHEAD_CHARACTERS = 160
"""How far after a value the rules look before they decide."""

CONTEXT_CHARACTERS = 2048
"""How much of what went out is kept, because rules look back."""

HOLD_CHARACTERS = 4096
"""The longest unfinished run that is held; a private key is held up to `KEY_CHARACTERS`."""

KEY_CHARACTERS = 17_000

_SURE = 0.9
_WORD = re.compile(r"\S+")
_LOUD = re.compile(
    r"[0-9@#$%^&*+=~_|\\<>!\u0370-\u052f\u00ad\u200b-\u200f\u2060-\u206f\ufe00-\uffff"
    r"\U0001d400-\U0001d7ff\U000e0000-\U000e007f]|--|[a-z][A-Z]|\w{16}|://|"
    r"^(?:Jan(?:uary?|vier|uar)?|Feb(?:ruary?)?|Mar(?:ch)?|M\xe4rz|Apr(?:il)?|May|Mai|June?|Juni|"
    r"July?|Juli|Aug(?:ust)?|Sept?(?:ember)?|O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?|"
    r"janvier|f\xe9vrier|mars|avril|juin|juillet|ao\xfbt|septembre|octobre|novembre|d\xe9cembre)\W?$",
)
_KEY_OPEN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY|PuTTY-User-Key-File-[123]:")
_KEY_HEAD = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_KEY_CLOSE = re.compile(
    r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|Private-MAC: [a-f0-9]{40,64}\s",
)
_FOLD = 60
_FOLDED = re.compile(r"\S{60}")


class StreamGate:
    """Releases a stream piece by piece, with findings replaced by their labels.

    Not thread-safe; one gate per stream. It shares its scanner with other gates of the thread.

    Attributes:
        findings: What was found so far, in characters of the whole stream.
        cut: True once a private key's header or a confirmed finding of a kind in `cut_kinds`
            came by. The caller should end the stream; a caller that goes on feeding still gets
            nothing of a finding.
    """

    def __init__(
        self,
        scanner: Scanner,
        *,
        cut_kinds: frozenset[FindingKind] = frozenset({"secret"}),
        shown_kinds: frozenset[FindingKind] = frozenset(),
        always_hold_characters: int = 0,
    ) -> None:
        """Open a gate.

        Args:
            scanner: Finds what must not pass.
            cut_kinds: Kinds whose findings ask for the end of the stream.
            shown_kinds: Kinds that are reported and go out all the same.
            always_hold_characters: What to hold back besides, for rules that match ordinary
                words (the longest phrase of a dictionary, less one).
        """
        self.findings: list[Finding] = []
        self.cut = False
        self._scanner = scanner
        self._cut_kinds = cut_kinds
        self._shown_kinds = shown_kinds
        self._always_hold = always_hold_characters
        self._text = ""  # context that went out, then what is held
        self._held_from = 0
        self._offset = 0  # characters of the stream before `_text`

    @property
    def held(self) -> str:
        """What has been fed and did not go out yet."""
        return self._text[self._held_from :]

    def feed(self, text: str) -> str:
        """Take the next chunk; return what may go out now, perhaps nothing.

        Raises:
            ScannerFault: The engine failed; the caller must end the stream.
        """
        self._text += text
        return self._release(self._first_to_hold())

    def close(self) -> str:
        """Return the rest; the stream is over.

        Raises:
            ScannerFault: The engine failed; nothing more may go out.
        """
        return self._release(len(self._text), last=True)

    def _release(self, until: int, *, last: bool = False) -> str:
        held = self._text[self._held_from :]
        if _KEY_HEAD.search(held):
            self.cut = self.cut or "secret" in self._cut_kinds
        elif until <= self._held_from and not _LOUD.search(held):
            return ""
        seen = self._scanner.scan(self._text)
        if not seen:  # nearly every chunk is like this
            return self._pass_on([], until) if until > self._held_from else ""
        found = [one for one in seen if one.end > self._held_from]
        self.cut = self.cut or any(
            one.kind in self._cut_kinds and (one.confidence >= _SURE or one.end <= until)
            for one in found
        )
        if not last:
            until = _before_straddlers(found, until)
        if until <= self._held_from:
            return ""
        return self._pass_on([one for one in found if one.start < until], until)

    def _pass_on(self, found: list[Finding], until: int) -> str:
        """Report `found`, put labels in its place, and keep the end as context."""
        start = self._held_from
        shown = self._text[start:until]
        if found:
            self.findings.extend(one.moved(self._offset) for one in found)
            shown = redact(
                shown,
                (
                    one.at(max(one.start, start) - start, one.end - start)
                    for one in found
                    if one.kind not in self._shown_kinds
                ),
            )
        drop = until - CONTEXT_CHARACTERS
        if drop > 0:
            self._text = self._text[drop:]
            self._offset += drop
            until -= drop
        self._held_from = until
        return shown

    def _first_to_hold(self) -> int:
        """Return the first character that may still turn out to belong to a finding."""
        text, start = self._text, self._held_from
        size = len(text)
        opened = _KEY_OPEN.search(text, start)
        if opened and not _KEY_CLOSE.search(text, opened.end()):
            return max(opened.start(), size - KEY_CHARACTERS)
        first = chain = size
        last_end = start
        for word in _WORD.finditer(text, self._last_words(start)):
            folded = len(word[0]) >= _FOLD
            if not folded or text.find("\n", last_end, word.start()) < 0:
                chain = word.start()
            last_end = word.end() if folded else start
            if word.end() == size or (
                word.end() > size - LOOKAHEAD_CHARACTERS and _LOUD.search(word[0])
            ):
                first = chain if folded else word.start()
                break
        first = max(first, size - HOLD_CHARACTERS)
        return max(start, min(first, size - self._always_hold))

    def _last_words(self, start: int) -> int:
        """Where the words begin that can matter to what is held: all, where one may be folded."""
        text = self._text
        near = len(text) - LOOKAHEAD_CHARACTERS
        if near <= start or _FOLDED.search(text, start):
            return start
        for at in range(near, max(start, near - _FOLD), -1):
            if text[at - 1].isspace():
                return at
        return start


def _before_straddlers(found: Iterable[Finding], until: int) -> int:
    """Move `until` back so that no finding is cut by it."""
    for one in sorted(found, key=lambda one: -one.start):
        if one.start < until <= one.end:
            until = one.start
    return until
