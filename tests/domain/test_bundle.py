"""A bundle's digest is the published one, and any change of a byte changes it."""

import base64
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alos.domain.bundle import build_manifest, compute_digest, encode_manifest, to_manifest_path

VECTORS = json.loads(
    (Path(__file__).parents[2] / "docs/reference/vectors/bundle-digest.json").read_text("utf-8")
)
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="/\\"),
    min_size=1,
    max_size=12,
).filter(lambda name: unicodedata.normalize("NFC", name) not in {".", ".."})
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=40), min_size=1, max_size=6)


def are_distinct(names: object) -> bool:
    listed = list(names)  # type: ignore[call-overload]  # any iterable of names
    return len({unicodedata.normalize("NFC", name) for name in listed}) == len(listed)


@pytest.mark.parametrize("vector", VECTORS["bundle_digest"], ids=lambda vector: vector["name"])
def test_a_published_vector_is_reproduced(vector: dict[str, object]) -> None:
    files = {path: base64.b64decode(raw) for path, raw in dict(vector["files"]).items()}  # type: ignore[call-overload]  # JSON
    manifest = build_manifest(files)
    assert encode_manifest(manifest).decode() == vector["manifest"]
    assert compute_digest(manifest) == vector["digest"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_a_path_that_no_manifest_may_hold_is_refused(vector: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match=r"path"):
        build_manifest(dict.fromkeys(vector["paths"], b""))


def test_a_name_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(ValueError, match="Unicode"):
        to_manifest_path("prompts/\udcff.md")


@given(CONTENTS)
def test_the_order_of_reading_does_not_matter(contents: dict[str, bytes]) -> None:
    assume(are_distinct(contents))
    reversed_contents = dict(reversed(contents.items()))
    assert build_manifest(contents) == build_manifest(reversed_contents)


@given(CONTENTS, st.data())
def test_one_changed_byte_changes_the_digest(
    contents: dict[str, bytes], data: st.DataObject
) -> None:
    assume(are_distinct(contents))
    path = data.draw(st.sampled_from(sorted(contents)))
    changed = data.draw(st.binary(max_size=40).filter(lambda raw: raw != contents[path]))
    before = compute_digest(build_manifest(contents))
    assert compute_digest(build_manifest({**contents, path: changed})) != before


@given(CONTENTS, NAMES)
def test_a_moved_file_changes_the_digest(contents: dict[str, bytes], name: str) -> None:
    assume(are_distinct([*contents, name]))
    before = compute_digest(build_manifest(contents))
    first, *rest = contents
    moved = {name: contents[first], **{path: contents[path] for path in rest}}
    assert compute_digest(build_manifest(moved)) != before
