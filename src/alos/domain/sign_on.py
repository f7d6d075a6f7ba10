"""Who the organisation trusts to say who somebody is, and what it then believes."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from alos.domain.ids import PrincipalId, WorkflowId
from alos.domain.session import SessionLimits

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class EmailTrust(StrEnum):
    """When an address in a token counts as the person's."""

    VERIFIED = "verified"
    """Only with ``email_verified: true``."""
    DIRECTORY = "directory"
    """Always: the provider is the organisation's own directory, which assigns the addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An OpenID provider that people log in with.

    Attributes:
        url: its issuer identifier, exactly as its tokens say it.
        client_secret: reference (``env:NAME``, ``file:PATH``) or empty for a public client.
        domains: mail domains whose people may come in; at least one.
        tenants: allowed values of the claim ``tid`` (Entra) or ``hd`` (Google); empty = any.
        email_claim: the claim that holds the address.
        scopes: what is asked for; ``openid`` is always among them.
        ca_file: a CA bundle to trust for it in place of the system's.
    """

    name: str
    url: str
    client_id: str
    client_secret: str = ""
    domains: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    email_claim: str = "email"
    email_trust: EmailTrust = EmailTrust.VERIFIED
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadIssuer:
    """Says which machine something is: GitHub Actions, a Kubernetes cluster.

    Attributes:
        audience: what its tokens must be made out to; required, so that a token for somebody
            else is worth nothing here.
        jwks_file: its keys as a file, where its address can't be reached from here.
    """

    name: str
    url: str
    audience: str
    jwks_file: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadRule:
    """Tokens of an issuer with these claims are this service account.

    Attributes:
        claims: claim → the values that are taken; a value may end in ``*``.
        workflows: allow-list, all of one workspace; the first is the default.
    """

    name: str
    issuer: str
    claims: Mapping[str, tuple[str, ...]]
    service_account: PrincipalId
    workflows: tuple[WorkflowId, ...]

    def matches(self, claims: Mapping[str, object]) -> bool:
        """Whether every claim of the rule is in the token with a value that is taken."""
        return bool(self.claims) and all(
            _is_taken(claims.get(name), taken) for name, taken in self.claims.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A machine as its token has shown it.

    Attributes:
        rule: name of the rule that took its claims.
        ends_at_unix: when the token is no longer taken.
    """

    rule: str
    service_account: PrincipalId
    issuer: str
    subject: str
    ends_at_unix: int


WORKLOAD_PREFIX = "workload:"


def to_grant_prefix(rule: str) -> str:
    """Where a Standing keeps what a rule's workloads may do; no key's prefix looks like it."""
    return WORKLOAD_PREFIX + rule


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOn:
    """The section ``sign_on`` of ``alos.yaml``.

    Attributes:
        public_url: where browsers reach this installation; empty means this machine only.
        clock_skew_seconds: how far an issuer's clock may be from ours.
        outage_seconds: so long an issuer's keys are used while they can't be fetched again.
    """

    public_url: str = ""
    limits: SessionLimits = field(default_factory=SessionLimits)
    clock_skew_seconds: int = 60
    outage_seconds: int = 86_400
    issuers: Mapping[str, Issuer] = field(default_factory=dict)
    workload_issuers: Mapping[str, WorkloadIssuer] = field(default_factory=dict)
    workload_rules: tuple[WorkloadRule, ...] = ()

    def get_issuer(self, url: str) -> Issuer | None:
        """The issuer with that identifier."""
        return next((one for one in self.issuers.values() if one.url == url), None)

    def get_workload_issuer(self, url: str) -> WorkloadIssuer | None:
        """The workload issuer with that identifier."""
        return next((one for one in self.workload_issuers.values() if one.url == url), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where browsers meet this installation; nothing about it is taken from a request.

    Attributes:
        origin: scheme, host and port, as browsers write it in ``Origin``.
        aliases: further origins that are the same site (loopback's other names).
    """

    origin: str
    aliases: frozenset[str] = frozenset()

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session cookie's name; ``__Host-`` binds it to this host, path and TLS."""
        return "__Host-alos_session" if self.is_secure else "alos_session"

    def is_own_origin(self, origin: str) -> bool:
        """Whether a page of ours sent a request."""
        return origin == self.origin or origin in self.aliases

    def is_own_host(self, host: str) -> bool:
        """Whether a request was meant for us, and not for a name that was pointed at us."""
        scheme = self.origin.partition("://")[0]
        return self.is_own_origin(f"{scheme}://{host}")


def build_site(public_url: str, port: int) -> Site:
    """The site of a public URL, or of loopback where there is none."""
    if public_url:
        parts = urlsplit(public_url)
        return Site(origin=f"{parts.scheme}://{parts.netloc}".lower())
    names = [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]")]
    return Site(origin=names[0], aliases=frozenset(names[1:]))


def to_challenge(verifier: str) -> str:
    """The challenge of a verifier by S256 (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_safe_url(url: str) -> bool:
    """TLS, or this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    if parts.username or parts.password or parts.fragment:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK_HOSTS)
    )


def _is_taken(value: object, taken: tuple[str, ...]) -> bool:
    if not isinstance(value, str) or not value:
        return False
    return any(value.startswith(one[:-1]) if one.endswith("*") else value == one for one in taken)
