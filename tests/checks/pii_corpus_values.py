"""Makers of invented values with right check digits."""

from __future__ import annotations

import random  # noqa: TID251 - a corpus is repeatable
from collections.abc import Callable
from importlib import import_module

Make = Callable[[random.Random], str]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FIRST = (
    "Ana",
    "Bob",
    "Carla",
    "Dmitri",
    "Elif",
    "Fatima",
    "Georg",
    "Hana",
    "Ivan",
    "José",
    "Kofi",
    "Lena",
    "Mei",
    "Noor",
    "Omar",
    "Priya",
)
LAST = (
    "Smith",
    "Müller",
    "García",
    "Rossi",
    "Nowak",
    "Jansen",
    "Silva",
    "Tanaka",
    "Okafor",
    "Cohen",
)


def digits(pattern: str) -> Make:
    """Return a maker that replaces # by a digit, @ by a capital, the rest as it stands."""

    def make(dice: random.Random) -> str:
        return "".join(
            str(dice.randrange(10)) if c == "#" else dice.choice(LETTERS) if c == "@" else c
            for c in pattern
        )

    return make


def valid(module: str, *patterns: str) -> Make:
    """Return a maker of values that python-stdnum's module accepts, written in a pattern."""
    check = import_module(f"stdnum.{module}").is_valid
    makers = [digits(pattern) for pattern in patterns]

    def make(dice: random.Random) -> str:
        maker = dice.choice(makers)
        while True:
            value = maker(dice)
            if check(value):
                return value

    return make


def dated(module: str, *patterns: str) -> Make:
    """Return a maker like `valid` whose patterns hold {y} {m} {d} of a birth."""
    check = import_module(f"stdnum.{module}").is_valid

    def make(dice: random.Random) -> str:
        while True:
            year, month, day = (
                dice.randrange(1940, 2000),
                dice.randrange(1, 13),
                dice.randrange(1, 29),
            )
            pattern = dice.choice(patterns).format(
                Y=year, y=f"{year % 100:02}", m=f"{month:02}", d=f"{day:02}"
            )
            value = digits(pattern)(dice)
            if check(value):
                return value

    return make


def one_of(*makers: Make) -> Make:
    """Return a maker that picks one of the makers each time."""
    return lambda dice: dice.choice(makers)(dice)


def email(dice: random.Random) -> str:
    """Make an address at an example domain or an invented company's."""
    first, last = dice.choice(FIRST).lower(), dice.choice(LAST).lower()
    first, last = first.replace("é", "e"), last.replace("ü", "ue").replace("í", "i")
    host = dice.choice(
        [
            "example.com",
            "example.org",
            "acme-corp.io",
            "mail.northwind.co.uk",
            "gmx.de",
            "contoso.com",
        ]
    )
    return dice.choice(
        [
            f"{first}.{last}@{host}",
            f"{first[0]}{last}{dice.randrange(99)}@{host}",
            f"{first}+news@{host}",
            f"{first}_{last}@{host}",
            f"{last.title()}.{first[0]}@{host}",
        ]
    )


def card(dice: random.Random) -> str:
    """Make a card with a right check digit, compact or in groups."""
    prefix, length = dice.choice(
        [
            ("4", 16),
            ("51", 16),
            ("55", 16),
            ("2221", 16),
            ("34", 15),
            ("37", 15),
            ("6011", 16),
            ("3056", 14),
            ("3530", 16),
        ]
    )
    check = import_module("stdnum.luhn")
    body = prefix + "".join(str(dice.randrange(10)) for _ in range(length - len(prefix) - 1))
    number = body + check.calc_check_digit(body)
    joint = dice.choice(["", " ", "-"])
    sizes = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4)}[length]
    parts = [number[sum(sizes[:i]) : sum(sizes[: i + 1])] for i in range(len(sizes))]
    return joint.join(parts)


def iban(dice: random.Random) -> str:
    """Make an IBAN with right check digits, compact or in groups of four."""
    country, pattern = dice.choice(
        [
            ("DE", "#" * 18),
            ("GB", "@@@@" + "#" * 14),
            ("FR", "#" * 23),
            ("NL", "@@@@" + "#" * 10),
            ("ES", "#" * 20),
            ("CH", "#" * 17),
            ("PL", "#" * 24),
            ("NO", "#" * 11),
            ("IT", "@" + "#" * 22),
        ]
    )
    body = digits(pattern)(dice)
    rest = int("".join(str(int(c, 36)) for c in body + country + "00")) % 97
    value = f"{country}{98 - rest:02}{body}"
    if dice.random() < 0.5:
        value = " ".join(value[at : at + 4] for at in range(0, len(value), 4))
    return value


def ssn(joint: str) -> Make:
    """Return a maker of numbers inside the areas, groups and serials that were issued."""

    def make(dice: random.Random) -> str:
        area = dice.choice([*range(1, 666), *range(667, 900)])
        return f"{area:03}{joint}{dice.randrange(1, 100):02}{joint}{dice.randrange(1, 10000):04}"

    return make


def date(dice: random.Random) -> str:
    """Make a birth date in one of the usual ways."""
    year, month, day = dice.randrange(1940, 2006), dice.randrange(1, 13), dice.randrange(1, 29)
    name = [
        "January",
        "Feb",
        "March",
        "April",
        "May",
        "June",
        "July",
        "Aug",
        "September",
        "Oct",
        "November",
        "Dec",
    ][month - 1]
    return dice.choice(
        [
            f"{year}-{month:02}-{day:02}",
            f"{day:02}/{month:02}/{year}",
            f"{day}.{month}.{year}",
            f"{name} {day}, {year}",
            f"{day} {name} {year}",
            f"{month:02}/{day:02}/{year}",
        ]
    )


def address(dice: random.Random) -> str:
    """Make a public IPv4 address."""
    first = dice.choice([23, 45, 62, 81, 91, 109, 134, 151, 178, 185, 193, 212])
    return f"{first}.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"


def bitcoin(dice: random.Random) -> str:
    """Make a pay-to-hash address with its check sum."""
    hashlib = import_module("hashlib")
    payload = b"\x00" + dice.randbytes(20)
    payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(payload, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[rest] + text
    return "1" + text


def fiscal_code(dice: random.Random) -> str:
    """Make an Italian fiscal code with its check letter."""
    body = digits(f"@@@@@@##{dice.choice('ABCDEHLMPRST')}{dice.randrange(1, 29):02}@###")(dice)
    return body + str(import_module("stdnum.it.codicefiscale").calc_check_digit(body))
