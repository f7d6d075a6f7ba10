"""A word of an example inside a vendor's key is chance, unless the rest is no random text."""

import random  # noqa: TID251 - seeded samples, not secrets
import string
import sys
from pathlib import Path

import pytest

from alos.checks.catalogue import build_scanner
from alos.checks.secrets import secrets_pack
from alos.checks.secrets_value import is_placeholder

sys.path.insert(0, str(Path(__file__).parent))
import corpus_fourth_vendors
from samples import draw

SCANNER = build_scanner([secrets_pack()])
ALPHABET = string.ascii_letters + string.digits + "-_"
BODY, TAIL = 93, "AA"


@pytest.mark.parametrize("word", ["todo", "fake", "xxxx", "FAKE"])
def test_a_random_key_that_happens_to_spell_a_word_is_still_found(word: str) -> None:
    rng = random.Random(word)  # noqa: S311 - seeded
    found = 0
    for _ in range(200):
        body = "".join(rng.choice(ALPHABET) for _ in range(BODY))
        at = rng.randrange(2, BODY - len(word))
        planted = body[:at] + word + body[at + len(word) :]
        found += bool(SCANNER.scan(f"use sk-ant-api03-{planted}{TAIL} now"))
    assert found >= 196


@pytest.mark.parametrize(
    "body", ["x" * BODY, "your-key-here-" + "x" * (BODY - 14), "todo" * 23 + "1"]
)
def test_a_gap_in_a_vendors_shape_stays_a_gap(body: str) -> None:
    assert not SCANNER.scan(f"use sk-ant-api03-{body}{TAIL} now")


@pytest.mark.parametrize(
    "vendor",
    [one for one in corpus_fourth_vendors.VENDORS if one.everyday],
    ids=lambda one: one.id,
)
def test_no_key_is_missed_because_of_a_word_it_spells_by_chance(
    vendor: corpus_fourth_vendors.Vendor,
) -> None:
    rng = random.Random(vendor.id)  # noqa: S311 - seeded
    for _ in range(400):
        value = draw(vendor.shape, rng)
        assert SCANNER.scan(f"{vendor.names[0]}={value}\n") or not is_placeholder(value)


@pytest.mark.parametrize("mark", ["todo", "fake", "xxxx", "777777", "aaaaaaa"])
def test_a_chance_word_hides_no_value_under_a_name(mark: str) -> None:
    rng = random.Random(mark)  # noqa: S311 - seeded
    for _ in range(100):
        value = "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(40))
        at = rng.randrange(1, 38)
        assert SCANNER.scan(f"SERVICE_API_KEY={value[:at]}{mark}{value[at:]}\n")


@pytest.mark.parametrize(
    "value", ["todo-add-the-real-key-later-on", "fake0fake1fake2fake3fake4", "xxxx" * 9, "7" * 40]
)
def test_what_is_written_as_an_example_stays_one(value: str) -> None:
    assert not SCANNER.scan(f"SERVICE_API_KEY={value}\n")
