"""Signing in with the organisation's identity provider: OpenID Connect, code flow with PKCE.

``begin`` sends a browser to the provider; ``finish`` takes what it brings back. Everything that
has to match is kept here under a state that works once, and the browser that finishes must be
the one that began. The person is found in the directory; nobody is added by logging in.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from alos.control.ballots import Ballot, Ballots, Login, pack_ballot, unpack_ballot
from alos.control.change_notes import ChangeNotes
from alos.control.code_exchange import CodeExchange, Reach
from alos.control.issuer_keys import Source
from alos.control.sessions import NewSession, Sessions, SignIn
from alos.control.standing import Configuration
from alos.control.tokens import peek
from alos.domain.account import check_account, find_person
from alos.domain.ids import PersonId
from alos.domain.reason import ReasonCode
from alos.domain.record import NoteKind
from alos.domain.refusal import Refusal
from alos.domain.session import Carrier, Origin, hash_token
from alos.domain.sign_on import Issuer, Site, to_challenge
from alos.ports.clock import Clock
from alos.ports.sessions import AccountState, TicketState

CALLBACK: Final = "/api/v1/login/callback"
LOGIN_SECONDS: Final = 600
CODE_SECONDS: Final = 120
_LOGIN = "login"
_CODE = "cli_code"
_LONGEST = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """A command line that waits for a login to end.

    Attributes:
        port: where it listens on loopback; 0 where a person carries the code to it.
        challenge: S256 of its own verifier, so that nobody else can use the code.
        state: comes back to it unchanged.
    """

    port: int
    challenge: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A login under way.

    Attributes:
        url: where the browser goes.
        binding: the cookie by which the browser is known again.
    """

    url: str
    binding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A login that ended well: a browser's session, or a code for a command line."""

    person: PersonId
    session: NewSession | None = None
    command_line: CommandLine | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a login leaves in the store until it ends, and after.

    Attributes:
        on_bound: told of each account that is bound, by issuer and person.
    """

    tickets: TicketState
    accounts: AccountState
    on_bound: Callable[[str, PersonId], None]


class SignOn:
    """Begins and finishes logins.

    Args:
        site: where browsers meet this installation, as configured now.
        lets_personal: whether a waiver lets personal accounts in at this moment.
    """

    def __init__(
        self,
        reach: Reach,
        kept: Kept,
        sessions: Sessions,
        notes: ChangeNotes,
        *,
        clock: Clock,
        configuration: Callable[[], Configuration],
        site: Callable[[], Site],
        lets_personal: Callable[[], bool],
    ) -> None:
        self._keys = reach.keys
        self._codes = CodeExchange(reach, clock)
        self._tickets = kept.tickets
        self._accounts = kept.accounts
        self.ballots = Ballots(kept.tickets, clock)
        """Votes that wait for their person's login."""
        self._sessions = sessions
        self._notes = notes
        self._clock = clock
        self._configuration = configuration
        self._site = site
        self._lets_personal = lets_personal
        self._on_bound = kept.on_bound

    @property
    def issuers(self) -> Mapping[str, Issuer]:
        """Those that people can log in with now, by name."""
        return self._configuration().organisation.sign_on.issuers

    async def begin(
        self,
        name: str | None,
        *,
        command_line: CommandLine | None = None,
        ballot_id: str | None = None,
    ) -> Begun | Refusal:
        """Prepare a login with an issuer (the only one, where none is named).

        With a ballot it is no session that comes of it but the signature of a vote; the provider
        is asked to have the person log in again.

        Raises:
            SignOnDown, StoreDown: nobody new can sign in now.
        """
        issuers = self.issuers
        if name is None and len(issuers) == 1:
            (name,) = issuers
        issuer = issuers.get(name or "")
        if issuer is None:
            listed = ", ".join(sorted(issuers)) or "none"
            return Refusal(code=ReasonCode.LOGIN_BAD, detail=f"name one of the issuers: {listed}")
        metadata = await self._keys.get_metadata(self._get_source(issuer))
        state, nonce, verifier, binding = (secrets.token_urlsafe(32) for _ in range(4))
        ballot = await self.ballots.take_up(ballot_id) if ballot_id is not None else None
        if isinstance(ballot, Refusal):
            return ballot
        nonce = ballot.statement_hash if ballot is not None else nonce
        facts = {
            "issuer": issuer.name,
            "nonce": nonce,
            "verifier": verifier,
            "binding": hash_token(binding).hex(),
            "redirect_uri": self._get_redirect_uri(),
            **_pack(command_line),
            **pack_ballot(ballot),
        }
        ends = self._now_unix() + LOGIN_SECONDS
        await asyncio.to_thread(
            self._tickets.add_ticket, hash_token(state), _LOGIN, facts, ends_at_unix=ends
        )
        query = {
            "response_type": "code",
            "client_id": issuer.client_id,
            "redirect_uri": facts["redirect_uri"],
            "scope": " ".join(dict.fromkeys(("openid", *issuer.scopes))),
            "state": state,
            "nonce": nonce,
            "code_challenge": to_challenge(verifier),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if ballot is not None else {}),
        }
        endpoint = metadata.authorization_endpoint
        joint = "&" if "?" in endpoint else "?"
        return Begun(url=f"{endpoint}{joint}{urlencode(query)}", binding=binding)

    async def finish(self, query: Mapping[str, str], binding: str) -> SignedIn | Refusal:
        """Take what the browser brought back from the provider.

        Raises:
            SignOnDown, StoreDown, JournalDown: nobody was signed in; the state is spent.
        """
        outcome = await self._finish(query, binding)
        if isinstance(outcome, Refusal):
            self._notes.add(
                NoteKind.SIGN_IN_REFUSED,
                {"reason": outcome.code.value, "detail": outcome.detail},
                by="nobody",
            )
            await self._notes.flush()
        return outcome

    async def redeem(self, code: str, verifier: str) -> NewSession | Refusal:
        """Give a command line the session that its code stands for; the code works once.

        Raises:
            StoreDown, JournalDown: nothing was opened; the code may be spent.
        """
        facts = await asyncio.to_thread(
            self._tickets.take_ticket, hash_token(code), _CODE, now_unix=self._now_unix()
        )
        if facts is None or not _is_same(to_challenge(verifier), facts["challenge"]):
            return Refusal(
                code=ReasonCode.LOGIN_BAD, detail="the code was used, is old or another"
            )
        if self._configuration().people.get_active(PersonId(facts["person"])) is None:
            return Refusal(code=ReasonCode.PERSON_UNKNOWN)
        return await self._sessions.open(
            SignIn(
                person=PersonId(facts["person"]),
                origin=Origin.SIGN_ON,
                carrier=Carrier.BEARER,
                issuer=facts["issuer"],
                subject=facts["subject"],
                auth_time_unix=int(facts["auth_time"]),
            )
        )

    # --- the steps of finishing -----------------------------------------------------------

    async def _finish(self, query: Mapping[str, str], binding: str) -> SignedIn | Refusal:
        state = query.get("state", "")
        facts = await asyncio.to_thread(
            self._tickets.take_ticket, hash_token(state), _LOGIN, now_unix=self._now_unix()
        )
        if facts is None or not _is_same(hash_token(binding).hex(), facts["binding"]):
            return Refusal(code=ReasonCode.LOGIN_BAD)
        issuer = self.issuers.get(facts["issuer"])
        if issuer is None:
            return Refusal(code=ReasonCode.ISSUER_UNKNOWN)
        metadata = await self._keys.get_metadata(self._get_source(issuer))
        named = query.get("iss")
        if (named is None and metadata.names_issuer) or named not in (None, issuer.url):
            return Refusal(code=ReasonCode.LOGIN_BAD, detail="another issuer answered")
        code = query.get("code", "")
        if "error" in query or not 0 < len(code) <= _LONGEST:
            return Refusal(code=ReasonCode.LOGIN_BAD, detail="the identity provider said no")
        exchanged = await self._codes.exchange(
            issuer, self._get_source(issuer), facts, code, skew_seconds=self._skew_seconds
        )
        if isinstance(exchanged, Refusal):
            return exchanged
        claims, token = exchanged
        person = await self._find_person(issuer, claims)
        if isinstance(person, Refusal):
            return person
        if (ballot := unpack_ballot(facts)) is not None:
            return await self._prove(issuer, ballot, person, (claims, token), _unpack(facts))
        return await self._open(issuer, claims, person, _unpack(facts))

    async def _find_person(self, issuer: Issuer, claims: Mapping[str, Any]) -> PersonId | Refusal:
        refusal = check_account(issuer, claims, lets_personal=self._lets_personal())
        if refusal is not None:
            return refusal
        people = self._configuration().people
        subject = claims["sub"]
        bound = await asyncio.to_thread(self._accounts.get_account, issuer.url, subject)
        if bound is None:
            found = find_person(people, claims[issuer.email_claim])
            if found is None:
                return Refusal(code=ReasonCode.PERSON_UNKNOWN)
            bound = await asyncio.to_thread(
                self._accounts.bind_account, issuer.url, subject, found.id,
                at_unix=self._now_unix(),
            )  # fmt: skip
            if bound != found.id:
                detail = "the person has another account at this issuer already"
                return Refusal(code=ReasonCode.PERSON_UNKNOWN, detail=detail)
            self._on_bound(issuer.url, bound)
        if people.get_active(bound) is None:
            return Refusal(code=ReasonCode.PERSON_UNKNOWN)
        return bound

    async def _prove(
        self,
        issuer: Issuer,
        ballot: Ballot,
        person: PersonId,
        said: tuple[Mapping[str, Any], str],
        command_line: CommandLine | None,
    ) -> SignedIn | Refusal:
        """A code for the vote, where this login is the one that its ballot asked for."""
        claims, token = said
        seen = peek(token)
        key_id = seen.key_id if not isinstance(seen, Refusal) else None
        key = await self._keys.find(self._get_source(issuer), key_id)
        if key is None or command_line is None:
            return Refusal(code=ReasonCode.LOGIN_BAD, detail="nobody waits for this vote")
        login = Login(
            person=person,
            claims=claims,
            token=token,
            key=key.as_dict(private=False),
            challenge=command_line.challenge,
        )
        code = await self.ballots.prove(ballot, login, skew_seconds=self._skew_seconds)
        if isinstance(code, Refusal):
            return code
        return SignedIn(person=person, command_line=command_line, code=code)

    async def _open(
        self,
        issuer: Issuer,
        claims: Mapping[str, Any],
        person: PersonId,
        command_line: CommandLine | None,
    ) -> SignedIn:
        now = self._now_unix()
        given = claims.get("auth_time")
        auth_time = int(given) if isinstance(given, (int, float)) and 0 < given <= now else now
        if command_line is None:
            opened = await self._sessions.open(
                SignIn(
                    person=person,
                    origin=Origin.SIGN_ON,
                    carrier=Carrier.COOKIE,
                    issuer=issuer.url,
                    subject=claims["sub"],
                    auth_time_unix=auth_time,
                )
            )
            return SignedIn(person=person, session=opened)
        code = secrets.token_urlsafe(32)
        facts = {
            "person": person,
            "issuer": issuer.url,
            "subject": claims["sub"],
            "auth_time": str(auth_time),
            "challenge": command_line.challenge,
        }
        ends = now + CODE_SECONDS
        await asyncio.to_thread(
            self._tickets.add_ticket, hash_token(code), _CODE, facts, ends_at_unix=ends
        )
        return SignedIn(person=person, command_line=command_line, code=code)

    def _get_source(self, issuer: Issuer) -> Source:
        outage = self._configuration().organisation.sign_on.outage_seconds
        return Source(url=issuer.url, ca_file=issuer.ca_file, outage_seconds=outage)

    @property
    def _skew_seconds(self) -> int:
        return self._configuration().organisation.sign_on.clock_skew_seconds

    def _get_redirect_uri(self) -> str:
        return self._site().origin + CALLBACK

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


def _pack(command_line: CommandLine | None) -> dict[str, str]:
    if command_line is None:
        return {}
    return {
        "cli_port": str(command_line.port),
        "cli_challenge": command_line.challenge,
        "cli_state": command_line.state,
    }


def _unpack(facts: Mapping[str, str]) -> CommandLine | None:
    if "cli_port" not in facts:
        return None
    return CommandLine(
        port=int(facts["cli_port"]),
        challenge=facts["cli_challenge"],
        state=facts["cli_state"],
    )


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())
