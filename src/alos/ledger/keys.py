"""How a ledger's keys follow each other, and which of them a reader may trust.

A new key is announced in a note of kind ``ledger_key``. The key before signs

    alos-ledger-key-v1 ⏎ <key before> ⏎ <new key> ⏎

with both in their text form. A key that follows none (the first, or one that took a lost key's
place) carries no signature, and shows as such.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from alos.ledger.note import (
    NoteMalformedError,
    SigningKey,
    VerifyKey,
    decode_base64,
    encode_base64,
)

_STATEMENT: Final = "alos-ledger-key-v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A key and what it rests on.

    Attributes:
        previous: the key that vouches for it; ``None`` for one that follows none.
        signature: by ``previous``, over both.
    """

    key: VerifyKey
    previous: VerifyKey | None = None
    signature: bytes = b""

    @property
    def is_vouched(self) -> bool:
        """Whether the key before signed this one."""
        return (
            self.previous is not None
            and self.previous.name == self.key.name
            and self.previous.is_signed(_write_statement(self.previous, self.key), self.signature)
        )

    def to_facts(self) -> dict[str, str]:
        """The facts of the note that announces it."""
        facts = {"key": str(self.key)}
        if self.previous is not None:
            facts["previous"] = str(self.previous)
            facts["signature"] = encode_base64(self.signature)
        return facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> "KeyChange":
        """Read an announcement.

        Raises:
            NoteMalformedError: it is none.
        """
        if "key" not in facts:
            raise NoteMalformedError("no key is announced")
        if "previous" not in facts:
            return cls(key=VerifyKey.parse(facts["key"]))
        return cls(
            key=VerifyKey.parse(facts["key"]),
            previous=VerifyKey.parse(facts["previous"]),
            signature=decode_base64(facts.get("signature", "")),
        )


def sign_change(old: SigningKey, new: VerifyKey) -> KeyChange:
    """Let the old key vouch for the new one."""
    before = old.verify_key
    return KeyChange(key=new, previous=before, signature=old.sign(_write_statement(before, new)))


def get_trusted(roots: Iterable[VerifyKey], changes: Iterable[KeyChange]) -> list[VerifyKey]:
    """All keys that rest on ``roots`` by an unbroken chain of signatures."""
    trusted = list(dict.fromkeys(roots))
    waiting = [change for change in changes if change.is_vouched]
    while True:
        found = [
            change.key
            for change in waiting
            if change.previous in trusted and change.key not in trusted
        ]
        if not found:
            return trusted
        trusted += dict.fromkeys(found)


def _write_statement(old: VerifyKey, new: VerifyKey) -> bytes:
    return f"{_STATEMENT}\n{old}\n{new}\n".encode()
