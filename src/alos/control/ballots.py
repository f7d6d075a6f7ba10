"""Personal votes: a fresh login whose nonce is the hash of what the voter says.

The statement is laid down first, by the voter's own session (:meth:`Ballots.lay_down`). The login
that follows asks the identity provider for the person again, with that hash as its nonce, so
the provider's signature is over this vote and no other. What comes of it works once, for whoever
began it, and is kept with the vote so that anybody can check it later without us.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from alos.control.tokens import get_thumbprint, verify_archived
from alos.domain.ids import PersonId
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.session import hash_token
from alos.domain.sign_on import to_challenge
from alos.ports.clock import Clock
from alos.ports.sessions import TicketState

BALLOT_SECONDS: Final = 600
"""From the statement to the end of the login."""
PROOF_SECONDS: Final = 120
"""From the login to the vote."""
ID_TOKEN: Final = "id_token"  # noqa: S105 - the name of a kind, no token
_BALLOT = "ballot"
_PROOF = "vote_proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A statement that waits for its person's login.

    Attributes:
        statement_hash: hex SHA-256 of the statement; the login's nonce.
        laid_down_unix: a login from before is none for this vote.
    """

    person: PersonId
    statement_hash: str
    laid_down_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that ended well, with a ballot's hash as its nonce.

    Attributes:
        token: the provider's ID token as it came.
        key: the public key that signed it, as a JWK.
        challenge: S256 of the verifier of whoever began it.
    """

    person: PersonId
    claims: Mapping[str, Any]
    token: str
    key: Mapping[str, Any]
    challenge: str


class Ballots:
    """Implements :class:`alos.control.voting.Proofs` by ID tokens."""

    def __init__(self, tickets: TicketState, clock: Clock) -> None:
        self._tickets = tickets
        self._clock = clock

    def make_id(self) -> str:
        """A new ballot's id: part of the statement, so that no two ever have one hash."""
        return secrets.token_urlsafe(24)

    async def lay_down(self, ballot_id: str, person: PersonId, statement_hash: str) -> None:
        """Keep a statement until its person has logged in for it.

        Raises:
            StoreDown: it was not kept.
        """
        now = self._now_unix()
        facts = {"person": person, "sha256": statement_hash, "at": str(now)}
        await asyncio.to_thread(
            self._tickets.add_ticket,
            hash_token(ballot_id),
            _BALLOT,
            facts,
            ends_at_unix=now + BALLOT_SECONDS,
        )

    async def take_up(self, ballot_id: str) -> Ballot | Refusal:
        """The statement that a login is for; it can be taken up once.

        Raises:
            StoreDown: it can't be read.
        """
        facts = await asyncio.to_thread(
            self._tickets.take_ticket, hash_token(ballot_id), _BALLOT, now_unix=self._now_unix()
        )
        if facts is None:
            return _refuse("this ballot was used, is too old, or never was")
        return Ballot(
            person=PersonId(facts["person"]),
            statement_hash=facts["sha256"],
            laid_down_unix=int(facts["at"]),
        )

    async def prove(self, ballot: Ballot, login: Login, *, skew_seconds: int) -> str | Refusal:
        """A code by which whoever began the login casts the vote; it works once.

        Raises:
            StoreDown: there is none.
        """
        if login.person != ballot.person:
            return _refuse("somebody else logged in")
        at = login.claims.get("auth_time")
        if not isinstance(at, (int, float)) or isinstance(at, bool):
            return _refuse("the identity provider does not say when it asked (claim auth_time)")
        if at < ballot.laid_down_unix - skew_seconds:
            return _refuse("the identity provider did not ask again, it went by an older login")
        code = secrets.token_urlsafe(32)
        facts = {
            "person": login.person,
            "sha256": ballot.statement_hash,
            "token": login.token,
            "key": json.dumps(dict(login.key), sort_keys=True),
            "challenge": login.challenge,
        }
        ends = self._now_unix() + PROOF_SECONDS
        await asyncio.to_thread(
            self._tickets.add_ticket, hash_token(code), _PROOF, facts, ends_at_unix=ends
        )
        return code

    async def check(
        self, proof: Mapping[str, Any], person: PersonId, statement_hash: str
    ) -> Mapping[str, Any] | Refusal:
        """See :class:`alos.control.voting.Proofs`; ``proof`` has ``code`` and ``verifier``.

        Raises:
            StoreDown: it can't be read.
        """
        facts = await asyncio.to_thread(
            self._tickets.take_ticket,
            hash_token(str(proof.get("code", ""))),
            _PROOF,
            now_unix=self._now_unix(),
        )
        if facts is None:
            return _refuse("the login's code was used, is too old, or never was")
        if not _is_same(to_challenge(str(proof.get("verifier", ""))), facts["challenge"]):
            return _refuse("the login was begun by somebody else")
        if facts["person"] != person:
            return _refuse("it is another person's login")
        if not _is_same(facts["sha256"], statement_hash):
            return _refuse("the login was for another statement")
        kept = {"kind": ID_TOKEN, "token": facts["token"], "key": json.loads(facts["key"])}
        wrong = check_personal(kept, statement_hash)
        return _refuse(wrong) if wrong else {**kept, **_describe(facts["token"], kept["key"])}

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


def check_personal(kept: Mapping[str, Any], statement_hash: str) -> str:
    """Why a kept personal signature is not over this statement; empty where it is.

    Needs nothing but what is kept with the vote. That the key is the issuer's own is the
    installation's word, unless whoever checks holds the issuer's key set.
    """
    if kept.get("kind") != ID_TOKEN:
        return "it has no personal signature of a kind that is known"
    claims = verify_archived(str(kept.get("token", "")), kept.get("key"))
    if isinstance(claims, Refusal):
        return f"the ID token does not hold: {claims.detail}"
    if not _is_same(str(claims.get("nonce", "")), statement_hash):
        return "the ID token is over another statement"
    return ""


def has_key(key_set: object, key: object) -> bool:
    """Whether a public key is in a provider's key set (JWKS), by its thumbprint (RFC 7638)."""
    listed = key_set.get("keys") if isinstance(key_set, dict) else None
    wanted = get_thumbprint(key)
    return wanted is not None and any(get_thumbprint(one) == wanted for one in listed or ())


def pack_ballot(ballot: Ballot | None) -> dict[str, str]:
    """What a login's ticket keeps of the ballot that it is for, beside the nonce."""
    if ballot is None:
        return {}
    return {"ballot_person": ballot.person, "ballot_at": str(ballot.laid_down_unix)}


def unpack_ballot(facts: Mapping[str, str]) -> Ballot | None:
    """The ballot that a login's ticket is for, if any."""
    if "ballot_person" not in facts:
        return None
    return Ballot(
        person=PersonId(facts["ballot_person"]),
        statement_hash=facts["nonce"],
        laid_down_unix=int(facts["ballot_at"]),
    )


def _describe(token: str, key: Mapping[str, Any]) -> dict[str, Any]:
    """Who signed, for people; the token itself is what counts."""
    claims = verify_archived(token, key)
    assert not isinstance(claims, Refusal), "it was checked"
    return {
        "issuer": str(claims["iss"]),
        "subject": str(claims["sub"]),
        "auth_time_unix": int(claims["auth_time"]),
    }


def _refuse(why: str) -> Refusal:
    return Refusal(code=ReasonCode.VOTE_PROOF_BAD, detail=why)


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())
