"""Knows machines by the OIDC tokens of where they run, so that CI needs to store no key.

A token is verified once and remembered by its hash until it ends, so a call costs one hash and
one look-up. What it may do is not remembered: the Standing says that at every call.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from alos.control.issuer_keys import IssuerKeys, Source
from alos.control.tokens import MAX_BYTES, peek, verify
from alos.domain.fault import SignOnDown
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.sign_on import SignOn, Workload, WorkloadIssuer
from alos.domain.token_claims import Expected

_MOST_REMEMBERED = 10_000
_LONGEST_MEMORY_SECONDS = 3_600
"""After so long a token is verified again, so that a key its issuer withdrew stops being good."""


class _Remembered(NamedTuple):
    workload: Workload
    until_unix: int


class WorkloadTokens:
    """The :class:`alos.ports.workloads.Workloads` of the configuration in force.

    Args:
        sign_on: the section as it applies now; when it changes, everything is verified again.
    """

    def __init__(self, keys: IssuerKeys, sign_on: Callable[[], SignOn]) -> None:
        self._keys = keys
        self._sign_on = sign_on
        self._applied = sign_on()
        self._known: OrderedDict[bytes, _Remembered] = OrderedDict()

    def find(self, token: bytes, *, now_unix: int) -> Workload | None:
        """The workload of a token that was good before and still is; asks nobody, never waits."""
        self._forget_when_changed()
        known = self._known.get(hashlib.sha256(token).digest())
        return known.workload if known is not None and now_unix < known.until_unix else None

    async def identify(self, token: bytes, *, now_unix: int) -> Workload | Refusal:
        """The workload of a token, or why there is none; may wait for its issuer's keys."""
        if (found := self.find(token, now_unix=now_unix)) is not None:
            return found
        applied = self._applied
        text = token.decode("ascii", "replace") if len(token) <= MAX_BYTES else ""
        seen = peek(text)
        if isinstance(seen, Refusal):
            return seen
        issuer = applied.get_workload_issuer(seen.issuer)
        if issuer is None:
            return Refusal(code=ReasonCode.ISSUER_UNKNOWN)
        try:
            claims = await verify(
                text,
                self._keys,
                get_source(issuer, applied),
                Expected(issuer=issuer.url, audience=issuer.audience),
                now_unix=now_unix,
                skew_seconds=applied.clock_skew_seconds,
            )
        except SignOnDown:
            return Refusal(code=ReasonCode.SIGN_ON_DOWN)
        if isinstance(claims, Refusal):
            return claims
        rule = next(
            (
                one
                for one in applied.workload_rules
                if one.issuer == issuer.name and one.matches(claims)
            ),
            None,
        )
        if rule is None:
            detail = "no workload of alos.yaml has these claims"
            return Refusal(code=ReasonCode.TOKEN_BAD, detail=detail)
        workload = Workload(
            rule=rule.name,
            service_account=rule.service_account,
            issuer=issuer.url,
            subject=claims["sub"],
            ends_at_unix=int(claims["exp"]) + applied.clock_skew_seconds,
        )
        if applied is self._applied:
            self._remember(token, workload, now_unix)
        return workload

    async def refresh(self) -> None:
        """Fetch the issuers' keys before they are old, so that no call has to wait for it."""
        applied = self._sign_on()
        await self._keys.refresh(
            [get_source(one, applied) for one in applied.workload_issuers.values()]
        )

    def _remember(self, token: bytes, workload: Workload, now_unix: int) -> None:
        until = min(workload.ends_at_unix, now_unix + _LONGEST_MEMORY_SECONDS)
        self._known[hashlib.sha256(token).digest()] = _Remembered(workload, until)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _forget_when_changed(self) -> None:
        now = self._sign_on()
        if now is not self._applied:
            self._applied = now
            self._known.clear()


def get_source(issuer: WorkloadIssuer, sign_on: SignOn) -> Source:
    """Where the issuer's keys come from."""
    return Source(
        url=issuer.url,
        ca_file=issuer.ca_file,
        jwks_file=issuer.jwks_file,
        outage_seconds=sign_on.outage_seconds,
    )
