import random  # noqa: TID251 - seeded samples, not secrets
import sys
from importlib import resources
from pathlib import Path

import pytest

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.secrets import secrets_pack
from alos.checks.secrets_shapes import Shape, load_shapes

sys.path.insert(0, str(Path(__file__).parent))
from samples import draw

SOURCE = (resources.files("alos.data") / "rules" / "secrets.toml").read_text("utf-8")
SHAPES = load_shapes(SOURCE)


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return build_scanner([secrets_pack()])


def _sample(shape: Shape, rng: random.Random) -> tuple[str, int, int]:
    prefix = {
        "wireguard-private-key": "PrivateKey = ",
        "cloudinary-url": "cloudinary://",
        "azure-sas-signature": "sig=",
        "jwk-private-part": '"d":"',
    }
    suffix = {"cloudinary-url": "@cloud"}
    value = draw(shape.shape, rng)
    lead = f"our {shape.near[0]} token " if shape.near else "see "
    before = lead + prefix.get(shape.id, "")
    return before + value + suffix.get(shape.id, "") + " thanks", len(before), len(value)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one.id)
def test_every_shape_is_found_whole_in_plain_text(scanner: Scanner, shape: Shape) -> None:
    rng = random.Random(shape.id)  # noqa: S311 - seeded
    missed = 0
    for _ in range(40):
        text, start, length = _sample(shape, rng)
        spans = [(one.start, one.end) for one in scanner.scan(text)]
        missed += not any(a <= start and start + length <= b for a, b in spans)
    assert missed <= 1


@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one.id)
def test_no_shape_fires_on_a_filled_in_placeholder(scanner: Scanner, shape: Shape) -> None:
    rng = random.Random(shape.id)  # noqa: S311 - seeded
    text, start, length = _sample(shape, rng)
    value = text[start : start + length]
    head = value[: max(4, length // 3)]
    blank = head + "x" * (length - len(head))
    assert scanner.scan(f"set it to {blank} first") == ()


def test_rule_ids_are_unique() -> None:
    ids = [shape.id for shape in SHAPES]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 150
