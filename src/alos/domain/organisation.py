"""What ``alos.yaml`` says: workspaces, vendors, models, roles, lanes, policy and retention."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum

from alos.domain.boundary import DataClass
from alos.domain.ids import ModelName, PersonId, VendorName, WorkflowId, WorkspaceId
from alos.domain.money import Price
from alos.domain.notice import NoticeWays
from alos.domain.people import People, Person, Role
from alos.domain.sign_on import SignOn
from alos.domain.tier import Tier


class WireFormat(StrEnum):
    """A request and response format; the gateway never translates between two."""

    OPENAI_CHAT = "openai-chat"
    OPENAI_RESPONSES = "openai-responses"
    OPENAI_EMBEDDINGS = "openai-embeddings"
    ANTHROPIC_MESSAGES = "anthropic-messages"


class SizeClass(IntEnum):
    """How large (and so how dear) a model is within an organisation's list."""

    SMALL = 1
    MEDIUM = 2
    LARGE = 3


class CredentialKind(StrEnum):
    """Where a credential is read from."""

    ENV = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialReference:
    """The place of a credential (``env:NAME`` or ``file:PATH``), never its value."""

    kind: CredentialKind
    name: str

    def __str__(self) -> str:
        """The way ``alos.yaml`` writes it."""
        return f"{self.kind}:{self.name}"


class AzureLogin(StrEnum):
    """How Azure is told who calls."""

    API_KEY = "api_key"
    BEARER = "bearer"
    """The credential is a token, e.g. in a file that something else keeps fresh."""
    ENTRA = "entra"
    """The credential is a client secret; tokens are asked for with it (client credentials)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Azure:
    """What is particular to a vendor that is an Azure OpenAI resource.

    Attributes:
        api_version: with one, the paths of deployments are used and a model's upstream name is
            its deployment; without one, the v1 API, whose paths are OpenAI's.
        authority: where tokens are issued; tenant, client_id, scope: what is asked for there.
    """

    api_version: str | None = None
    login: AzureLogin = AzureLogin.API_KEY
    authority: str = ""
    tenant: str = ""
    client_id: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait for a vendor.

    Attributes:
        connect_seconds: until the connection stands.
        idle_seconds: between two reads, also of a stream.
        total_seconds: for the whole answer.
    """

    connect_seconds: float = 5.0
    first_byte_seconds: float = 60.0
    idle_seconds: float = 60.0
    total_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Calls that may be with a vendor at a time, and that may wait for a turn."""

    most: int = 1024
    queue: int = 256
    queue_seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """A model that fails so often in a row is left alone for so long."""

    failures: int = 10
    pause_seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A company or host that runs models for us.

    Attributes:
        wire_formats: those its endpoint speaks.
        base_url: its address before the formats' own paths, without a trailing slash; a
            ``/v1`` at the end may stand or not, since one vendor may speak several formats.
        credential: None for a host that asks for none, e.g. a model on this machine.
        terms: where its terms are written down (a URL or a contract's reference).
        region: where it processes and stores what is sent.
        retention_days: for how long it keeps what is sent, as its terms say; 0 = not at all.
        approved_until: last day of its approval, inclusive.
        price_book_id: its id in the price book; the vendor's own name unless set.
        retries: how often one call may ask a model of it again after a failure.
        ca_file: a CA bundle to trust for it in place of the system's.
        proxy_url: the egress proxy it is reached through.
    """

    name: VendorName
    wire_formats: frozenset[WireFormat]
    base_url: str
    credential: CredentialReference | None
    terms: str
    region: str
    retention_days: int
    approved_until: date
    price_book_id: str
    monthly_budget_nanousd: int | None = None
    timeouts: Timeouts = Timeouts()
    connections: Connections = Connections()
    retries: int = 1
    breaker: BreakerRule = BreakerRule()
    azure: Azure | None = None
    ca_file: str | None = None
    proxy_url: str | None = None

    def is_approved_on(self, day: date) -> bool:
        """Whether the approval covers that day."""
        return day <= self.approved_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of a vendor, under the name the organisation gives it.

    Attributes:
        upstream_name: the name the vendor knows it by.
        wire_formats: those it speaks, a subset of its vendor's.
        data_classes: what it is approved to see.
        context_tokens: prompt and answer together.
        price: the organisation's own price, before the price book's; None = ask the book.
        approved_until: last day of its own approval; the vendor's where that ends sooner.
    """

    name: ModelName
    vendor: VendorName
    upstream_name: str
    wire_formats: frozenset[WireFormat]
    size_class: SizeClass
    data_classes: frozenset[DataClass]
    context_tokens: int
    max_output_tokens: int
    approved_until: date
    price: Price | None = None

    def is_approved_on(self, day: date) -> bool:
        """Whether the approval covers that day."""
        return day <= self.approved_until

    def is_approved_for(self, data_class: DataClass) -> bool:
        """Whether it may see that class; credentials never."""
        return data_class is not DataClass.CREDENTIALS and data_class in self.data_classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A team or product that spends.

    Attributes:
        group: the directory group of its members; its team lead is the holder of the role
            ``team_lead`` who is in this group.
    """

    id: WorkspaceId
    title: str
    owner: PersonId
    monthly_budget_nanousd: int
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deputy:
    """Who stands in for the holder of a singleton role, on which days (both inclusive)."""

    person: PersonId
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssignment:
    """Who holds a role: members of directory groups, and persons by name."""

    role: Role
    groups: frozenset[str] = frozenset()
    people: frozenset[PersonId] = frozenset()
    deputy: Deputy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The votes that a tier asks for.

    Attributes:
        votes: one entry per vote: the roles of which any one may cast it. Each vote is by a
            different person, and none by an author.
        minimum_people: fewest distinct people over all votes.
        personal_signature: whether votes must be signed by the person, not by the server.
    """

    tier: Tier
    votes: tuple[frozenset[Role], ...]
    minimum_people: int
    personal_signature: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTopics:
    """What the one-page policy says; empty parts keep it from being published."""

    allowed: tuple[str, ...] = ()
    prohibited: tuple[str, ...] = ()
    pii: str = ""
    secrets: str = ""
    customer_communication: str = ""
    regulated_decisions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long bodies and records are kept; there is no built-in number.

    Attributes:
        reference: the organisation's own policy that the numbers come from.
        body_days: how long prompts and answers are kept; None = not decided yet, and then
            a production store refuses to go live.
        record_days: how long records of calls are kept; None = not decided yet.
        body_days_by_class: shorter or longer terms for content of a class.
    """

    reference: str
    body_days: int | None
    record_days: int | None
    body_days_by_class: Mapping[DataClass, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One frozen reading of ``alos.yaml``; every mapping is keyed by the entry's own name."""

    name: str
    workspaces: Mapping[WorkspaceId, Workspace]
    vendors: Mapping[VendorName, Vendor]
    models: Mapping[ModelName, Model]
    roles: Mapping[Role, RoleAssignment]
    lanes: Mapping[Tier, Lane]
    policy: PolicyTopics
    retention: Retention
    dictionaries: Mapping[str, tuple[str, ...]]
    monthly_budget_nanousd: int | None = None
    sprint_workflow: WorkflowId | None = None
    notices: NoticeWays = field(default_factory=NoticeWays)
    sign_on: SignOn = field(default_factory=SignOn)

    def list_holders(self, role: Role, people: People) -> tuple[Person, ...]:
        """The active people who hold a role by name or by group, by id; deputies apart."""
        held = self.roles.get(role)
        if held is None:
            return ()
        holders = {
            person.id: person for group in held.groups for person in people.list_group(group)
        }
        for name in held.people:
            if (person := people.get_active(name)) is not None:
                holders[name] = person
        return tuple(holders[name] for name in sorted(holders))

    def list_shared_wire_formats(self, models: tuple[ModelName, ...]) -> frozenset[WireFormat]:
        """The wire formats that every one of the models speaks; an unknown model speaks none."""
        known = [self.models.get(name) for name in models]
        if not known:
            return frozenset()
        formats = [frozenset() if model is None else model.wire_formats for model in known]
        return frozenset.intersection(*formats)


def build_default_lane(tier: Tier) -> Lane:
    """The least votes a tier asks for; ``alos.yaml`` may ask for more, never for fewer."""
    if tier is Tier.INTERNAL:
        votes = [frozenset({Role.TEAM_LEAD})]
    else:
        votes = [frozenset({Role.PM}), frozenset({Role.SECURITY})]
    if tier >= Tier.REGULATED:
        votes.append(frozenset({Role.LEGAL, Role.COMPLIANCE}))
    return Lane(
        tier=tier,
        votes=tuple(votes),
        minimum_people=len(votes),
        personal_signature=tier >= Tier.REGULATED,
    )
