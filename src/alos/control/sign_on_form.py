"""The section ``sign_on`` of ``alos.yaml``: who says who somebody is, and how long that holds."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from alos.control.documents import Document, Problem
from alos.control.forms import Form, Name, Slug, Text, build_error, suggest
from alos.domain.account import CONSUMER_DOMAINS
from alos.domain.ids import PrincipalId, WorkflowId
from alos.domain.session import SessionLimits
from alos.domain.sign_on import (
    EmailTrust,
    Issuer,
    SignOn,
    WorkloadIssuer,
    WorkloadRule,
    is_safe_url,
)

_SHARED_ISSUERS = {
    "token.actions.githubusercontent.com": (
        "repository", "repository_id", "repository_owner", "repository_owner_id", "sub",
        "job_workflow_ref",
    ),
    "gitlab.com": ("project_path", "project_id", "namespace_path", "namespace_id", "sub"),
    "accounts.google.com": ("sub", "email"),
}  # fmt: skip
"""Issuers that speak for everybody's machines, and the claims that say whose one is."""


def _check_url(text: str) -> str:
    if not is_safe_url(text):
        mend = "Write https://…; plain http is taken for this machine only."
        raise build_error("must be a URL over TLS", mend)
    return text


def _check_origin(text: str) -> str:
    parts = urlsplit(_check_url(text))
    if parts.path.strip("/") or parts.query:
        raise build_error("must be scheme, host and port alone", "Leave the path out.")
    return f"{parts.scheme}://{parts.netloc}".lower()


SafeUrl = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_check_url)]
"""TLS, or this machine."""
PublicOrigin = Annotated[str, StringConstraints(max_length=300), AfterValidator(_check_origin)]
SecretPlace = Annotated[str, StringConstraints(pattern=r"^(none|env:[A-Za-z_]\w*|file:.+)$")]
Domain = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$")
]
Minutes = Annotated[int, Field(ge=1, le=10_080)]
Hours = Annotated[int, Field(ge=1, le=168)]


class SessionsForm(Form):
    """How long a login lasts."""

    idle_minutes: Minutes = 60
    """Without a request."""
    absolute_hours: Hours = 12
    """From the login on, whatever happens in between."""
    rotation_minutes: Minutes = 15
    """How often a browser's token is replaced."""


class IssuerForm(Form):
    """An OpenID provider that people log in with."""

    issuer: SafeUrl
    """Its issuer identifier, exactly as its tokens say it."""
    client_id: Text
    """The id that it gave this installation."""
    client_secret: SecretPlace
    """Where the client's secret is: `env:NAME`, `file:PATH`, or `none` for a public client."""
    domains: list[Domain] = Field(min_length=1)
    """Mail domains whose people may come in."""
    tenants: list[Text] = Field(default_factory=list)
    """Allowed values of the claim `tid` (Entra) or `hd` (Google); any, where left out."""
    email_claim: Literal["email", "preferred_username", "upn"] = "email"
    """The claim that holds the work address."""
    email_trust: Literal["verified", "directory"] = "verified"
    """`verified` wants `email_verified: true`; `directory` where it assigns the addresses."""
    scopes: list[Text] = Field(default_factory=lambda: ["openid", "email", "profile"])
    """What is asked for."""
    ca_file: Text | None = None
    """A CA bundle to trust for it in place of the system's."""


class WorkloadIssuerForm(Form):
    """An issuer of tokens for machines: GitHub Actions, a Kubernetes cluster."""

    issuer: SafeUrl
    """Its issuer identifier, exactly as its tokens say it."""
    audience: Text
    """What its tokens must be made out to, e.g. this installation's URL."""
    jwks_file: Text | None = None
    """Its public keys as a file, where its address can't be reached from here."""
    ca_file: Text | None = None
    """A CA bundle to trust for it in place of the system's."""


class WorkloadForm(Form):
    """Tokens with these claims are that service account."""

    issuer: Name
    """The workload issuer's name above."""
    claims: dict[Name, list[Text]] = Field(min_length=1)
    """Claim → the values that are taken; a value may end in `*`."""
    service_account: Slug
    """The id of the service account of `people.yaml`."""
    workflows: list[Slug] = Field(min_length=1)
    """Allow-list, all of one workspace; the first is the default."""


class SignOnForm(Form):
    """Sign-on: who says who somebody is, and how long that holds."""

    public_url: PublicOrigin | None = None
    """Where browsers reach this installation; this machine alone, where left out."""
    sessions: SessionsForm = SessionsForm()
    """How long a login lasts."""
    clock_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    """How far an issuer's clock may be from ours."""
    outage_hours: Hours = 24
    """For how long an issuer's keys are used while they can't be fetched again."""
    issuers: dict[Name, IssuerForm] = Field(default_factory=dict)
    """OpenID providers that people log in with, by name."""
    workload_issuers: dict[Name, WorkloadIssuerForm] = Field(default_factory=dict)
    """Issuers of tokens for machines, by name."""
    workloads: dict[Slug, WorkloadForm] = Field(default_factory=dict)
    """Which machine is which service account, by name."""


class _HasSignOn(Protocol):
    @property
    def sign_on(self) -> SignOnForm: ...


def check_sign_on(document: Document, form: _HasSignOn) -> Iterator[Problem]:
    """Check the section against itself."""
    sign_on = form.sign_on
    for name, issuer in sign_on.issuers.items():
        place = ("sign_on", "issuers", name, "domains")
        if consumer := sorted(CONSUMER_DOMAINS & set(issuer.domains)):
            message = f"anybody can have an address at {consumer[0]}"
            mend = "Name the organisation's own domains; personal accounts take a waiver."
            yield document.build_problem(place, message, mend)
    yield from _check_twice(document, "issuers", sign_on.issuers)
    yield from _check_twice(document, "workload_issuers", sign_on.workload_issuers)
    for name, rule in sign_on.workloads.items():
        yield from _check_rule(document, name, rule, sign_on)


def _check_twice(
    document: Document, part: str, issuers: Mapping[str, IssuerForm | WorkloadIssuerForm]
) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, one in issuers.items():
        if (first := seen.setdefault(one.issuer, name)) != name:
            place = ("sign_on", part, name, "issuer")
            yield document.build_problem(
                place, f"is the issuer of `{first}` too", "Keep one of the two entries."
            )


def _check_rule(
    document: Document, name: str, rule: WorkloadForm, sign_on: SignOnForm
) -> Iterator[Problem]:
    place = ("sign_on", "workloads", name)
    issuer = sign_on.workload_issuers.get(rule.issuer)
    if issuer is None:
        mend = suggest(rule.issuer, list(sign_on.workload_issuers))
        yield document.build_problem((*place, "issuer"), "there is no such workload issuer", mend)
        return
    for claim, values in rule.claims.items():
        if not values or any(value.strip("*") == "" for value in values):
            message, mend = "takes any value", "Write the values that are taken."
            yield document.build_problem((*place, "claims", claim), message, mend)
    whose = _SHARED_ISSUERS.get(urlsplit(issuer.issuer).hostname or "")
    if whose is not None and not set(rule.claims) & set(whose):
        yield document.build_problem(
            (*place, "claims"),
            "does not say whose: this issuer speaks for everybody's machines",
            f"Name one of {', '.join(whose)}.",
        )


def to_sign_on(form: SignOnForm) -> SignOn:
    """The frozen section."""
    return SignOn(
        public_url=form.public_url or "",
        limits=SessionLimits(
            idle_seconds=form.sessions.idle_minutes * 60,
            absolute_seconds=form.sessions.absolute_hours * 3_600,
            rotation_seconds=form.sessions.rotation_minutes * 60,
        ),
        clock_skew_seconds=form.clock_skew_seconds,
        outage_seconds=form.outage_hours * 3_600,
        issuers=MappingProxyType({n: _to_issuer(n, one) for n, one in form.issuers.items()}),
        workload_issuers=MappingProxyType(
            {
                name: WorkloadIssuer(
                    name=name,
                    url=one.issuer,
                    audience=one.audience,
                    jwks_file=one.jwks_file,
                    ca_file=one.ca_file,
                )
                for name, one in form.workload_issuers.items()
            }
        ),
        workload_rules=tuple(_to_rule(name, one) for name, one in form.workloads.items()),
    )


def _to_issuer(name: str, form: IssuerForm) -> Issuer:
    return Issuer(
        name=name,
        url=form.issuer,
        client_id=form.client_id,
        client_secret=form.client_secret.removeprefix("none"),
        domains=frozenset(form.domains),
        tenants=frozenset(form.tenants),
        email_claim=form.email_claim,
        email_trust=EmailTrust(form.email_trust),
        scopes=tuple(form.scopes),
        ca_file=form.ca_file,
    )


def _to_rule(name: str, form: WorkloadForm) -> WorkloadRule:
    return WorkloadRule(
        name=name,
        issuer=form.issuer,
        claims=MappingProxyType({claim: tuple(taken) for claim, taken in form.claims.items()}),
        service_account=PrincipalId(form.service_account),
        workflows=tuple(WorkflowId(slug) for slug in form.workflows),
    )
