import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.ledger.encoding import encode_entry
from alos.ledger.tree import (
    EMPTY_ROOT,
    TILE_LEVELS,
    Frontier,
    GetNode,
    TiledNodes,
    hash_complete,
    hash_entry,
    hash_leaf,
    hash_range,
    prove_consistency,
    prove_inclusion,
)
from tests.store.samples import make_closing, make_opening, to_version_1

VECTORS = Path(__file__).parents[2] / "docs/reference/vectors/ledger-tree.json"

_leaves = st.lists(st.binary(max_size=4), min_size=1, max_size=70)


def naive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def nodes_of(leaves: list[bytes]) -> GetNode:
    """A reader that has every level, and refuses a subtree that is not complete."""
    hashes = [hash_leaf(leaf) for leaf in leaves]

    def get_node(level: int, index: int) -> bytes:
        part = hashes[index << level : (index + 1) << level]
        assert len(part) == 1 << level
        return hash_complete(part)

    return get_node


def grow(leaves: list[bytes]) -> Frontier:
    tree = Frontier()
    for leaf in leaves:
        tree.append(hash_leaf(leaf))
    return tree


def get_vectors() -> dict[str, Any]:
    return dict(json.loads(VECTORS.read_text(encoding="utf-8")))


def test_an_empty_tree_has_the_head_of_nothing() -> None:
    assert Frontier().root == EMPTY_ROOT == naive_root([])
    assert hash_range(0, 0, nodes_of([])) == EMPTY_ROOT


def test_the_published_heads_of_one_to_eight_leaves_come_out() -> None:
    vectors = get_vectors()
    leaves = [bytes.fromhex(leaf) for leaf in vectors["leaves"]]
    for size, root in enumerate(vectors["roots"]):
        assert grow(leaves[:size]).root.hex() == root
        assert hash_range(0, size, nodes_of(leaves)).hex() == root


def test_the_published_proofs_come_out() -> None:
    vectors = get_vectors()
    leaves = [bytes.fromhex(leaf) for leaf in vectors["leaves"]]
    for one in vectors["inclusion"]:
        path = prove_inclusion(one["index"], one["size"], nodes_of(leaves))
        assert [step.hex() for step in path] == one["path"]
    for one in vectors["consistency"]:
        path = prove_consistency(one["old"], one["new"], nodes_of(leaves))
        assert [step.hex() for step in path] == one["path"]


@given(leaves=_leaves)
def test_a_grown_tree_has_the_head_of_the_definition(leaves: list[bytes]) -> None:
    assert grow(leaves).root == naive_root(leaves)
    assert hash_range(0, len(leaves), nodes_of(leaves)) == naive_root(leaves)


@given(leaves=_leaves, data=st.data())
def test_proofs_are_those_of_the_definition(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    old = data.draw(st.integers(1, len(leaves)))
    nodes = nodes_of(leaves)
    assert prove_inclusion(index, len(leaves), nodes) == naive_path(index, leaves)
    assert prove_consistency(old, len(leaves), nodes) == naive_subproof(old, leaves, whole=True)


@given(leaves=_leaves, at=st.integers(0, 70))
def test_a_tree_that_is_taken_up_again_grows_on_as_if_never_left(
    leaves: list[bytes], at: int
) -> None:
    first = min(at, len(leaves))
    tree = Frontier.load(first, nodes_of(leaves))
    for leaf in leaves[first:]:
        tree.append(hash_leaf(leaf))
    assert tree.root == naive_root(leaves)


@given(tiles=st.integers(0, 9), more=st.integers(0, 3))
def test_whole_subtrees_may_be_added_at_once(tiles: int, more: int) -> None:
    leaves = [bytes([number]) for number in range(tiles * 4 + more)]
    tree = Frontier()
    for tile in range(tiles):
        hashes = [hash_leaf(leaf) for leaf in leaves[tile * 4 : tile * 4 + 4]]
        assert tree.append_complete(hash_complete(hashes), 2)[0] == hash_complete(hashes)
    for leaf in leaves[tiles * 4 :]:
        tree.append(hash_leaf(leaf))
    assert tree.root == naive_root(leaves)


def test_a_subtree_is_added_only_where_one_begins() -> None:
    tree = grow([b"a"])
    with pytest.raises(ValueError, match="begins"):
        tree.append_complete(bytes(32), 1)


def test_every_eighth_level_is_enough_to_answer_for_all() -> None:
    leaves = [number.to_bytes(3, "big") for number in range(70_000)]
    stored: dict[int, list[bytes]] = {0: [], 8: [], 16: []}
    tree = Frontier()
    for leaf in leaves:
        stored[0].append(hash_leaf(leaf))
        for level, node in enumerate(tree.append(stored[0][-1]), 1):
            if level % TILE_LEVELS == 0:
                stored[level].append(node)
    tiled = TiledNodes(lambda level, begin, end: stored[level][begin:end])
    assert len(stored[16]) == 1
    assert hash_range(0, len(leaves), tiled) == tree.root
    whole = nodes_of(leaves)
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        assert prove_inclusion(index, 70_000, tiled) == prove_inclusion(index, 70_000, whole)


def test_a_leaf_is_the_schema_version_and_the_chained_bytes() -> None:
    opening = encode_entry(make_opening("call_1"), "w-1", 0)[0]
    assert hash_entry(opening) == sha256(b"\x00\x02" + opening).digest()
    first = to_version_1(opening)
    assert hash_entry(first) == sha256(b"\x00\x01" + first).digest()
    chained, _ = encode_entry(make_closing("call_1"), "w-1", 3)
    assert hash_entry(chained) == sha256(b"\x00\x02" + chained).digest()
    first = to_version_1(chained)
    assert hash_entry(first) == sha256(b"\x00\x01" + first).digest()


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_is_made_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        prove_inclusion(index, size, nodes_of([b"a", b"b", b"c"]))


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_no_proof_is_made_for_an_earlier_tree_that_is_not_earlier(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no tree"):
        prove_consistency(old, new, nodes_of([b"a", b"b", b"c"]))


def test_a_frontier_with_peaks_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier(3, [bytes(32)])
