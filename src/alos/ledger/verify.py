"""Checks an evidence file with nothing but the file and, if given, keys to trust.

Everything in the file is a claim until it is checked here: the checkpoint's signature, each
entry's path to its head, each personal value's commitment, and that the entries are of the call
that the file speaks of. What can't be checked from one file: that no later entry was left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alos.domain.record import Personal
from alos.ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from alos.ledger.encoding import (
    CLOSING,
    NOTE,
    OPENING,
    EntryMalformedError,
    EntryValues,
    decode_values,
    encode_personal,
)
from alos.ledger.keys import KeyChange, get_trusted
from alos.ledger.note import NoteMalformedError, SignatureBadError, VerifyKey, decode_base64
from alos.ledger.proofs import is_included
from alos.ledger.tree import hash_entry

FORMAT: Final = "alos-evidence-v1"
DEV_ORIGIN: Final = "alos-dev/"
"""Ledgers of dev folders have origins that begin so; their evidence is none of production."""

_FIELDS: Final[dict[str, type]] = {
    "format": str,
    "environment": str,
    "call_id": str,
    "checkpoint": str,
    "keys": list,
    "key_changes": list,
    "entries": list,
}
_ENTRY_FIELDS: Final[dict[str, type]] = {
    "role": str,
    "leaf": int,
    "chained": str,
    "personal": list,
    "path": list,
}
_ROLES: Final = {"opening": OPENING, "closing": CLOSING, "later": NOTE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """An entry whose place in the log is proven.

    Attributes:
        erased: how many personal values were forgotten.
    """

    role: str
    leaf: int
    writer: str
    sequence: int
    values: Mapping[str, Any]
    personal: tuple[Personal, ...]
    erased: int


@dataclass(slots=True, kw_only=True)
class EvidenceReport:
    """What became of an evidence file.

    Attributes:
        problems: sentences; none means that all holds.
        rests_on_given: the signature rests on a key that the reader gave, not on one that the
            file brought along.
    """

    call_id: str = ""
    is_dev: bool = False
    checkpoint: Checkpoint | None = None
    signed_by: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    rests_on_given: bool = False
    entries: list[ProvenEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Everything in the file holds."""
        return not self.problems


class _ShapeError(ValueError):
    """The document is not an evidence file."""


def verify_evidence(document: Any, keys: Iterable[VerifyKey] = ()) -> EvidenceReport:
    """Check an evidence document.

    Args:
        document: decoded JSON.
        keys: the ledger's keys as the reader knows them from elsewhere. Without any, the file's
            own count, and then the file only shows that it was not changed since it was signed
            by whoever holds them.
    """
    report = EvidenceReport()
    try:
        _check_fields(document, _FIELDS, "the file")
        _check_format(document)
        report.call_id = document["call_id"]
        checkpoint = _check_head(document, list(keys), report)
        for number, entry in enumerate(document["entries"], 1):
            _check_entry(entry, f"entry {number}", checkpoint, report)
    except (_ShapeError, NoteMalformedError) as error:
        report.problems.append(str(error))
        return report
    _check_whole(report)
    return report


def _check_format(document: Mapping[str, Any]) -> None:
    if document["format"] != FORMAT:
        raise _ShapeError(f"the file's format is not {FORMAT}")


def _check_head(
    document: Mapping[str, Any], given: list[VerifyKey], report: EvidenceReport
) -> Checkpoint:
    brought = [VerifyKey.parse(_to_text(key)) for key in document["keys"]]
    changes = [KeyChange.from_facts(_to_facts(one)) for one in document["key_changes"]]
    roots = given or brought
    trusted = get_trusted(roots, changes)
    checkpoint = read_checkpoint(document["checkpoint"])
    report.checkpoint = checkpoint
    report.rests_on = tuple(map(str, roots))
    report.rests_on_given = bool(given)
    report.is_dev = checkpoint.origin.startswith(DEV_ORIGIN)
    if document["environment"] != ("dev" if report.is_dev else "production"):
        report.problems.append("the environment is not the one of the ledger's origin")
    try:
        _, by = open_checkpoint(document["checkpoint"], trusted)
    except SignatureBadError as error:
        report.problems.append(str(error))
        return checkpoint
    report.signed_by = tuple(map(str, by))
    if not by:
        whose = "that was given" if given else "in the file"
        report.problems.append(f"no key {whose} signed the checkpoint")
    return checkpoint


def _check_entry(entry: Any, name: str, checkpoint: Checkpoint, report: EvidenceReport) -> None:
    _check_fields(entry, _ENTRY_FIELDS, name)
    chained = decode_base64(entry["chained"])
    path = [decode_base64(_to_text(step)) for step in entry["path"]]
    if not is_included(entry["leaf"], checkpoint.size, hash_entry(chained), path, checkpoint.root):
        report.problems.append(f"{name} is not leaf {entry['leaf']} of the signed tree")
    secrets = [_to_secret(one) for one in entry["personal"]]
    try:
        values = decode_values(chained, encode_personal(secrets) if secrets else b"")
    except EntryMalformedError as error:
        report.problems.append(f"{name}: {error}")
        return
    if _ROLES.get(entry["role"]) != values.kind:
        report.problems.append(f"{name} is no {entry['role']}")
    if report.call_id not in _get_calls(values):
        report.problems.append(f"{name} is of another call")
    report.entries.append(
        ProvenEntry(
            role=entry["role"],
            leaf=entry["leaf"],
            writer=values.writer,
            sequence=values.sequence,
            values=values.values,
            personal=values.personal,
            erased=secrets.count(None),
        )
    )


def _check_whole(report: EvidenceReport) -> None:
    leaves = [entry.leaf for entry in report.entries]
    if len(set(leaves)) != len(leaves):
        report.problems.append("the file shows one leaf twice")
    if not report.entries:
        report.problems.append("the file shows no entry")


def _get_calls(entry: EntryValues) -> set[str]:
    if entry.kind == NOTE:
        return {value for _, value in entry.values["facts"]}
    return {entry.values["call_id"]}


def _check_fields(value: Any, fields: Mapping[str, type], name: str) -> None:
    if not isinstance(value, dict) or set(value) != set(fields):
        raise _ShapeError(f"{name} does not have exactly the fields {', '.join(fields)}")
    for field_name, kind in fields.items():
        if type(value[field_name]) is not kind:
            raise _ShapeError(f"{field_name} of {name} is of another kind")


def _to_text(value: Any) -> str:
    if not isinstance(value, str):
        raise _ShapeError("something that should be a text is none")
    return value


def _to_facts(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or set(value) != {"key", "previous", "signature"}:
        raise _ShapeError("a key change has exactly the fields key, previous, signature")
    return {name: _to_text(one) for name, one in value.items()}


def _to_secret(value: Any) -> Personal | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"salt", "value"}:
        raise _ShapeError("a personal value has exactly the fields salt and value")
    return Personal("", decode_base64(_to_text(value["salt"])), _to_text(value["value"]))
