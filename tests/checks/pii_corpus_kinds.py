"""The types of personal data in the corpus, and what forms and people call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.checks.pii_corpus_values import (
    Make,
    address,
    bitcoin,
    card,
    date,
    dated,
    digits,
    email,
    fiscal_code,
    iban,
    one_of,
    ssn,
    valid,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How values of a type look and what they are called."""

    type: str
    labels: Sequence[str]
    make: Make


US_PHONE = one_of(
    digits("(202) 555-01##"),
    digits("415-555-####"),
    digits("+1 (312) 555-####"),
    digits("+1-646-555-01##"),
    digits("212.555.####"),
    digits("(617)555-#### x1#4"),
)
WORLD_PHONE = one_of(
    digits("+44 20 7946 0###"),
    digits("+44 7700 900###"),
    digits("+49 30 901820##"),
    digits("+33 6 12 34 5# ##"),
    digits("+91 98765 4####"),
    digits("+61 4## ### ###"),
    digits("+55 11 9####-####"),
    digits("+81 90-####-####"),
    digits("+46 70 123 4# ##"),
    digits("+353 85 012 34##"),
    digits("+34 612 34 5# ##"),
    digits("+442079460###"),
)

KINDS = (
    Kind(type="EMAIL_ADDRESS", labels=["email", "e-mail address", "contact"], make=email),
    Kind(type="PHONE_NUMBER", labels=["phone", "phone number", "mobile"], make=US_PHONE),
    Kind(type="PHONE_NUMBER", labels=["tel", "mobile number", "phone"], make=WORLD_PHONE),
    Kind(
        type="PHONE_NUMBER",
        labels=["phone number", "Telefon", "mobile"],
        make=one_of(
            digits("020 7946 0###"),
            digits("07700 900###"),
            digits("030 9018 20##"),
            digits("0171 30#####"),
        ),
    ),
    Kind(type="CREDIT_CARD", labels=["credit card", "card number", "card"], make=card),
    Kind(type="IBAN_CODE", labels=["IBAN", "iban", "bank account"], make=iban),
    Kind(type="US_SSN", labels=["SSN", "social security number"], make=ssn("-")),
    Kind(type="US_SSN", labels=["SSN", "ssn", "social security number"], make=ssn("")),
    Kind(type="US_ITIN", labels=["ITIN"], make=valid("us.itin", "9##-7#-####", "9##-8#-####")),
    Kind(
        type="UK_NHS",
        labels=["NHS number", "NHS no"],
        make=valid("gb.nhs", "### ### ####", "##########"),
    ),
    Kind(
        type="UK_NINO",
        labels=["NINO", "national insurance number"],
        make=one_of(digits("AB######C"), digits("JK ## ## ## A"), digits("SE######D")),
    ),
    Kind(type="ES_NIF", labels=["DNI", "NIF"], make=valid("es.dni", "########@", "########-@")),
    Kind(
        type="ES_NIE",
        labels=["NIE"],
        make=valid("es.nie", "X#######@", "Y#######@", "Z-#######-@"),
    ),
    Kind(type="IT_FISCAL_CODE", labels=["codice fiscale"], make=fiscal_code),
    Kind(type="PL_PESEL", labels=["PESEL"], make=dated("pl.pesel", "{y}{m}{d}#####")),
    Kind(
        type="DE_TAX_ID",
        labels=["Steuer-ID", "Steueridentifikationsnummer"],
        make=valid("de.idnr", "###########", "## ### ### ###"),
    ),
    Kind(
        type="FR_NIR",
        labels=["numéro de sécurité sociale", "NIR"],
        make=dated("fr.nir", "1 {y} {m} 75 ### ### ##", "2{y}{m}13########"),
    ),
    Kind(type="NL_BSN", labels=["BSN", "burgerservicenummer"], make=valid("nl.bsn", "#########")),
    Kind(
        type="BE_NATIONAL_NUMBER",
        labels=["rijksregisternummer", "national number"],
        make=dated("be.nn", "{y}.{m}.{d}-###.##", "{y}{m}{d}#####"),
    ),
    Kind(
        type="SE_PERSONNUMMER",
        labels=["personnummer"],
        make=dated("se.personnummer", "{y}{m}{d}-####", "{Y}{m}{d}-####"),
    ),
    Kind(
        type="FI_HETU",
        labels=["henkilötunnus", "hetu"],
        make=dated("fi.hetu", "{y}{m}{d}-##1#", "{d}{m}{y}-###@"),
    ),
    Kind(
        type="NO_FODSELSNUMMER",
        labels=["fødselsnummer"],
        make=dated("no.fodselsnummer", "{d}{m}{y}#####", "{d}{m}{y} #####"),
    ),
    Kind(type="DK_CPR", labels=["CPR", "CPR-nummer"], make=dated("dk.cpr", "{d}{m}{y}-####")),
    Kind(
        type="PT_NIF",
        labels=["NIF", "contribuinte"],
        make=valid("pt.nif", "2########", "2## ### ###"),
    ),
    Kind(type="BR_CPF", labels=["CPF"], make=valid("br.cpf", "###.###.###-##", "###########")),
    Kind(type="BR_CNPJ", labels=["CNPJ"], make=valid("br.cnpj", "##.###.###/0001-##")),
    Kind(
        type="MX_CURP",
        labels=["CURP"],
        make=dated("mx.curp", "ROMA{y}{m}{d}HDFDRL0#", "GOLE{y}{m}{d}MJCMPL0#"),
    ),
    Kind(
        type="AR_CUIT", labels=["CUIT"], make=valid("ar.cuit", "20-########-#", "27########" + "#")
    ),
    Kind(type="CL_RUT", labels=["RUT"], make=valid("cl.rut", "##.###.###-#")),
    Kind(
        type="IN_AADHAAR",
        labels=["Aadhaar", "Aadhaar number"],
        make=valid("in_.aadhaar", "#### #### ####", "############"),
    ),
    Kind(type="IN_PAN", labels=["PAN"], make=digits("ABCP@####K")),
    Kind(
        type="SG_NRIC_FIN",
        labels=["NRIC"],
        make=one_of(lambda _: "S1234567D", lambda _: "G1234567X", lambda _: "T0123456G"),
    ),
    Kind(
        type="AU_TFN",
        labels=["TFN", "tax file number"],
        make=valid("au.tfn", "### ### ###", "#########"),
    ),
    Kind(type="AU_ABN", labels=["ABN"], make=valid("au.abn", "## ### ### ###")),
    Kind(
        type="CA_SIN",
        labels=["SIN", "social insurance number"],
        make=valid("ca.sin", "### ### ###", "###-###-###"),
    ),
    Kind(
        type="KR_RRN",
        labels=["RRN", "주민등록번호"],
        make=dated("kr.rrn", "{y}{m}{d}-1######", "{y}{m}{d}-2######"),
    ),
    Kind(
        type="JP_MY_NUMBER",
        labels=["My Number", "マイナンバー"],
        make=valid("jp.in_", "#### #### ####", "############"),
    ),
    Kind(
        type="CN_RESIDENT_ID",
        labels=["身份证", "resident id"],
        make=dated("cn.ric", "110105{Y}{m}{d}####", "310104{Y}{m}{d}###X"),
    ),
    Kind(
        type="ZA_ID",
        labels=["SA ID", "South African ID"],
        make=dated("za.idnr", "{y}{m}{d}####08#"),
    ),
    Kind(
        type="TR_TCKN", labels=["TC Kimlik No", "TCKN"], make=valid("tr.tckimlik", "###########")
    ),
    Kind(type="IL_ID", labels=["teudat zehut", "Israeli ID"], make=valid("il.idnr", "#########")),
    Kind(type="CH_AHV", labels=["AHV-Nr", "AVS"], make=valid("ch.ssn", "756.####.####.##")),
    Kind(type="IP_ADDRESS", labels=["IP", "client ip", "ip address"], make=address),
    Kind(
        type="MAC_ADDRESS",
        labels=["MAC", "device"],
        make=lambda d: ":".join(f"{b:02x}" for b in d.randbytes(6)),
    ),
    Kind(type="DATE_OF_BIRTH", labels=["date of birth", "DOB"], make=date),
    Kind(type="CRYPTO", labels=["wallet", "BTC address"], make=bitcoin),
    Kind(
        type="US_PASSPORT",
        labels=["passport number", "passport"],
        make=one_of(digits("5########"), digits("C0#######")),
    ),
    Kind(
        type="US_DRIVER_LICENSE",
        labels=["driver's license", "drivers license number"],
        make=one_of(digits("D#######"), digits("B####-#####-####1")),
    ),
    Kind(
        type="MEDICAL_RECORD_NUMBER",
        labels=["MRN", "medical record number"],
        make=one_of(digits("1#######"), digits("MR-######")),
    ),
    Kind(
        type="US_BANK_NUMBER",
        labels=["account number", "bank account number"],
        make=digits("4#########1"),
    ),
)
