"""Whether an account at an identity provider is the organisation's, and whose it is; pure."""

from collections.abc import Mapping
from typing import Any

from alos.domain.people import People, Person, fold_name
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.sign_on import EmailTrust, Issuer

CONSUMER_TENANTS = frozenset({"9188040d-6c67-4c5b-b112-36a304b66dad"})
"""The tenant that Microsoft keeps personal accounts in."""
_CONSUMER_DOMAINS = """
163.com 126.com aim.com aol.com att.net bk.ru btinternet.com comcast.net duck.com fastmail.com
fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com
hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com
icloud.com inbox.ru laposte.net libero.it list.ru live.co.uk live.com live.de live.fr live.nl
mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com orange.fr outlook.com outlook.de
outlook.es outlook.fr outlook.jp passport.com pm.me posteo.de proton.me protonmail.ch
protonmail.com qq.com rediffmail.com rocketmail.com sbcglobal.net sina.com t-online.de tuta.com
tutanota.com verizon.net virgilio.it wanadoo.fr web.de yahoo.co.in yahoo.co.jp yahoo.co.uk
yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ya.ru ymail.com
zoho.com
"""
CONSUMER_DOMAINS = frozenset(_CONSUMER_DOMAINS.split())
"""Where anybody can make themselves an address; the largest providers, not all of them, which is
why an issuer's own ``domains`` decide and this list only refuses what a mistake in them allows."""


def get_domain(email: str) -> str:
    """The part after the last ``@``, lower case; empty where there is none."""
    return email.rpartition("@")[2].casefold().rstrip(".") if "@" in email else ""


def is_consumer_address(email: str) -> bool:
    """Whether the address is at a provider where anybody can have one."""
    return get_domain(email) in CONSUMER_DOMAINS


def is_personal(person: Person) -> bool:
    """Whether one of the person's addresses is at such a provider."""
    return any(map(is_consumer_address, (person.email, *person.addresses)))


def check_account(
    issuer: Issuer, claims: Mapping[str, Any], *, lets_personal: bool = False
) -> Refusal | None:
    """Say why the account may not come in; tenant, address and domain must all be ours.

    ``lets_personal``: a waiver runs that lets personal accounts in. One then needs an address
    that its provider has verified, whatever the issuer's own word is worth otherwise.
    """
    tenants = {claims.get("tid"), claims.get("hd")} - {None}
    if issuer.tenants and not tenants & issuer.tenants:
        return Refusal(code=ReasonCode.PERSONAL_ACCOUNT, detail="another tenant's")
    if tenants & CONSUMER_TENANTS and not lets_personal:
        return Refusal(code=ReasonCode.PERSONAL_ACCOUNT, detail="another tenant's")
    email = claims.get(issuer.email_claim)
    if not isinstance(email, str) or not get_domain(email) or not email.isascii():
        return Refusal(code=ReasonCode.PERSON_UNKNOWN, detail="the account has no address")
    personal = is_consumer_address(email)
    if not (lets_personal if personal else get_domain(email) in issuer.domains):
        return Refusal(code=ReasonCode.PERSONAL_ACCOUNT, detail="not at one of our mail domains")
    wants_verified = personal or issuer.email_trust is EmailTrust.VERIFIED
    if wants_verified and claims.get("email_verified") not in (True, "true"):
        detail = "its provider has not verified the address"
        return Refusal(code=ReasonCode.PERSON_UNKNOWN, detail=detail)
    return None


def find_person(people: People, email: str) -> Person | None:
    """The one active person with exactly that address, in any case of letters.

    An address with a ``+tag`` is nobody's unless the directory lists it: it opens no second
    account, and no first one.
    """
    wanted = fold_name(email)
    found = [
        one
        for one in people.persons.values()
        if wanted in {fold_name(address) for address in (one.email, *one.addresses)}
    ]
    return found[0] if len(found) == 1 and found[0].active else None
