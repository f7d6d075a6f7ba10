"""The form of ``alos.yaml``: what may be written in it, with a description of each key."""

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from alos.control.forms import (
    Count,
    Day,
    Days,
    Form,
    Name,
    Seconds,
    Slug,
    Text,
    Usd,
    build_error,
)
from alos.control.sign_on_form import SignOnForm
from alos.domain.boundary import DataClass
from alos.domain.organisation import AzureLogin, WireFormat
from alos.domain.people import Role

CREDENTIAL = re.compile(r"none|env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s:]+")


def _check_credential(value: object) -> object:
    if not isinstance(value, str) or not CREDENTIAL.fullmatch(value):
        raise build_error(
            "must say where the credential is, never what it is",
            "Write `env:NAME`, `file:PATH`, or `none` for a host that asks for none.",
        )
    return value


def _check_url(value: object) -> object:
    mend = "Write it as https://host/path, without user, query and fragment."
    if not isinstance(value, str):
        raise build_error("must be a URL", mend)
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise build_error("must be a URL", mend) from error
    plain = parts.scheme == "http" and _is_private(parts.hostname or "")
    if not plain and parts.scheme != "https":
        raise build_error("must be https (http only inside your own network)", mend)
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise build_error("must be a plain URL", mend)
    return value.rstrip("/")


def _is_private(host: str) -> bool:
    """Whether a host is on this machine or a private network, as far as its name tells."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))


Credential = Annotated[
    str,
    BeforeValidator(_check_credential),
    WithJsonSchema({"type": "string", "pattern": f"^({CREDENTIAL.pattern})$"}),
]
Url = Annotated[
    str, BeforeValidator(_check_url), WithJsonSchema({"type": "string", "format": "uri"})
]
WireFormatWord = Annotated[WireFormat, Field(strict=False)]
DataClassWord = Annotated[DataClass, Field(strict=False)]
RoleWord = Annotated[Role, Field(strict=False)]
TierWord = Literal["0", "1", "2", "3", "4"]


class WorkspaceForm(Form):
    """A team or product that spends."""

    title: Text
    """Its name for people."""
    owner: Name
    """The id of the person who answers for its spend."""
    monthly_budget_usd: Usd
    """Its cap for a month, e.g. 50 or 12.50."""
    group: Name | None = None
    """The directory group of its members; its team lead is in it."""


class TimeoutsForm(Form):
    """How long to wait for a vendor, in seconds."""

    connect_seconds: Seconds = 5.0
    """Until the connection stands."""
    first_byte_seconds: Seconds | None = None
    """Until the answer begins; as `idle_seconds` unless set."""
    idle_seconds: Seconds = 60.0
    """Between two reads, also of a stream."""
    total_seconds: Seconds = 300.0
    """For the whole answer."""


class ConnectionsForm(Form):
    """How many calls may be with a vendor at a time."""

    most: Count = 1024
    """Calls at a time; a stream counts until it ends."""
    queue: Annotated[int, Field(ge=0, le=1_000_000)] = 256
    """Calls that may wait for a turn; the next one is refused (`alos_upstream_full`)."""
    queue_seconds: Seconds = 5.0
    """Longest wait for a turn."""


class BreakerForm(Form):
    """When a model that fails is left alone."""

    failures: Count = 10
    """After so many failures in a row."""
    pause_seconds: Seconds = 5.0
    """For so long at first; each failed probe doubles it, up to a minute."""


ApiVersion = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$")]


class EntraForm(Form):
    """Where tokens for Azure are issued, and to whom; the credential is the client secret."""

    tenant: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,128}$")]
    """The directory's id or domain."""
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    """The application's id."""
    scope: Text = "https://cognitiveservices.azure.com/.default"
    """What the token is for."""
    authority: Url = "https://login.microsoftonline.com"
    """Where it is issued; another one in national clouds."""


class AzureForm(Form):
    """What is particular to an Azure OpenAI resource."""

    api_version: ApiVersion | None = None
    """With one, paths of deployments (upstream names are deployments); else the v1 API."""
    login: Annotated[AzureLogin, Field(strict=False)] = AzureLogin.API_KEY
    """What the credential is: `api_key`, `bearer` (a token, e.g. in a file), or `entra`."""
    entra: EntraForm | None = None
    """Needed for `entra`."""

    @model_validator(mode="after")
    def _check_entra(self) -> "AzureForm":
        if (self.login is AzureLogin.ENTRA) != (self.entra is not None):
            raise build_error(
                "the login `entra` and the section `entra` go together",
                "Write both, or neither.",
            )
        return self


class VendorForm(Form):
    """A company or host that runs models."""

    wire_formats: list[WireFormatWord] = Field(min_length=1)
    """Wire formats its endpoint speaks."""
    base_url: Url
    """Its address before the formats' own paths; a `/v1` at the end may stand or not."""
    credential: Credential
    """Where its credential is: `env:NAME`, `file:PATH`, or `none`."""
    terms: Text
    """Where its terms are written down: a URL or a contract's reference."""
    region: Text
    """Where it processes and stores what is sent."""
    retention_days: Days
    """For how many days it keeps what is sent, as its terms say; 0 = not at all."""
    approved_until: Day
    """Last day of its approval."""
    price_book_id: Name | None = None
    """Its id in the price book, where that differs from its name here."""
    monthly_budget_usd: Usd | None = None
    """A cap on what is spent with it in a month."""
    timeouts: TimeoutsForm = TimeoutsForm()
    """How long to wait for it."""
    connections: ConnectionsForm = ConnectionsForm()
    """How many calls may be with it at a time."""
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    """How often one call may ask a model of it again after a failure."""
    breaker: BreakerForm = BreakerForm()
    """When a model of it that fails is left alone."""
    azure: AzureForm | None = None
    """If it is an Azure OpenAI resource."""
    ca_file: Text | None = None
    """A CA bundle to trust for it in place of the system's."""
    proxy_url: Url | None = None
    """The egress proxy it is reached through."""


class PriceForm(Form):
    """The organisation's own price, in dollars per million tokens."""

    input_usd_per_million: Usd
    """Input tokens."""
    output_usd_per_million: Usd
    """Output tokens."""
    cached_read_usd_per_million: Usd | None = None
    """Input read from the vendor's cache; as input unless set."""
    cache_write_usd_per_million: Usd | None = None
    """Input written to the vendor's cache; as input unless set."""
    reasoning_usd_per_million: Usd | None = None
    """Reasoning tokens; as output unless set."""
    request_usd: Usd = 0
    """For each request."""


class ModelForm(Form):
    """One model of a vendor."""

    vendor: Name
    """The vendor's name above."""
    upstream_name: Text
    """The name the vendor knows it by."""
    wire_formats: list[WireFormatWord] | None = Field(default=None, min_length=1)
    """Wire formats it speaks; the vendor's unless set."""
    size_class: Literal["small", "medium", "large"]
    """How large it is within this list; the smallest that passes is used by default."""
    data_classes: list[DataClassWord] = Field(min_length=1)
    """What it is approved to see."""
    context_tokens: Count
    """How many tokens prompt and answer may have together."""
    max_output_tokens: Count
    """How many tokens an answer may have."""
    approved_until: Day | None = None
    """Last day of its own approval, where that ends before the vendor's."""
    price: PriceForm | None = None
    """The organisation's own price; the price book's unless set."""


class DeputyForm(Form):
    """Who stands in for the holder of a role, for some days."""

    person: Name
    """The person's id."""
    first_day: Day
    """The first day, inclusive."""
    last_day: Day
    """The last day, inclusive."""


class RoleForm(Form):
    """Who holds a role."""

    groups: list[Name] = Field(default_factory=list)
    """Directory groups whose members hold it."""
    people: list[Name] = Field(default_factory=list)
    """Ids of persons who hold it."""
    deputy: DeputyForm | None = None
    """Who stands in, for a role that one person holds."""


class LaneForm(Form):
    """The votes that a tier asks for; never fewer than the built-in lane."""

    votes: list[list[RoleWord]] = Field(min_length=1)
    """One list per vote: the roles of which any one may cast it."""
    minimum_people: Count | None = None
    """Fewest different people; the number of votes unless set."""
    personal_signature: bool | None = None
    """Whether each vote must be signed by the person, not by the server; as the tier asks."""


class PolicyForm(Form):
    """What the one-page AI use policy says."""

    allowed: list[Text] = Field(default_factory=list)
    """What people may use AI for, one line each."""
    prohibited: list[Text] = Field(default_factory=list)
    """What they may not, one line each."""
    pii: Text | None = None
    """The rule for personal data."""
    secrets: Text | None = None
    """The rule for credentials."""
    customer_communication: Text | None = None
    """The rule for what customers get to read."""
    regulated_decisions: Text | None = None
    """The rule for decisions the law regulates."""


class RetentionForm(Form):
    """For how long prompts, answers and records are kept; there is no built-in number."""

    reference: Text
    """Your own policy that the numbers come from: its name, section or URL."""
    body_days: Days | None = None
    """Days that prompts and answers are kept; production waits until this is set."""
    record_days: Days | None = None
    """Days that records of calls are kept; production waits until this is set."""
    body_days_by_class: dict[DataClassWord, Days] = Field(default_factory=dict)
    """Other terms for content of a class."""


class MailerForm(Form):
    """Where e-mail is handed over."""

    host: Text
    """The mailer's host."""
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    """Its port."""
    sender: Text
    """The address that notices come from."""
    credential: Credential = "none"
    """Where `user:password` is: `env:NAME`, `file:PATH`, or `none` for no login."""
    use_tls: bool = True
    """STARTTLS; `false` only for a relay on this machine or network."""


class NoticesForm(Form):
    """How consulted and informed people are told."""

    webhook_url: Url | None = None
    """Takes each notice as JSON, e.g. a chat's incoming webhook."""
    mailer: MailerForm | None = None
    """Sends each person an e-mail."""


class OrganisationForm(Form):
    """`alos.yaml`: the organisation, its budgets, vendors, models, roles, lanes and policy."""

    organisation: Text
    """The organisation's name."""
    monthly_budget_usd: Usd | None = None
    """A cap on everything spent in a month."""
    sprint_workflow: Slug | None = None
    """The one workflow that the one-week sprint is about."""
    workspaces: dict[Slug, WorkspaceForm] = Field(min_length=1)
    """Teams or products that spend, by id."""
    vendors: dict[Name, VendorForm] = Field(min_length=1)
    """The approved vendors, by name."""
    models: dict[Name, ModelForm] = Field(min_length=1)
    """The approved models, by the name workflows use."""
    roles: dict[RoleWord, RoleForm] = Field(default_factory=dict)
    """Who holds which role."""
    lanes: dict[TierWord, LaneForm] = Field(default_factory=dict)
    """Votes per tier where you ask for more than the built-in lanes do."""
    policy: PolicyForm = PolicyForm()
    """What the one-page policy says."""
    retention: RetentionForm
    """For how long things are kept, and the policy that says so."""
    notices: NoticesForm = NoticesForm()
    """How consulted and informed people are told."""
    dictionaries: dict[Slug, list[Text]] = Field(default_factory=dict)
    """Lists of words that boundaries can forbid, by name."""
    sign_on: SignOnForm = SignOnForm()
    """Who says who somebody is, and how long that holds."""
