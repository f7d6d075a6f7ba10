"""The pack finds personal data in what people paste, and leaves look-alikes alone."""

from __future__ import annotations

import pytest

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.pii import build_pii_pack


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return build_scanner([build_pii_pack()])


def found(scanner: Scanner, text: str) -> list[tuple[str, str]]:
    return [(one.type, text[one.start : one.end]) for one in scanner.scan(text)]


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("Write to bob.smith+x@example.com.", "EMAIL_ADDRESS", "bob.smith+x@example.com"),
        ("dump: eve@corp.io:hunter2", "EMAIL_ADDRESS", "eve@corp.io"),
        ("Grüße an müller@exämple.de!", "EMAIL_ADDRESS", "müller@exämple.de"),
        ("paid with 4111 1111 1111 1111 today", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("amex 378282246310005", "CREDIT_CARD", "378282246310005"),
        ("IBAN DE89 3704 0044 0532 0130 00 bitte", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ("SSN 536-90-4399", "US_SSN", "536-90-4399"),
        ('{"customer_ssn": "536904399"}', "US_SSN", "536904399"),
        ("ring +44 20 7946 0958 after six", "PHONE_NUMBER", "+44 20 7946 0958"),
        ("(555) 123-4567", "PHONE_NUMBER", "(555) 123-4567"),
        ("Tel. 030 / 12345678", "PHONE_NUMBER", "030 / 12345678"),
        ("NHS number 943 476 5919", "UK_NHS", "943 476 5919"),
        ("CPF 390.533.447-05", "BR_CPF", "390.533.447-05"),
        ("hetu 131052-308T", "FI_HETU", "131052-308T"),
        ("national insurance number QQ 12 34 56 C", "UK_NINO", "QQ 12 34 56 C"),
        ("card number 3596910594056560", "CREDIT_CARD", "3596910594056560"),
        ("kept a passport 533817006 copy", "US_PASSPORT", "533817006"),
        ("from 2a02:8070:1:2::5 today", "IP_ADDRESS", "2a02:8070:1:2::5"),
        ("geboren am 12. März 1985 in Ulm", "DATE_OF_BIRTH", "12. März 1985"),
        ("Here, 536904399 (that's my SSN)", "US_SSN", "536904399"),
        ("id,name,bsn\n1,x,111222333\n", "NL_BSN", "111222333"),
        ("INSERT INTO t (id, ssn) VALUES (1, '536904399')", "US_SSN", "536904399"),
        ("mi DNI es 12345678Z", "ES_NIF", "12345678Z"),
    ],
)
def test_an_identifier_is_found_with_its_exact_span(
    scanner: Scanner, text: str, type_: str, value: str
) -> None:
    assert found(scanner, text) == [(type_, value)]


@pytest.mark.parametrize(
    "text",
    [
        "git clone git@github.com:org/repo.git",
        "icon@2x.png and foo@3x.jpg",
        "npm i react@18.2.0 @types/node@20.1.1",
        "systemctl restart getty@tty1.service",
        "@property def x(self): ...",
        "ssh deploy@host.example.com",
        "card 4111 1111 1111 1112",
        "DE88 3704 0044 0532 0130 00",
        "order 536-90-4399",
        "666-12-3456 and 900-00-1234",
        "550e8400-e29b-41d4-a716-446655440000",
        "2024-01-02 12:33:44,123 pid 12345678",
        "epoch 1700000000 or 1700000000000",
        "943 476 5919",
        "ISBN 978-3-16-148410-0",
        "Boston, MA 02111-1307 USA",
        "Copyright (C) 2012-2022",
        "QQ 12 34 56 C",
        "id 3596910594056560",
        "10.0.0.1 127.0.0.1 192.168.1.1 255.255.255.0 8.8.8.8 v1.2.3.4 2.5.29.15",
        "Message-ID: <20240101.abc@mail.example.com>",
        "https://user@host.example.com/x",
        "born free in 2019",
    ],
)
def test_a_look_alike_is_left_alone(scanner: Scanner, text: str) -> None:
    assert found(scanner, text) == []


@pytest.mark.parametrize(
    ("written", "type_"),
    [
        ("536\u201322\u20131234", "US_SSN"),
        ("536\u00a022\u00a01234", "US_SSN"),
        ("4111\u202f1111\u202f1111\u202f1111", "CREDIT_CARD"),
        ("AT61\u00a01904\u00a03002\u00a03457\u00a03201", "IBAN_CODE"),
        ("+44\u200920\u20097946\u20090958", "PHONE_NUMBER"),
    ],
)
def test_blanks_and_dashes_of_word_processors_are_read_as_plain_ones(
    written: str, type_: str
) -> None:
    label = {"US_SSN": "SSN", "PHONE_NUMBER": "phone"}.get(type_, "number")
    text = f"caf\u00e9 \u2013 {label} {written}, thanks"
    (found,) = build_scanner([build_pii_pack()]).scan(text)
    assert (found.type, text[found.start : found.end]) == (type_, written)


def test_what_a_paragraph_says_of_its_numbers_ends_with_it() -> None:
    text = "partition 3, offset 4711\n\nplease use 4111 1111 1111 1111 from now on"
    (found,) = build_scanner([build_pii_pack()]).scan(text)
    assert found.type == "CREDIT_CARD"


@pytest.mark.parametrize(
    ("text", "type_", "written"),
    [
        ("my number is 5551234567", "PHONE_NUMBER", "5551234567"),
        ("Appelez-moi au 06 12 34 56 78", "PHONE_NUMBER", "06 12 34 56 78"),
        ("Ll\u00e1mame al 612 345 678", "PHONE_NUMBER", "612 345 678"),
        ("d.o.b. 03.05.1985", "DATE_OF_BIRTH", "03.05.1985"),
        ("DNI 12.345.678 Z", "ES_NIF", "12.345.678 Z"),
        ("IdNr. 65 929 970 489", "DE_TAX_ID", "65 929 970 489"),
    ],
)
def test_what_people_say_before_a_value_announces_it(text: str, type_: str, written: str) -> None:
    (found,) = build_scanner([build_pii_pack()]).scan(text)
    assert (found.type, text[found.start : found.end]) == (type_, written)
