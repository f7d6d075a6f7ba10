"""Draws random strings from regular expressions, so that the repository holds no credential."""

import random  # noqa: TID251 - seeded samples, not secrets
import re._constants as codes
import re._parser as parser
import string
from typing import Any

_ALPHABET = string.ascii_letters + string.digits + string.punctuation


def draw(shape: str, rng: random.Random) -> str:
    """Return a random string that `shape` (a subset of `re`) matches in full."""
    return "".join(_draw(token, rng) for token in parser.parse(shape))


def _draw(token: tuple[Any, Any], rng: random.Random) -> str:
    code, value = token
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.IN:
        return rng.choice(_members(value))
    if code is codes.MAX_REPEAT:
        low, high, inner = value
        count = rng.randint(low, min(high, low + 12))
        return "".join(_draw(one, rng) for _ in range(count) for one in inner)
    if code is codes.BRANCH:
        return "".join(_draw(one, rng) for one in rng.choice(value[1]))
    if code is codes.SUBPATTERN:
        return "".join(_draw(one, rng) for one in value[3])
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return ""
    raise NotImplementedError(code)


def _members(items: list[tuple[Any, Any]]) -> list[str]:
    members = set()
    negated = False
    for code, value in items:
        if code is codes.NEGATE:
            negated = True
        elif code is codes.LITERAL:
            members.add(chr(value))
        elif code is codes.RANGE:
            members.update(map(chr, range(value[0], value[1] + 1)))
    if negated:
        members = set(string.ascii_letters + string.digits + "-_.~%&=") - members
    return sorted(members)
