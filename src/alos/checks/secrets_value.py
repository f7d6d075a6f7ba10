"""Judges a value: does it look made by a machine, chosen by a person, or written as an example?"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

# Words that people write where a credential would stand.
_EXAMPLE = re.compile(
    r"example|placeholder|your[-_. ]?(?:own|api|key|token|secret|pass|project|account|client|"
    r"bot|app|db|name|org|aws|gcp|azure|openai|[a-z]+[-_ ](?:key|token|secret|pass))|"
    r"redacted|change[-_ ]?(?:me|this|it)|replace|insert|dummy|sample|foobar|xxxx|"
    r"\*\*\*|\.\.\.|…|•••|todo|fixme|not[-_ ]?(?:a[-_])?real|fake|secret[-_]?here|key[-_]?here|"
    r"goes[-_ ]?here|_here\b|-here\b|my[-_]?(?:api|secret|token|access|super|password)|"
    r"abcdefgh|12345678(?:9|$)|01234567|deadbeef|lorem|qwertyui|fill[-_ ]?(?:in|me)|"
    r"some[-_]?(?:api|secret|token|key|pass)|(?:test|mock|unused|invalid|none|null|undefined)$",
    re.IGNORECASE,
)
_SAME_RUN = re.compile(r"(.)\1{5}|(..)\2{4}|(...)\3{3}")

# The commonest pairs of letters in English prose and in names of things; random letters hit
# them about one time in five, words about four times in five.
_COMMON = (
    "thheineranrendatonnthaesstenedtoitoueahiisortiasteetngofaldeselesasiarveraldurroriioicme"
    "nelicelataelmacochectrusnoomdihocaacileesspeunnatuutlybeempoprgewaooapdoolloadspshaisosu"
    "idplamotiropmokeowminstspafiayulblabrsctosbobudaexfoaggrghclcrckevfafffrgagogiieifigimki"
    "knlumpmunincobodocovpiphqurdrmrnrtruryscskslsmtctyttucueuguiumupvaviwewhwiwoyeyoyskseyew"
    "efepdrbrauavawbabigufufejajojujeipivizzezaxtxpxa"
)
_PAIRS = frozenset(_COMMON[at : at + 2] for at in range(0, len(_COMMON), 2))


def is_placeholder(value: str) -> bool:
    """Tell whether `value` is written as an example or a gap, not as a credential."""
    return (
        _EXAMPLE.search(value) is not None
        or _SAME_RUN.search(value) is not None
        or len(set(value)) < min(8, len(value) // 2 + 1)
    )


def entropy_bits(value: str) -> float:
    """Return the Shannon entropy of the characters of `value`, in bits per character."""
    length = len(value)
    return -sum(n / length * math.log2(n / length) for n in Counter(value).values())


def wordiness(value: str) -> float:
    """Return the share of adjacent letter pairs that are common in words, 0 to 1."""
    lower = value.lower()
    pairs = [a + b for a, b in pairwise(lower) if a.isalpha() and b.isalpha()]
    if not pairs:
        return 0.0
    return sum(pair in _PAIRS for pair in pairs) / len(pairs)
