import base64
import random  # noqa: TID251 - seeded samples, not secrets
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.disguise import CHARACTER_MARKS, RUN_MARKS
from alos.checks.secrets import secrets_pack

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _key() -> str:
    rng = random.Random(7)  # noqa: S311 - seeded
    return "gsk_" + "".join(rng.choices(ALPHABET, k=52))


def _percent(text: str) -> str:
    return "".join(f"%{ord(character):02X}" for character in text)


def _wide(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "base64": lambda key: base64.b64encode(f"groq {key} end".encode()).decode(),
    "urlsafe base64": lambda key: base64.urlsafe_b64encode(f"x={key}".encode()).decode(),
    "base64 twice": lambda key: base64.b64encode(base64.b64encode(key.encode())).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "escaped bytes": lambda key: "".join(f"\\x{ord(character):02x}" for character in key),
    "percent": _percent,
    "percent of the odd ones": lambda key: quote(key, safe="").replace("_", "%5F"),
    "html": lambda key: "".join(f"&#{ord(character)};" for character in key),
    "html hexadecimal": lambda key: "".join(f"&#x{ord(character):x};" for character in key),
    "html name": lambda key: key.replace("_", "&lowbar;"),
    "json": lambda key: "".join(f"\\u{ord(character):04x}" for character in key),
    "zero width": "\u200b".join,
    "soft hyphen": lambda key: key[:20] + "\u00ad" + key[20:],
    "full width": _wide,
    "look-alike": lambda key: key.replace("gsk", "g\u0455k", 1),
    "look-alikes": lambda key: key.replace("o", "\u043e").replace("a", "\u0430"),
    "mathematical": lambda key: "".join(
        chr(0x1D5D4 + ord(one) - 65) if "A" <= one <= "Z" else one for one in key
    ),
}


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return build_scanner([secrets_pack()])


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_key_is_found_and_its_span_is_the_disguise(
    scanner: Scanner, name: str
) -> None:
    key = _key()
    disguised = DISGUISES[name](key)
    text = f"please look: {disguised} thanks"
    found = scanner.scan(text)
    assert found
    start = text.index(disguised)
    assert start <= found[0].start
    assert found[0].end <= start + len(disguised)
    assert found[0].end - found[0].start >= len(disguised) * 0.6


def test_an_ordinary_text_bears_no_mark() -> None:
    text = "Ordinary prose, a dash \u2013 here\u2014and 90% of na\u00efve caf\u00e9s; it's fine."
    data = text.encode()
    assert [
        one.name
        for one in (*RUN_MARKS, *CHARACTER_MARKS)
        if re.search(one.expression.encode("latin-1"), data)
    ] == []


def test_cyrillic_prose_is_not_taken_for_a_disguise(scanner: Scanner) -> None:
    assert scanner.scan("\u041f\u0430\u0440\u043e\u043b\u044c \u043d\u0430\u0434\u043e") == ()


@given(st.text(max_size=300))
def test_every_view_maps_into_the_text_it_came_from(text: str) -> None:
    for mark in (*RUN_MARKS, *CHARACTER_MARKS):
        for view in mark.views(text):
            for first in range(len(view.text)):
                start, end = view.locate(first, first + 1)
                assert 0 <= start <= end <= len(text)
