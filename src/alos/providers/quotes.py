"""Strikes our own credential out of what a vendor answers.

Servers quote it in errors ("no such key: …"), and those that parrot requests in answers. What
goes on to a caller has stars in its place. A vendor that means harm could spell it otherwise; it
has the credential anyway.
"""

import logging

_LOGGER = logging.getLogger(__name__)
_LEAST_BYTES = 8
"""A shorter one is a stand-in (a local model's), and common words are not struck out."""
_STARS = b"***"


class Quotes:
    """One answer's; of a stream it holds back only what may be a credential's beginning."""

    __slots__ = ("_credential", "_held", "_is_told")

    def __init__(self, credential: bytes) -> None:
        self._credential = credential if len(credential) >= _LEAST_BYTES else b""
        self._held = b""
        self._is_told = False

    def strike_whole(self, body: bytes) -> bytes:
        """A whole body without it."""
        credential = self._credential
        if not credential or credential not in body:
            return body
        self._tell()
        return body.replace(credential, _STARS)

    def strike(self, chunk: bytes) -> bytes:
        """What of a stream may go on after this chunk; may be empty."""
        credential = self._credential
        if not credential:
            return chunk
        if not self._held and chunk.endswith(b"\n") and credential not in chunk:
            return chunk
        if self._held:
            chunk, self._held = self._held + chunk, b""
        chunk = self.strike_whole(chunk)
        if not chunk.endswith(b"\n"):  # where events end, and no credential goes on
            kept = self._get_beginning(chunk)
            if kept:
                chunk, self._held = chunk[:-kept], chunk[-kept:]
        return chunk

    def take_rest(self) -> bytes:
        """What is held at a stream's end."""
        held, self._held = self._held, b""
        return held

    def _get_beginning(self, chunk: bytes) -> int:
        """How many bytes at the end may be the credential's first."""
        credential = self._credential
        longest = min(len(credential) - 1, len(chunk))
        return next(
            (size for size in range(longest, 0, -1) if chunk.endswith(credential[:size])), 0
        )

    def _tell(self) -> None:
        if not self._is_told:
            self._is_told = True
            _LOGGER.warning("a vendor quoted our credential in an answer; it was struck out")
