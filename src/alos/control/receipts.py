"""Holds a caller's receipt against the ledger: was what the gateway promised really kept?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alos.domain.ids import CallId
from alos.ledger.note import VerifyKey
from alos.ledger.receipt import Receipt, ReceiptMalformedError
from alos.ledger.tree import hash_entry
from alos.ports.ledger import Ledger

PATIENCE_NS: Final = 60_000_000_000
"""A promise younger than this may still be on its way to the ledger."""


class Kept(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    """The very entry that was promised is in the ledger."""
    OMITTED = "omitted"
    """It was promised and is not there: nobody but the gateway could have signed that."""
    WAITING = "waiting"
    """It is in the journal, or so young that it may be, and waits for the sealer."""
    FORGED = "forged"
    """None of the ledger's keys signed this receipt for this call."""
    MALFORMED = "malformed"
    """It is no receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReport:
    """What a receipt is worth.

    Attributes:
        leaf: position in the ledger, where it is kept.
        signed_at_unix_ns: when the gateway promised; ``None`` where that can't be read.
    """

    kept: Kept
    leaf: int | None = None
    signed_at_unix_ns: int | None = None

    @property
    def is_good(self) -> bool:
        """The promise was kept."""
        return self.kept is Kept.KEPT


def check_receipt(
    ledger: Ledger, text: str, call_id: str, *, keys: Sequence[VerifyKey], now_unix_ns: int
) -> ReceiptReport:
    """Look the promised leaf up (blocks).

    Args:
        ledger: where it has to be.
        text: the header or the stream's last comment gave it.
        call_id: the call that it was given for.
        keys: that the gateway may have signed with.
        now_unix_ns: a fresh promise gets a minute to arrive.

    Raises:
        StoreDown: the ledger can't be read.
    """
    try:
        receipt = Receipt.parse(text.strip())
    except ReceiptMalformedError:
        return ReceiptReport(kept=Kept.MALFORMED)
    at = receipt.signed_at_unix_ns
    if not receipt.is_signed(call_id, keys):
        return ReceiptReport(kept=Kept.FORGED, signed_at_unix_ns=at)
    leaf = ledger.find_leaf(receipt.leaf)
    if leaf is not None:
        return ReceiptReport(kept=Kept.KEPT, leaf=leaf, signed_at_unix_ns=at)
    waits = any(
        one.position is None and hash_entry(one.chained) == receipt.leaf
        for one in ledger.list_entries(CallId(call_id))
    )
    is_young = now_unix_ns - at < PATIENCE_NS
    kept = Kept.WAITING if waits or is_young else Kept.OMITTED
    return ReceiptReport(kept=kept, signed_at_unix_ns=at)
