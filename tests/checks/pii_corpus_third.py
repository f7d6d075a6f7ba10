# ruff: noqa: RUF001 - templates are read better on one line; marks of other keyboards are meant
"""A third corpus of personal data: values as word processors, phones and scanners write them.

No-break blanks, dashes of every length, dots, brackets, letters of either case, line ends inside a
form; look-alikes from shops, builds, maps, libraries and stock lists. Values are made here, by the
issuers' rules. Its first run is stated in docs/reference/checks.md.
"""

from __future__ import annotations

import random  # noqa: TID251 - a corpus is repeatable
from collections.abc import Callable
from importlib import import_module

from tests.checks.pii_corpus import Document

Dice = random.Random
Make = Callable[[Dice], str]

DASHES = ("-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2212")
BLANKS = (" ", "\u00a0", "\u202f", "\u2009")
JOINTS = ("", "-", ".", *DASHES[1:5], *BLANKS)


def number(dice: Dice, form: str) -> str:
    """Fill `#` with digits and `%` with digits from 2 to 9."""
    return "".join(
        str(dice.randrange(10)) if c == "#" else str(dice.randrange(2, 10)) if c == "%" else c
        for c in form
    )


def grouped(value: str, sizes: tuple[int, ...], joint: str) -> str:
    """Write `value` in groups of these sizes."""
    ends = [sum(sizes[: at + 1]) for at in range(len(sizes))]
    return joint.join(value[end - size : end] for end, size in zip(ends, sizes, strict=True))


def card(dice: Dice) -> str:
    prefix, length, sizes = dice.choice(
        [
            ("4", 16, (4, 4, 4, 4)),
            ("53", 16, (4, 4, 4, 4)),
            ("37", 15, (4, 6, 5)),
            ("6011", 16, (4, 4, 4, 4)),
        ]
    )
    body = prefix + number(dice, "#" * (length - len(prefix) - 1))
    return grouped(
        body + import_module("stdnum.luhn").calc_check_digit(body), sizes, dice.choice(JOINTS)
    )


def iban(dice: Dice) -> str:
    country, form = dice.choice(
        [
            ("DE", "#" * 18),
            ("FR", "#" * 23),
            ("ES", "#" * 20),
            ("AT", "#" * 16),
            ("BE", "#" * 12),
            ("PT", "#" * 21),
        ]
    )
    body = number(dice, form)
    check = 98 - int("".join(str(int(c, 36)) for c in body + country + "00")) % 97
    value = f"{country}{check:02}{body}"
    joint = dice.choice(("", "", "-", *BLANKS[:3]))
    value = joint.join(value[at : at + 4] for at in range(0, len(value), 4))
    return value.lower() if not joint and dice.random() < 0.2 else value


def email(dice: Dice) -> str:
    name = dice.choice(
        ("ana.silva", "j-p.martin", "o'brien", "kaya_m", "li.wei+shop", "b.novak99", "ΜΑΡΙΑ.K")
    )
    host = dice.choice(
        ("posteo.de", "mail.acme.co.uk", "uni-ulm.de", "live.com.br", "büro-süd.de", "a1.net")
    )
    return f"{name}@{host}".upper() if dice.random() < 0.08 else f"{name}@{host}"


def phone(dice: Dice) -> str:
    form = dice.choice(
        (
            "+49 (0)30 ######",
            "+44 20 7### ####",
            "+1 (212) %##-####",
            "+1.415.%##.####",
            "+33 6 ## ## ## ##",
            "+34 6## ### ###",
            "+55 11 9####-####",
            "+91 98### #####",
            "+41 79 ### ## ##",
            "(415) %##-####",
            "212-%##-####",
            "0044 20 7### ####",
            "+351 91# ### ###",
            "+61 4## ### ###",
        )
    )
    value = number(dice, form)
    if dice.random() < 0.25:
        value = value.replace(" ", dice.choice(BLANKS[1:]))
    return value.replace("-", dice.choice(DASHES[1:5])) if dice.random() < 0.2 else value


def ssn(dice: Dice) -> str:
    joint = dice.choice(("-", "-", " ", *DASHES[1:5], "\u00a0"))
    area = dice.choice([*range(1, 666), *range(667, 900)])
    return f"{area:03}{joint}{dice.randrange(1, 100):02}{joint}{dice.randrange(1, 10000):04}"


def birth(dice: Dice) -> str:
    year, month, day = dice.randrange(1935, 2012), dice.randrange(1, 13), dice.randrange(1, 29)
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    german = [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ]
    return dice.choice(
        (
            f"{day:02}.{month:02}.{year}",
            f"{day}. {german[month - 1]} {year}",
            f"{year}/{month:02}/{day:02}",
            f"{day:02}-{names[month - 1]}-{year}",
            f"{names[month - 1]} {day}, {year}",
            f"{month}/{day}/{year % 100:02}",
            f"{year}\u2011{month:02}\u2011{day:02}",
            f"{day:02} / {month:02} / {year}",
            f"{year}{month:02}{day:02}",
        )
    )


def address(dice: Dice) -> str:
    if dice.random() < 0.3:
        groups = [f"{dice.randrange(1, 65536):x}" for _ in range(6)]
        return dice.choice(
            (f"2a02:{':'.join(groups[:3])}::{groups[3]}", f"2001:{':'.join(groups)}:1")
        )
    first = dice.choice((31, 46, 77, 84, 93, 141, 176, 188, 195, 213))
    return f"{first}.{dice.randrange(60, 256)}.{dice.randrange(60, 256)}.{dice.randrange(2, 255)}"


def checked(module: str, *forms: str) -> Make:
    """Return a maker of numbers that the `stdnum` module takes."""

    def make(dice: Dice) -> str:
        check = import_module(f"stdnum.{module}")
        while True:
            value = number(dice, dice.choice(forms))
            if check.is_valid(value):
                return value

    return make


def nif(dice: Dice) -> str:
    value = dice.randrange(10_000_000, 99_999_999)
    written = dice.choice((f"{value}", f"{value:,}".replace(",", ".")))
    return f"{written}{dice.choice(('', '-', ' '))}{'TRWAGMYFPDXBNJZSQVHLCKE'[value % 23]}"


KINDS: tuple[tuple[str, tuple[str, ...], Make], ...] = (
    ("EMAIL_ADDRESS", ("e-mail", "Mail", "contact"), email),
    ("PHONE_NUMBER", ("phone", "Tel.", "mobile", "Handy", "teléfono", "WhatsApp"), phone),
    ("CREDIT_CARD", ("card", "credit card number", "Kreditkarte", "carte bancaire"), card),
    ("IBAN_CODE", ("IBAN", "account", "Bankverbindung"), iban),
    ("US_SSN", ("SSN", "Social Security number", "social security no."), ssn),
    ("IP_ADDRESS", ("IP address", "client IP", "remote_addr"), address),
    (
        "DATE_OF_BIRTH",
        ("date of birth", "DOB", "born", "Geburtsdatum", "fecha de nacimiento"),
        birth,
    ),
    (
        "UK_NHS",
        ("NHS number", "NHS no"),
        checked("gb.nhs", "### ### ####", "##########", "###-###-####"),
    ),
    (
        "DE_TAX_ID",
        ("Steuer-ID", "Steueridentifikationsnummer", "IdNr."),
        checked("de.idnr", "###########", "## ### ### ###"),
    ),
    ("ES_NIF", ("DNI", "NIF"), nif),
    ("NL_BSN", ("BSN", "burgerservicenummer"), checked("nl.bsn", "#########", "####.##.###")),
    ("BR_CPF", ("CPF",), checked("br.cpf", "###.###.###-##", "###########")),
    ("PL_PESEL", ("PESEL",), checked("pl.pesel", "8#0%1######", "7#1#0%#####")),
    (
        "IN_AADHAAR",
        ("Aadhaar", "Aadhaar number"),
        checked("in_.aadhaar", "%### #### ####", "%###########"),
    ),
    (
        "CA_SIN",
        ("SIN", "social insurance number"),
        checked("ca.sin", "### ### ###", "###-###-###"),
    ),
    ("AU_TFN", ("TFN", "tax file number"), checked("au.tfn", "### ### ###", "#########")),
    ("US_ITIN", ("ITIN",), checked("us.itin", "9##-7#-####", "9##-8#-####")),
    (
        "BE_NATIONAL_NUMBER",
        ("rijksregisternummer", "NISS"),
        checked("be.nn", "85.0%.1#-###.##", "8%071######"),
    ),
    ("CH_AHV", ("AHV-Nr.", "numéro AVS"), checked("ch.ssn", "756.####.####.##")),
)
BARE = {"EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE"}

LABELLED = (
    "<label>: <value>",
    "<label> <value>",
    "<label>\u00a0: <value>",
    "<label>\n<value>\n",
    "<label> - <value>",
    "Hi, my <label> is <value>. Thanks!",
    "Kunde Weber, <label> <value>, bittet um Rückruf.",
    "(<label> <value>)",
    "[<label>] <value>",
    "<label>\t<value>",
    "**<label>:** <value>",
    "<label>=<value>;",
    '"<label>": "<value>",',
    "<label>: <<value>>",
    "I think the <label> we have, <value>, is outdated",
    "new patient\n  <label> ....... <value>\n  insured: yes",
    "on file as <label> no. <value>",
    "<dt><label></dt><dd><value></dd>",
)
UNLABELLED = (
    "please use <value> from now on",
    "ok it's <value>",
    "<value>",
    "I wrote to <value>, no answer yet",
    "two of them: <value>",
    "«<value>»",
)
CLEAN = (
    "Order no. 4##-#######-####### was dispatched, parcel JJD0009#############.",
    "tracking: 1Z 999 AA1 01 #### ###4, RA#########DE, 00340434#############",
    "v2.#.1#-rc.#+build.2026#### released",
    "2026-0#-1#T1#:##:##.######+02:00 job finished in ####.## s",
    "epoch_ms=17###########, offset=########, partition=#",
    "47.3###### N, 8.5###### E; elevation ###.# m",
    "ISBN 978-0-##-######-#, ISSN 1234-567#, DOI 10.1###/j.abc.2026.####",
    "Part no. 5#A-#####-B##, drawing 88-####-##, batch L2#####",
    "sha256:" + "#a#b#c#d" * 8,
    "EAN 40########### MHD 12/2027 net 1,### kg",
    "Chapter 3.2.#.1 and section 12.#.## of the standard EN 61###-4-2",
    "10.0.#.#, 192.168.#.##, 127.0.0.1:8###, 172.16.##.#/24 and ::1 are internal",
    "Score 3 - 1, 2 - 2, attendance ##,###; lottery 3 14 1# 2# 4# 4#",
    "€ 1.###.###,## on 1#.0#.2026, USD 12,###.## on 0#/1#/2026",
    "PR #1#### closes #1####, see CVE-2026-##### and RFC 91##",
    "meeting id 8## #### ####, dial code ####, room 4.1#.0##",
    "Rev. A 2026\u20110#\u20111#; size 1### \u00d7 9## \u00d7 ## mm; tolerance \u00b1 0.0#",
    "MAC table full at port 1/0/## vlan 2###; mtu 9000; err 0x8007####",
    "invoice 2026-0####, cost centre 4###-##, GL 400####, PO 45########",
    "license plates and seats: row ## seat #A, gate B##, flight LH 4##, PNR X7#K2Q",
    "p95=1##.#ms p99=3##.#ms n=1##### err=0.0#%",
    "uuid 3f#a#b#c-1###-4#a#-9#b#-#c#d#e#f#a#b",
)


def make_corpus(seed: int, count: int) -> list[Document]:
    """Make `count` documents; half hold personal data, half only look-alikes."""
    dice = random.Random(seed)  # noqa: S311 - a corpus is repeatable
    return [_document(dice) if at % 2 else _clean(dice) for at in range(count)]


def _document(dice: Dice) -> Document:
    text, spans = "", []
    for _ in range(dice.choice((1, 1, 1, 2))):
        type_, labels, make = dice.choice(KINDS)
        form = dice.choice(UNLABELLED if type_ in BARE and dice.random() < 0.4 else LABELLED)
        form = form.replace("<label>", dice.choice(labels))
        value = make(dice)
        if dice.random() < 0.3:
            text += number(dice, dice.choice(CLEAN)) + "\n\n"
        first = len(text) + form.index("<value>")
        text += form.replace("<value>", value) + "\n\n"
        spans.append((type_, first, first + len(value)))
    return Document(text=text, spans=tuple(spans))


def _clean(dice: Dice) -> Document:
    lines = [number(dice, dice.choice(CLEAN)) for _ in range(dice.randrange(1, 5))]
    return Document(text="\n".join(lines), spans=())
