import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.ledger.note import SigningKey
from alos.ledger.receipt import BatchReceipts, Receipt, ReceiptMalformedError
from alos.ledger.tree import Frontier, hash_leaf

KEY = SigningKey("alos/test", b"k" * 32)
OTHER = SigningKey("alos/test", b"o" * 32)
AT = 1_795_000_000_000_000_000


def make_batch(size: int) -> tuple[list[tuple[str, bytes]], BatchReceipts]:
    leaves = [(f"call_{number}", os.urandom(32)) for number in range(size)]
    return leaves, BatchReceipts(KEY, "w-1", AT, leaves)


@given(size=st.integers(1, 70), data=st.data())
def test_a_receipt_proves_its_entry_and_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves, batch = make_batch(size)
    receipt = Receipt.parse(batch.write(index))
    assert (receipt.leaf, receipt.writer) == (leaves[index][1], "w-1")
    assert (receipt.signed_at_unix_ns, receipt.size) == (AT, size)
    assert receipt.is_signed(leaves[index][0], [OTHER.verify_key, KEY.verify_key])
    assert not receipt.is_signed("call_other", [KEY.verify_key])
    assert not receipt.is_signed(leaves[index][0], [OTHER.verify_key])


@given(size=st.integers(1, 70))
def test_the_root_that_is_signed_is_that_of_rfc_6962(size: int) -> None:
    leaves, batch = make_batch(size)
    tree = Frontier()
    for call, leaf in leaves:
        tree.append(hash_leaf(call.encode() + b"\n" + leaf))
    assert batch.root == tree.root


def test_a_receipt_fits_into_a_header() -> None:
    _, batch = make_batch(64)
    text = batch.write(63)
    assert len(text) < 600
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize("text", ["", "v1.", "v2.AAAA", "v1.!!!!", "v1.AAAA", "v1." + "A" * 5000])
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(ReceiptMalformedError):
        Receipt.parse(text)


def test_a_changed_receipt_is_not_signed() -> None:
    _, batch = make_batch(3)
    text = batch.write(1)
    for at in range(3, len(text), 5):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        try:
            receipt = Receipt.parse(changed)
        except ReceiptMalformedError:
            continue
        assert not receipt.is_signed("call_1", [KEY.verify_key]), at
