"""A small ledger in memory, its evidence files, and each way to falsify one."""

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from alos.control.evidence import prove_call
from alos.domain.ids import CallId, WriterId
from alos.domain.record import ClosingEntry, Entry, Fact, NoteEntry, NoteKind, OpeningEntry
from alos.ledger.checkpoint import Checkpoint, sign_checkpoint
from alos.ledger.encoding import encode_entry, encode_personal
from alos.ledger.keys import KeyChange, sign_change
from alos.ledger.note import SigningKey, decode_base64, encode_base64
from alos.ledger.tree import (
    Frontier,
    GetNode,
    hash_complete,
    hash_entry,
    hash_range,
    prove_consistency,
    prove_inclusion,
)
from alos.ports.ledger import LedgerEntry
from tests.store.samples import NOW, make_closing, make_note, make_opening, to_version_1

VECTORS = Path(__file__).parents[2] / "docs/reference/vectors/ledger-evidence.json"
ORIGIN = "alos/0123456789abcdef"
FIRST = SigningKey(ORIGIN, b"1" * 32)
SECOND = SigningKey(ORIGIN, b"2" * 32)
STRANGER = SigningKey(ORIGIN, b"x" * 32)
WRITER = WriterId("w-20261118T110640000000-00000000")
CALL = CallId("call_01KAB3C4D5E6F7G8H9JKMNPQRS")
OTHER = CallId("call_01KAB3C4D5E6F7G8H9JKMNPQRT")


class MemoryLedger:
    """The port over a list of entries; ``rewrite`` makes other bytes of each call's entries."""

    def __init__(
        self,
        entries: Sequence[tuple[Entry, bytes | None]],
        key: SigningKey,
        rewrite: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._key = key
        self._entries: list[tuple[Entry, LedgerEntry]] = []
        self.changes: list[KeyChange] = [KeyChange(key=FIRST.verify_key)]
        tree = Frontier()
        for sequence, (entry, personal) in enumerate(entries):
            chained, kept = encode_entry(entry, WRITER, sequence)
            if isinstance(entry, ClosingEntry | OpeningEntry):
                chained = rewrite(chained)
            tree.append(hash_entry(chained))
            one = LedgerEntry(
                writer=WRITER,
                sequence=sequence,
                position=sequence,
                chained=chained,
                personal=kept if personal is None else personal,
            )
            self._entries.append((entry, one))
        self._tree = tree

    def list_entries(self, call_id: CallId) -> Sequence[LedgerEntry]:
        return [
            one
            for entry, one in self._entries
            if getattr(entry, "call_id", None) == call_id
            or (isinstance(entry, NoteEntry) and call_id in dict(entry.facts).values())
        ]

    def get_checkpoint(self, least_size: int = 0) -> str | None:
        if self._tree.size < least_size:
            return None
        head = Checkpoint(
            origin=self._key.verify_key.name,
            size=self._tree.size,
            root=self._tree.root,
            signed_at_unix_ns=NOW,
        )
        return sign_checkpoint(head, self._key)

    def _nodes(self) -> GetNode:
        leaves = [hash_entry(one.chained) for _, one in self._entries]
        return lambda level, index: hash_complete(leaves[index << level : (index + 1) << level])

    def get_inclusion(self, position: int, size: int) -> list[bytes]:
        return prove_inclusion(position, size, self._nodes())

    def get_consistency(self, old: int, new: int) -> list[bytes]:
        return prove_consistency(old, new, self._nodes())

    def get_root(self, size: int) -> bytes:
        return hash_range(0, size, self._nodes())

    def get_size(self) -> int:
        return self._tree.size

    def list_key_changes(self) -> Sequence[dict[str, str]]:
        return [change.to_facts() for change in self.changes]


def make_entries() -> list[tuple[Entry, bytes | None]]:
    closing = make_closing(CALL, opened_at_unix_ns=NOW)
    later = NoteEntry(
        kind=NoteKind.OVERBILLED, at_unix_ns=NOW, facts=(("call", CALL), ("excess", "12"))
    )
    return [
        (make_note(), None),
        (make_opening(CALL), None),
        (make_opening(OTHER), None),
        (closing, None),
        (make_closing(OTHER), None),
        (later, None),
        (make_note(), None),
    ]


def make_ledger(key: SigningKey = FIRST) -> MemoryLedger:
    return MemoryLedger(make_entries(), key)


def make_document(ledger: MemoryLedger | None = None) -> dict[str, Any]:
    found = prove_call(ledger or make_ledger(), CALL)
    assert isinstance(found, dict)
    return found


def make_rotated() -> dict[str, Any]:
    """Signed by a key that the first one vouches for."""
    ledger = make_ledger(SECOND)
    ledger.changes.append(sign_change(FIRST, SECOND.verify_key))
    return make_document(ledger)


def make_erased() -> dict[str, Any]:
    """The second of three personal values is forgotten."""
    entries = make_entries()
    closing = make_closing(CALL)
    first, _, third = closing.personal
    entries[3] = (closing, encode_personal([first, None, third]))
    return make_document(MemoryLedger(entries, FIRST))


def make_version_1() -> dict[str, Any]:
    """Written before closings had facts."""
    return make_document(MemoryLedger(make_entries(), FIRST, to_version_1))


def make_with_facts() -> dict[str, Any]:
    """The closing says more of its call."""
    entries = make_entries()
    facts = ((Fact.IDENTITY.value, "key"), (Fact.PURPOSE.value, "eval"), (Fact.RUN.value, "run_7"))
    entries[3] = (make_closing(CALL, facts=facts), None)
    return make_document(MemoryLedger(entries, FIRST))


def make_of_version(version: int) -> dict[str, Any]:
    """Version 2's fields under another number, in a tree that is made of these bytes."""

    def rewrite(chained: bytes) -> bytes:
        return msgspec.msgpack.encode([version, *msgspec.msgpack.decode(chained)[1:]])

    document = make_document()
    forged = MemoryLedger(make_entries(), FIRST, rewrite)
    document["checkpoint"] = forged.get_checkpoint()
    for entry in document["entries"]:
        path = forged.get_inclusion(entry["leaf"], forged.get_size())
        entry["path"] = [encode_base64(step) for step in path]
        if entry["role"] in {"opening", "closing"}:
            entry["chained"] = encode_base64(rewrite(decode_base64(entry["chained"])))
    return document


def make_lost() -> dict[str, Any]:
    """Signed by a key that took the first one's place without its signature."""
    ledger = make_ledger(STRANGER)
    ledger.changes.append(KeyChange(key=STRANGER.verify_key))
    return make_document(ledger)


def make_dev() -> dict[str, Any]:
    """From a dev folder."""
    key = SigningKey("alos-dev/0123456789abcdef", b"d" * 32)
    ledger = make_ledger(key)
    ledger.changes = [KeyChange(key=key.verify_key)]
    return make_document(ledger)


Falsify = Callable[[dict[str, Any]], None]


def _set(*path: Any, value: Any) -> Falsify:
    def change(document: dict[str, Any]) -> None:
        *way, last = path
        for step in way:
            document = document[step]
        document[last] = value(document[last]) if callable(value) else value

    return change


def _drop(*path: Any) -> Falsify:
    def change(document: Any) -> None:
        *way, last = path
        for step in way:
            document = document[step]
        del document[last]

    return change


def _flip(text: str) -> str:
    """Another base64 text of the same length."""
    return ("B" if text[0] == "A" else "A") + text[1:]


def _resign(document: dict[str, Any]) -> None:
    """A stranger signs, and the file still names the ledger's key."""
    document["checkpoint"] = make_ledger(STRANGER).get_checkpoint()


def _swap(document: dict[str, Any]) -> None:
    entries = document["entries"]
    entries[0]["leaf"], entries[1]["leaf"] = entries[1]["leaf"], entries[0]["leaf"]


FALSIFIED: dict[str, Falsify] = {
    "the chained bytes of the closing are changed": _set("entries", 1, "chained", value=_flip),
    "a personal value is changed": _set("entries", 1, "personal", 0, "value", value="p-eve"),
    "a salt is changed": _set("entries", 1, "personal", 0, "salt", value=_flip),
    "a personal value is left out": _drop("entries", 1, "personal", 0),
    "the leaf number is another": _set("entries", 1, "leaf", value=4),
    "the leaf number is negative": _set("entries", 1, "leaf", value=-1),
    "the leaf numbers are swapped": _swap,
    "a step of the path is changed": _set("entries", 0, "path", 0, value=_flip),
    "a step of the path is missing": _drop("entries", 0, "path", -1),
    "the path is longer": _set("entries", 0, "path", value=lambda path: [*path, path[0]]),
    "the role is another": _set("entries", 0, "role", value="closing"),
    "the role is unknown": _set("entries", 0, "role", value="other"),
    "the call is another": _set("call_id", value=OTHER),
    "an entry is shown twice": _set("entries", value=lambda all_: [*all_, all_[0]]),
    "no entry is shown": _set("entries", value=[]),
    "the checkpoint has another size": _set(
        "checkpoint", value=lambda note: note.replace("\n7\n", "\n8\n")
    ),
    "the checkpoint has another time": _set(
        "checkpoint", value=lambda note: note.replace("alos.time 1", "alos.time 2")
    ),
    "the checkpoint has no signature": _set(
        "checkpoint", value=lambda note: note[: note.index("\n\n") + 2]
    ),
    "a stranger signed the checkpoint": _resign,
    "no key is named": _set("keys", value=[]),
    "the key's hash is another's": _set(
        "keys", 0, value=lambda key: key.replace(FIRST.verify_key.hash.hex(), "00000000")
    ),
    "the environment is dev": _set("environment", value="dev"),
    "the format is another": _set("format", value="alos-evidence-v2"),
    "a field is added": _set("verdict", value="good"),
    "a field is missing": _drop("environment"),
    "a field of an entry is added": _set("entries", 0, "note", value="trust me"),
    "the leaf is a text": _set("entries", 0, "leaf", value="1"),
    "base64 without padding": _set("entries", 0, "path", 0, value=lambda step: step.rstrip("=")),
}


def make_cases() -> list[dict[str, Any]]:
    """Each published case: a file, keys that the reader gives, and whether it holds."""
    first, stranger = str(FIRST.verify_key), str(STRANGER.verify_key)
    whole = make_document()
    cases: list[tuple[str, dict[str, Any], list[str], bool]] = [
        ("a whole file", whole, [], True),
        ("a whole file under the ledger's key", whole, [first], True),
        ("a whole file under another key", whole, [stranger], False),
        ("a file after a rotation, under the first key", make_rotated(), [first], True),
        (
            "a file after a rotation, under the second key",
            make_rotated(),
            [str(SECOND.verify_key)],
            True,
        ),
        (
            "a file by a key that nobody vouched for, under the first key",
            make_lost(),
            [first],
            False,
        ),
        ("a file with an erased value", make_erased(), [first], True),
        ("a file from a dev folder", make_dev(), [], True),
        ("a closing of schema version 1, without facts", make_version_1(), [first], True),
        ("a closing with facts", make_with_facts(), [first], True),
        ("a closing of version 2 that says version 1", make_of_version(1), [first], False),
        ("a closing of a schema version that is not known", make_of_version(3), [first], False),
    ]
    forged = make_rotated()
    forged["key_changes"][0]["signature"] = _flip(forged["key_changes"][0]["signature"])
    cases.append(("a rotation with another signature", forged, [first], False))
    for name, change in FALSIFIED.items():
        document = copy.deepcopy(whole)
        change(document)
        cases.append((name, document, [first] if name != "no key is named" else [], False))
    return [
        {"name": name, "keys": keys, "holds": holds, "file": document}
        for name, document, keys, holds in cases
    ]


def write_vectors() -> str:
    """The published file; `python -m tests.ledger.evidence_samples` writes it."""
    about = (
        "Evidence files and whether they hold. `keys` are what the reader trusts; none means"
        " that the keys in the file count."
    )
    text = json.dumps({"about": about, "cases": make_cases()}, indent=1, ensure_ascii=False)
    return text + "\n"


if __name__ == "__main__":
    VECTORS.write_text(write_vectors(), encoding="utf-8")
