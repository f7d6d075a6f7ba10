"""Judges a value: does it look made by a machine, chosen by a person, or written as an example?"""

from __future__ import annotations

import math
import re
from collections import Counter
from operator import add

import re2  # type: ignore[import-untyped]  # ships no stubs

# Words that people write where a credential would stand, and the openings of values that standards
# and vendors' manuals print (RFC 6749, 6750, 7617, 7519 among them).
_EXAMPLE = re2.compile(
    r"(?i)(?:"
    r"example|placeholder|your[-_. ]?(?:own|api|key|token|secret|pass|project|account|client|"
    r"bot|app|db|name|org|aws|gcp|azure|openai|"
    r"[a-z]+[-_ ](?:key|token|secret|pass))|"
    r"redacted|change[-_ ]?(?:me|this|it)|replace|insert|dummy|sample|foobar|xxxx|"
    r"\*\*\*|\.\.\.|…|•••|todo|fixme|not[-_ ]?(?:a[-_])?real|fake|secret[-_]?here|key[-_]?here|"
    r"goes[-_ ]?here|_here\b|-here\b|my[-_]?(?:api|secret|token|access|super|password)|"
    r"abcdefgh|abcd[-_]?1234|1234[-_]?abcd|12345678(?:9|$)|01234567|deadbeef|lorem|qwertyui|"
    r"fill[-_ ]?(?:in|me)|"
    r"some[-_]?(?:api|secret|token|key|pass)|(?:test|mock|unused|invalid|none|null|undefined)$|"
    r"2YotnFZFE|tGzv3JOkF|7Fjfp0ZBr|mF_9\.B5f|SlAV32hkKG|h480djs93|SplxlOBeZ|czZCaGRSa|gX1fBat3b|QWxhZGRpb|dGVzdDp0Z|"
    r"dXNlcjpwY|YWRtaW46YWRtaW4|SflKxwRJS|4eC39HqLy|BQokikJOv|TJVA95OrM|wJalrXUtn|je7MtGbCl|"
    r"dpf43f3p2l|hh5s93j4hd|nnch734d00|pfkkdhi9sl|kkk9d7dh3k|A3ddj3w)",
)
_SAME_RUN = re.compile(r"(.)\1{5}|(.)(.)(?:\2\3){4}|(.)(.)(.)(?:\4\5\6){3}")

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


_TELLING = 120  # characters of a long value that are enough to judge it by


def is_placeholder(value: str) -> bool:
    """Tell whether `value` is written as an example or a gap, not as a credential.

    About one random key in four thousand spells `todo` or `fake` or repeats a digit six times. So
    one such mark does not count where the rest of the value was drawn by a machine.
    """
    return _is_written(value) and not _is_chance(value)


def _is_written(value: str) -> bool:
    if len(value) > _TELLING:
        value = value[: _TELLING - 24] + value[-24:]
    return (
        len(set(value)) < min(8, len(value) // 3 + 2)
        or _EXAMPLE.search(value) is not None
        or _SAME_RUN.search(value) is not None
    )


_BY_CHANCE = 5  # characters; a longer word does not come up in random ones
_RUN_BY_CHANCE = 8  # characters of a repeated one
_SHORTEST_REST = 20


def _is_chance(value: str) -> bool:
    """Tell whether one short word or one run in `value` is all that makes it look written."""
    if len(value) < _SHORTEST_REST + 3:
        return False
    word = _EXAMPLE.search(value)
    run = _LONG_RUN.search(value)
    if word is not None and len(word[0]) <= _BY_CHANCE:
        first, last = word.span()
    elif word is None and run is not None and len(run[0]) <= _RUN_BY_CHANCE:
        first, last = run.span()
    else:
        return False
    before, after = value[:first], value[last:]
    rest = before + after
    if len(rest) < _SHORTEST_REST or _is_written(rest):
        return False
    return looks_random(rest) and not any(
        wordiness(side) > _WORDY_BESIDE
        for side in (before[-8:], after[:8])
        if len(side) >= _SIDE and (side.isalpha() and (side.islower() or side.isupper()))
    )


_LONG_RUN = re.compile(r"(.)\1{5,}")
_WORDY_BESIDE = 0.8
_SIDE = 6  # letters beside the mark that are enough to read them as words


_CHAIN = re.compile(r"(?=[^\s\"'`,;<>|)}\]&]{64})[=:(]{0,3}(?:[\w.\-]{0,40}[=:(]{1,3}){3}")


def is_chain(text: str, start: int) -> bool:
    """Tell whether names and their signs go on at `start`, as in `key=key=key=…`.

    The last of them may have a value; none of the others does, and judging each would cost the
    square of their number.
    """
    return _CHAIN.match(text, start) is not None


def entropy_bits(value: str) -> float:
    """Return the Shannon entropy of the characters of `value`, in bits per character."""
    length = len(value)
    counts = Counter(value).values()
    return math.log2(length) - sum(n * math.log2(n) for n in counts if n > 1) / length


def wordiness(value: str) -> float:
    """Return the share of adjacent letter pairs that are common in words, 0 to 1."""
    lower = value.lower()
    pairs = len(_PAIR.findall(lower))
    if not pairs:
        return 0.0
    return sum(map(_PAIRS.__contains__, map(add, lower, lower[1:]))) / pairs


_PAIR = re.compile(r"[a-z](?=[a-z])")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?(?:[0-9a-f]+|[0-9A-F]+)")
_STEP = re.compile(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])|[a-z](?=[A-Z])")
_SEPARATED = re.compile(r"[-_./+]")


_LICENSE = re.compile(r"(?=.*[0-9])(?:[A-Z0-9]{4,8}-){2,6}[A-Z0-9]{4,8}")


_OBJECT_ID = re.compile(
    r"(?:cus|evt|in|pi|ch|sub|si|price|prod|plan|req|acct|txn|seti|pm|card|src|cs|usr|user|org|proj|"
    r"msg|run|thread|asst|file|call|resp|chatcmpl|cmpl|batch|ft|ftjob|job|team|chan|conv|item|ord|"
    r"order|inv|pod|node|vol|vpc|subnet|sg|i|ami|snap|eni|build|trace|span|step|toolu|tool|"
    r"wrkspc|wksp|workspace|agent|skill|env|deployment|session)[_-]"
    r"[A-Za-z0-9]{6,40}|[\w.\-]+\.(?:whl|gz|tgz|zip|js|css|map|png|jpe?g|svg|json|html?|pdf|jar|tar|txt|"
    r"py|md|xml|ya?ml|lock|log|woff2?)"
)


def is_object_id(value: str) -> bool:
    """Tell whether `value` is the id of a thing (`cus_…`, `chatcmpl-…`) or a file's name."""
    return _OBJECT_ID.fullmatch(value) is not None


_WORD_PART = re.compile(r"[A-Z]?[a-z]{3,}")
_MOSTLY = 0.55


def is_camel_name(value: str) -> bool:
    """Tell whether `value` is an identifier made mostly of words (`OAuth2TokenMixin`)."""
    words = sum(map(len, _WORD_PART.findall(value)))
    return words >= _MOSTLY * len(value) and value.isidentifier()


def is_license(value: str) -> bool:
    """Tell whether `value` has the form of a licence key, `XXXXX-XXXXX-XXXXX`."""
    return _LICENSE.fullmatch(value) is not None and len(set(value)) > _FEWEST_DISTINCT


def is_uuid(value: str) -> bool:
    """Tell whether `value` is a UUID in its usual form."""
    return _UUID.fullmatch(value) is not None


def is_hex(value: str) -> bool:
    """Tell whether `value` has only hexadecimal digits of one case."""
    return _HEX.fullmatch(value) is not None


def step_count(value: str) -> int:
    """Return how often `value` changes between letters and digits, or to a capital."""
    return len(_STEP.findall(value))


def looks_random(value: str) -> bool:
    """Tell whether a machine drew the characters of `value` (16 or more of them).

    Names, paths, versions, dates and words joined by separators are not random; a UUID counts
    as random here, hexadecimal too, so the caller excludes those where they are ordinary.
    """
    if len(value) < _SHORTEST_RANDOM or not _DIGIT.search(value) or not _LETTER.search(value):
        return _is_random_letters(value)
    if is_hex(value):
        return len(set(value)) >= _FEWEST_DISTINCT and entropy_bits(value) >= _LEAST_ENTROPY
    steps = len(_STEP.findall(value))
    if steps < max(3, len(value) // 12) or len(set(value)) < _FEWEST_DISTINCT:
        return False
    if _DENSE_STEPS * steps >= len(value) and _PLAIN.fullmatch(value):
        return entropy_bits(value) >= _LEAST_ENTROPY
    if value.count("_") > 2 and sum(map(str.isdigit, value)) < len(value) // 12:  # noqa: PLR2004
        return False
    if _HEX_PART.search(value):
        return True
    return (
        _MIXED_PART.search(value) is not None
        and entropy_bits(value) >= _LEAST_ENTROPY
        and wordiness(value) < _WORDY
    )


_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")
_SHORTEST_RANDOM = 16
_FEWEST_DISTINCT = 8
_LEAST_ENTROPY = 2.9
# Five characters in a row that change between letters and digits, or between the cases.
_HEX_PART = re.compile(
    r"(?=[0-9a-f]*[0-9][0-9a-f]*[a-f])(?=[0-9a-f]*[a-f][0-9a-f]*[0-9])[0-9a-f]{24}"
)
_MIXED_PART = re.compile(
    r"(?=[A-Za-z0-9]{5})[A-Za-z0-9]{0,8}(?:[a-z][0-9A-Z]|[0-9][A-Za-z])[A-Za-z0-9]{0,8}",
)
_WORDY = 0.66
_DENSE_STEPS = 3  # characters for each change of class; words and names never change so often
_PLAIN = re.compile(r"[A-Za-z0-9+/]+=*")
_RANDOM_LETTERS = 24
_WORDY_LETTERS = 0.5


def _is_random_letters(value: str) -> bool:
    """Tell whether letters alone (a token without a digit) are of mixed case and no words."""
    return (
        len(value) >= _RANDOM_LETTERS
        and value.isalpha()
        and not value.islower()
        and not value.isupper()
        and len(_STEP.findall(value)) >= len(value) // 8
        and wordiness(value) < _WORDY_LETTERS
    )


_FILLERS = frozenset(
    re.findall(
        r"\S+",
        "scott tiger "
        "password passwd pass secret token key admin root user username sample test testing "
        "postgres mysql guest default none null true false string str required optional hidden "
        "value "
        "change changeme mypassword yourpassword empty unknown foo bar baz qux demo pwd redis "
        "rabbitmq mongo mongodb minio minioadmin bearer basic undefined example any text number "
        "object bytes self prompt env vault file stdin disabled enabled yes no on off auto "
        "anonymous public private postgresql mariadb oracle elastic kibana grafana airflow "
        "superset keycloak odoo wordpress django flask passphrase credentials credential "
        "supersecret topsecret mysecret mytoken mykey s3cr3t username:password user:pass "
        "user:password whatever apikey api_key api-key token123 secret123 password1 passwor"
        "d123 pass123 "
        "test123 test1234 admin123 foo123 abc123 user1 pass1 pass1234 123456 12345678 secretkey "
        "secret-key secret_key hunter",
    ),
)
_CODE = re.compile(
    r"\$\{|\$\(|\{\{|<%|%\(|^\$[A-Za-z_]\w*$|\$[A-Z][A-Z_]{2,}(?![A-Za-z0-9])|process\.env|os\.environ|getenv|[A-Za-z_]\w*\(|\w\[|"
    r"^(?:self|this|cls|args|kwargs|config|settings|cfg|opts?|options|params|request|req|env|ctx|"
    r"data|props|state|secrets|vars?|local|module|each|steps|github|inputs|needs|event|user|"
    r"account|credentials?|response|res|resp|result|process|sys|app|values?)\.|"
    r"^[a-z_]{4,}\.[a-z_]{4,}\.[A-Za-z_]\w*$|^<[^>]*>?|^\[|#\{|^%[A-Z_]+%$|^@[A-Za-z_.]+$|^&[a-z]+;|^\*+$|^[A-Z][A-Z0-9]*_[A-Z0-9_]+$|"
    r"^!(?:vault|Ref|Sub|GetAtt|ImportValue|env|secret|reference)|->|=>|\|\||::|\\w|\\d|\.\*|\(\?|^__|"
    r"\]\{|\{\d|\]\+|\]\*|^--?[a-z]",
)
_ORDINARY = re.compile(
    r"[a-z][a-z0-9+.-]*://\S*|[\w.+-]+@[\w-]+\.[\w.-]+|v?\d+(?:[.:/,-]\d+)*[a-z%]{0,3}|"
    r"(?:\.{0,2}/)?(?:[\w.@-]+/)+[\w.@-]*|[\w-]+\.(?:[a-z]{2,5}|[a-z]+\d)|"
    r"arn:aws[a-z-]*:\S*|projects/\S*|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,12}(?::\d+)?|"
    r"[A-Za-z_]+(?:[-_./][A-Za-z_]+)*[.:;,!?]?|#[0-9a-fA-F]{3,8}|[A-Za-z]+-\d{1,5}",
)


def is_code(value: str) -> bool:
    """Tell whether `value` is a reference or an expression (`${X}`, `os.environ[…]`, `f(x)`)."""
    if _CODE.search(value) is not None:
        return True
    path, _, name = value.rpartition(".")
    return path.isidentifier() and _CAMEL_NAME.fullmatch(name) is not None


_CAMEL_NAME = re.compile(r"[A-Z]+[0-9]*(?:[A-Z]*[a-z]{2,}[0-9]*){1,6}")


def is_dense(value: str) -> bool:
    """Tell whether `value` is long and full of different symbols, as generators write them."""
    symbols = [c for c in value if not c.isalnum()]
    return (
        len(value) >= _DENSE_LENGTH
        and len(symbols) >= _DENSE_SYMBOLS
        and len(set(symbols)) >= _DENSE_KINDS
        and entropy_bits(value) >= _DENSE_ENTROPY
        and _DIGIT.search(value) is not None
        and wordiness(value) < _WORDY_LETTERS
    )


_DENSE_LENGTH, _DENSE_SYMBOLS, _DENSE_KINDS, _DENSE_ENTROPY = 20, 5, 4, 4.0


def is_shuffled(value: str) -> bool:
    """Tell whether `value` is letters whose case changes too often for a name."""
    letters = _SEPARATED.sub("", value)
    return (
        letters.isalpha()
        and letters.isascii()
        and 4 * len(_CASE.findall(letters)) >= len(letters)
        and _CAMEL.fullmatch(letters) is None
        and wordiness(letters) < _WORDY_SHUFFLED
    )


_WORDY_SHUFFLED = 0.6
_CAMEL = re.compile(r"[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,})+")
_CASE = re.compile(r"[a-z](?=[A-Z])|[A-Z](?=[a-z])")


def is_ordinary(value: str) -> bool:
    """Tell whether `value` is a word, a name, a number, a path, a URL or an address."""
    return _ORDINARY.fullmatch(value) is not None


def is_filler(value: str) -> bool:
    """Tell whether `value` is a word that stands in tutorials where a password would."""
    return value.lower() in _FILLERS


def is_word_and_number(value: str) -> bool:
    """Tell whether `value` is a capitalised word, a mark and a number, as people build them."""
    return _WORD_AND_NUMBER.fullmatch(value) is not None and not _ABOUT_ITSELF.search(value)


_WORD_AND_NUMBER = re.compile(r"[A-Z][a-z]{3,}[-_.+]\d{2,4}")


def is_passphrase(value: str) -> bool:
    """Tell whether `value` is four or more plain words joined by one kind of mark."""
    return _PASSPHRASE.fullmatch(value) is not None and not _ABOUT_ITSELF.search(value)


_PASSPHRASE = re.compile(
    r"[A-Za-z]?[a-z]{3,11}([-._])[A-Za-z]?[a-z]{3,11}(?:\1[A-Za-z]?[a-z]{3,11}){2,5}\d{0,4}"
)
_ABOUT_ITSELF = re.compile(
    r"passw|phrase|secret|token|key|cred|user|auth|config|param|value|string|name|file|your|vault|"
    r"login|account|service|client|server|prod|stag|test|field|input|data|type|admin|reset",
    re.IGNORECASE,
)


def looks_chosen(value: str) -> bool:
    """Tell whether `value` looks like a password: letters mixed with digits or symbols."""
    if not _SHORTEST_PASSWORD <= len(value) <= _LONGEST_PASSWORD or is_filler(value):
        return False
    kinds = sum(
        (
            any(c.islower() for c in value),
            any(c.isupper() for c in value),
            any(c.isdigit() for c in value),
            any(not c.isalnum() for c in value),
        ),
    )
    return kinds >= 2 and not is_ordinary(value) and len(set(value)) > 4  # noqa: PLR2004


_SHORTEST_PASSWORD = 6
_LONGEST_PASSWORD = 128


def is_strong(value: str) -> bool:
    """Tell whether capitals, small letters and digits all stand in `value`."""
    return (
        any(map(str.isupper, value))
        and any(map(str.islower, value))
        and any(map(str.isdigit, value))
    )
