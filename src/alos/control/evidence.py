"""The evidence file of one call: all that an outsider needs to check its record offline.

It is made from the ledger alone; `docs/reference/evidence-file.md` gives it field by field and
:mod:`alos.ledger.verify` checks it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alos.domain.ids import CallId
from alos.domain.record import Personal
from alos.ledger.checkpoint import read_checkpoint
from alos.ledger.encoding import CLOSING, NOTE, OPENING, decode_values
from alos.ledger.keys import KeyChange, get_trusted
from alos.ledger.note import NoteMalformedError, VerifyKey, encode_base64, split_note
from alos.ledger.personal import list_personal
from alos.ledger.verify import DEV_ORIGIN, FORMAT
from alos.ports.ledger import Ledger, LedgerEntry


@dataclass(frozen=True, slots=True)
class Unproven:
    """Why there is no proof of a call (yet).

    Attributes:
        text: a sentence for the person who asked.
    """

    text: str


def prove_call(ledger: Ledger, call_id: str) -> dict[str, Any] | Unproven:
    """Collect the evidence of a call: entries, paths, signed head, keys.

    Raises:
        StoreDown: the store can't be read.
    """
    entries = ledger.list_entries(CallId(call_id))
    if not entries:
        return Unproven(f"no entry of a call {call_id} is in the log")
    positions = [one.position for one in entries if one.position is not None]
    if len(positions) < len(entries):
        return Unproven(f"call {call_id} is not sealed yet; a second from now it should be")
    note = ledger.get_checkpoint(max(positions) + 1)
    if note is None:
        return Unproven(f"no signed head covers call {call_id} yet")
    head = read_checkpoint(note)
    changes = _list_changes(ledger)
    return {
        "format": FORMAT,
        "environment": "dev" if head.origin.startswith(DEV_ORIGIN) else "production",
        "call_id": call_id,
        "checkpoint": note,
        "keys": [str(key) for key in _list_signers(note, changes)],
        "key_changes": [change.to_facts() for change in changes if change.previous is not None],
        "entries": [_to_entry(ledger, one, head.size) for one in entries],
    }


def list_keys(ledger: Ledger) -> list[VerifyKey]:
    """Every key that the ledger announced."""
    return [change.key for change in _list_changes(ledger)]


def _list_changes(ledger: Ledger) -> list[KeyChange]:
    changes = []
    for facts in ledger.list_key_changes():
        try:
            changes.append(KeyChange.from_facts(facts))
        except NoteMalformedError:
            continue
    return changes


def _list_signers(note: str, changes: Sequence[KeyChange]) -> list[VerifyKey]:
    """The first key on which a signer rests, so that trust in it is enough; else the signer."""
    signed_by = {(name, key_hash) for name, key_hash, _ in split_note(note)[1]}
    roots = [change.key for change in changes if change.previous is None]
    signers = [change.key for change in changes if (change.key.name, change.key.hash) in signed_by]
    return [key for key in roots if set(get_trusted([key], changes)) & set(signers)] or signers


def _to_entry(ledger: Ledger, entry: LedgerEntry, size: int) -> dict[str, Any]:
    assert entry.position is not None, "only sealed entries come here"
    kind = decode_values(entry.chained).kind
    return {
        "role": {OPENING: "opening", CLOSING: "closing", NOTE: "later"}[kind],
        "leaf": entry.position,
        "chained": encode_base64(entry.chained),
        "personal": [_to_personal(one) for one in list_personal(entry.chained, entry.personal)],
        "path": [encode_base64(step) for step in ledger.get_inclusion(entry.position, size)],
    }


def _to_personal(value: Personal | None) -> dict[str, str] | None:
    """A value with its salt; nothing where it was erased."""
    return None if value is None else {"salt": encode_base64(value.salt), "value": value.value}
