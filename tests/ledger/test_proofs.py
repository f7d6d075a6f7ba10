import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.ledger.proofs import get_head_by_inclusion, is_consistent, is_included
from alos.ledger.tree import hash_leaf, hash_range, prove_consistency, prove_inclusion
from tests.ledger.test_tree import VECTORS, nodes_of

_sizes = st.integers(1, 80)


def leaves_of(size: int) -> list[bytes]:
    return [bytes([number]) for number in range(size)]


def get_vectors() -> dict[str, Any]:
    return dict(json.loads(VECTORS.read_text(encoding="utf-8")))


def test_the_published_proofs_hold() -> None:
    vectors = get_vectors()
    roots = [bytes.fromhex(root) for root in vectors["roots"]]
    leaves = [hash_leaf(bytes.fromhex(leaf)) for leaf in vectors["leaves"]]
    for one in vectors["inclusion"]:
        path = [bytes.fromhex(step) for step in one["path"]]
        index, size = one["index"], one["size"]
        assert is_included(index, size, leaves[index], path, roots[size])
    for one in vectors["consistency"]:
        path = [bytes.fromhex(step) for step in one["path"]]
        old, new = one["old"], one["new"]
        assert is_consistent(old, new, roots[old], roots[new], path)


@given(size=_sizes, data=st.data())
def test_a_proof_holds_for_its_leaf_and_place_and_for_no_other(
    size: int, data: st.DataObject
) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    leaves, nodes = leaves_of(size), nodes_of(leaves_of(size))
    root = hash_range(0, size, nodes)
    path = prove_inclusion(index, size, nodes)
    assert is_included(index, size, hash_leaf(leaves[index]), path, root)
    if other != index:
        assert not is_included(index, size, hash_leaf(leaves[other]), path, root)
        assert not is_included(other, size, hash_leaf(leaves[index]), path, root)


@given(size=_sizes, data=st.data())
def test_a_proof_that_is_changed_anywhere_does_not_hold(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, nodes = hash_leaf(leaves_of(size)[index]), nodes_of(leaves_of(size))
    root = hash_range(0, size, nodes)
    path = prove_inclusion(index, size, nodes)
    for number in range(len(path)):
        changed = [*path]
        changed[number] = bytes([changed[number][0] ^ 1]) + changed[number][1:]
        assert not is_included(index, size, leaf, changed, root)
        assert not is_included(index, size, leaf, path[:number] + path[number + 1 :], root)
    assert not is_included(index, size, leaf, [*path, bytes(32)], root)


@given(new=_sizes, data=st.data())
def test_an_earlier_tree_is_told_from_one_with_another_leaf(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    leaves = leaves_of(new)
    nodes = nodes_of(leaves)
    path = prove_consistency(old, new, nodes)
    old_root, new_root = hash_range(0, old, nodes), hash_range(0, new, nodes)
    assert is_consistent(old, new, old_root, new_root, path)
    forged = [*leaves]
    forged[changed] = b"another"
    forged_root = hash_range(0, old, nodes_of(forged))
    assert not is_consistent(old, new, forged_root, new_root, path)
    for number in range(len(path)):
        assert not is_consistent(old, new, old_root, new_root, path[:number] + path[number + 1 :])


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_head(index: int, size: int) -> None:
    assert get_head_by_inclusion(index, size, bytes(32), []) is None


def test_no_tree_follows_from_an_empty_proof() -> None:
    assert not is_consistent(3, 5, bytes(32), bytes(32), [])
    assert not is_consistent(0, 5, bytes(32), bytes(32), [])
    assert not is_consistent(6, 5, bytes(32), bytes(32), [])
    assert not is_consistent(5, 5, bytes(32), b"\x01" * 32, [])
