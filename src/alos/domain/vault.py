"""The vault's values: where a body stands, and what became of it."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from alos.domain.ids import BodyReference, CallId, WorkspaceId

_NAME: Final = re.compile(r"[A-Za-z0-9_@-]{1,128}")
_NO_REFERENCE: Final = "not a reference to a body"


REQUEST: Final = "request"
ANSWER: Final = "answer"
HELD: Final = "held"
"""A request that no model answered and that waits for a person."""
TOKENS: Final = "tokens"
"""What the tokens in a request stand for."""


def get_label(call_id: CallId, kind: str) -> str:
    """What a call's body is bound to: ``<call id>/request``, ``/answer`` or ``/held``."""
    return f"{call_id}/{kind}"


class Shelf(NamedTuple):
    """What shares one wrapping key, and so ends together.

    Attributes:
        retention_class: ``standard``, or a data class with a term of its own; with
            ``@<workflow>`` behind it where the workflow has a shorter term
            (:func:`alos.domain.retention.get_retention_class`).
        day: the UTC day on which the body came, ``YYYY-MM-DD``.
    """

    workspace: WorkspaceId
    retention_class: str
    day: str


def check_shelf(shelf: Shelf) -> None:
    """Let nothing but plain names and a real day become part of a file name.

    Raises:
        ValueError: a name holds anything but letters, digits, ``_``, ``-`` and ``@``.
    """
    if not (_NAME.fullmatch(shelf.workspace) and _NAME.fullmatch(shelf.retention_class)):
        raise ValueError("a shelf's names are letters, digits, _, - and @")
    if date.fromisoformat(shelf.day).isoformat() != shelf.day:
        raise ValueError("a shelf's day is written YYYY-MM-DD")


class Gone(StrEnum):
    """Why there is no body where a reference points."""

    ERASED = "erased"
    """Its key was destroyed: at the end of its retention, or at a person's request."""
    UNKNOWN = "unknown"
    """Nothing was ever stored there, or the file that held it is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedBodies:
    """What an erasure did.

    Attributes:
        erased: bodies whose key is destroyed now.
        held: left as they are, because a legal hold is on them.
        gone: erased before, or never there.
    """

    erased: int = 0
    held: int = 0
    gone: int = 0

    def __add__(self, other: "ErasedBodies") -> "ErasedBodies":
        """Both together."""
        return ErasedBodies(
            erased=self.erased + other.erased,
            held=self.held + other.held,
            gone=self.gone + other.gone,
        )


class BodyPlace(NamedTuple):
    """A reference taken apart: ``b1.<day>.<class>.<workspace>.<pack>.<slot>.<offset>``.

    Attributes:
        pack: the process that wrote it, eight hexadecimal digits.
        slot: number of the body's key in the pack.
        offset: where its frame begins in the pack's bodies, in bytes.
    """

    shelf: Shelf
    pack: str
    slot: int
    offset: int

    def write(self) -> BodyReference:
        """The reference."""
        workspace, retention_class, day = self.shelf
        return BodyReference(
            f"b1.{day}.{retention_class}.{workspace}.{self.pack}.{self.slot}.{self.offset}"
        )

    @classmethod
    def parse(cls, reference: str) -> "BodyPlace":
        """Take a reference apart.

        Raises:
            ValueError: it is none.
        """
        try:
            version, day, retention_class, workspace, pack, slot, offset = reference.split(".")
            shelf = Shelf(WorkspaceId(workspace), retention_class, day)
            check_shelf(shelf)
            place = cls(shelf, pack, int(slot), int(offset))
        except ValueError:
            raise ValueError(_NO_REFERENCE) from None
        if version != "b1" or place.write() != reference or not _NAME.fullmatch(pack):
            raise ValueError(_NO_REFERENCE)
        return place
