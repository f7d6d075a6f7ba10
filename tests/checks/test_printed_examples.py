"""A word of an example inside a vendor's key is chance, unless the rest is no random text."""

import random  # noqa: TID251 - seeded samples, not secrets
import string

import pytest

from alos.checks.catalogue import build_scanner
from alos.checks.secrets import secrets_pack

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
