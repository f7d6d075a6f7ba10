"""Fresh canaries are found, their twins pass, and no two of them are the same."""

import random  # noqa: TID251 - a seeded draw
import secrets

import pytest

from alos.checks.canaries import FAMILIES, make_canaries
from alos.checks.catalogue import build_scanner
from alos.checks.packs import standard_packs

SCANNER = build_scanner(standard_packs())
KIND = {"secrets": "secret", "pii": "pii", "injection": "injection"}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_fresh_canary_is_found_and_its_twin_passes(family: str) -> None:
    rng = random.Random(family)  # noqa: S311 - seeded
    for _ in range(60):
        for canary in make_canaries(family, rng.choice):
            assert KIND[family] in {one.kind for one in SCANNER.scan(canary.text)}, canary.name
            assert SCANNER.scan(canary.twin) == (), canary.name


def test_canaries_are_fresh() -> None:
    once, twice = (make_canaries("secrets", secrets.choice) for _ in range(2))
    assert not {one.text for one in once} & {one.text for one in twice}


def test_there_is_no_other_family() -> None:
    with pytest.raises(KeyError):
        make_canaries("everything", secrets.choice)
