"""Makes the frozen organisation out of ``alos.yaml``, and checks it against itself."""

from collections.abc import Iterator
from types import MappingProxyType

from alos.checks.dictionaries import Dictionary, build_dictionary_pack
from alos.control.documents import Document, Problem
from alos.control.forms import suggest, validate
from alos.control.organisation_form import (
    AzureForm,
    DeputyForm,
    ModelForm,
    NoticesForm,
    OrganisationForm,
    PolicyForm,
    PriceForm,
    RetentionForm,
    RoleForm,
    VendorForm,
    WorkspaceForm,
)
from alos.control.sign_on_form import check_sign_on, to_sign_on
from alos.domain.ids import ModelName, PersonId, VendorName, WorkflowId, WorkspaceId
from alos.domain.money import Price
from alos.domain.notice import Mailer, NoticeWays
from alos.domain.organisation import (
    Azure,
    BreakerRule,
    Connections,
    CredentialKind,
    CredentialReference,
    Deputy,
    Lane,
    Model,
    Organisation,
    PolicyTopics,
    Retention,
    RoleAssignment,
    SizeClass,
    Timeouts,
    Vendor,
    Workspace,
    build_default_lane,
)
from alos.domain.people import Role
from alos.domain.tier import Tier

PRICE_SOURCE = "alos.yaml"


def read_organisation(document: Document) -> tuple[Organisation | None, list[Problem]]:
    """Read ``alos.yaml``, apart from what needs the people or the workflows to judge."""
    form, problems = validate(document, OrganisationForm)
    if form is None:
        return None, problems
    problems = [
        *_check_models(document, form),
        *_check_roles(document, form),
        *_check_lanes(document, form),
        *_check_dictionaries(document, form),
        *check_sign_on(document, form),
    ]
    if any(problem.is_error for problem in problems):
        return None, problems
    return to_organisation(form), problems


def _check_models(document: Document, form: OrganisationForm) -> Iterator[Problem]:
    for name, model in form.models.items():
        vendor = form.vendors.get(model.vendor)
        if vendor is None:
            location = ("models", name, "vendor")
            mend = suggest(model.vendor, list(form.vendors))
            yield document.build_problem(location, "there is no such vendor", mend)
            continue
        extra = set(model.wire_formats or ()) - set(vendor.wire_formats)
        if extra:
            yield document.build_problem(
                ("models", name, "wire_formats"),
                "names a wire format that its vendor does not speak",
                "Remove it here, or add it to the vendor.",
            )
        if "credentials" in model.data_classes:
            yield document.build_problem(
                ("models", name, "data_classes"),
                "no model may be approved for credentials",
                "Remove `credentials`.",
            )
        if model.max_output_tokens > model.context_tokens:
            yield document.build_problem(
                ("models", name, "max_output_tokens"),
                "is more than the whole context",
                "Lower it to at most `context_tokens`.",
            )


def _check_roles(document: Document, form: OrganisationForm) -> Iterator[Problem]:
    for role, held in form.roles.items():
        location = ("roles", role.value)
        if not held.groups and not held.people:
            yield document.build_problem(
                location, "nobody holds this role", "Name `groups` or `people`."
            )
        if held.deputy is None:
            continue
        if not role.is_singleton:
            yield document.build_problem(
                (*location, "deputy"),
                "only a role that one person holds has a deputy",
                "Name the person under `people`.",
            )
        if held.deputy.last_day < held.deputy.first_day:
            yield document.build_problem(
                (*location, "deputy", "last_day"), "is before `first_day`", "Mend the days."
            )


def _check_lanes(document: Document, form: OrganisationForm) -> Iterator[Problem]:
    for key in form.lanes:
        tier = Tier(int(key))
        lane, least = _to_lane(form, tier), build_default_lane(tier)
        location = ("lanes", key)
        if not _covers(list(lane.votes), list(least.votes)):
            wanted = ", ".join("[" + ", ".join(sorted(vote)) + "]" for vote in least.votes)
            yield document.build_problem(
                (*location, "votes"),
                "asks for less than the built-in lane of this tier",
                f"Keep at least the votes {wanted}.",
            )
        if lane.minimum_people < least.minimum_people:
            yield document.build_problem(
                (*location, "minimum_people"),
                f"must be at least {least.minimum_people}",
                "Raise it.",
            )
        if least.personal_signature and not lane.personal_signature:
            yield document.build_problem(
                (*location, "personal_signature"),
                "this tier asks for personally signed votes",
                "Write `personal_signature: true`.",
            )


def _check_dictionaries(document: Document, form: OrganisationForm) -> Iterator[Problem]:
    for name, entries in form.dictionaries.items():
        if not entries:
            yield document.build_problem(
                ("dictionaries", name), "the dictionary is empty", "Add words, or remove it."
            )
        for index, entry in enumerate(entries):
            try:
                build_dictionary_pack([Dictionary(type=name, entries=[entry])])
            except ValueError as error:
                location = ("dictionaries", name, index)
                yield document.build_problem(location, str(error), "Write more of the phrase.")


def _covers(given: list[frozenset[Role]], wanted: list[frozenset[Role]]) -> bool:
    """Whether each wanted vote has a given vote of its own that is at least as strict."""
    if not wanted:
        return True
    first, *rest = wanted
    return any(
        vote <= first and _covers(given[:index] + given[index + 1 :], rest)
        for index, vote in enumerate(given)
    )


def to_organisation(form: OrganisationForm) -> Organisation:
    """Make the frozen value; every reference to a vendor must exist."""
    vendors = {VendorName(name): _to_vendor(name, v) for name, v in form.vendors.items()}
    return Organisation(
        name=form.organisation,
        workspaces=MappingProxyType(
            {WorkspaceId(key): _to_workspace(key, w) for key, w in form.workspaces.items()}
        ),
        vendors=MappingProxyType(vendors),
        models=MappingProxyType(
            {
                ModelName(name): _to_model(name, model, vendors[VendorName(model.vendor)])
                for name, model in form.models.items()
            }
        ),
        roles=MappingProxyType({role: _to_role(role, r) for role, r in form.roles.items()}),
        lanes=MappingProxyType({tier: _to_lane(form, tier) for tier in Tier}),
        policy=_to_policy(form.policy),
        retention=_to_retention(form.retention),
        dictionaries=MappingProxyType(
            {name: tuple(terms) for name, terms in form.dictionaries.items()}
        ),
        sign_on=to_sign_on(form.sign_on),
        monthly_budget_nanousd=form.monthly_budget_usd,
        notices=_to_notices(form.notices),
        sprint_workflow=WorkflowId(form.sprint_workflow) if form.sprint_workflow else None,
    )


def _to_lane(form: OrganisationForm, tier: Tier) -> Lane:
    given = {int(key): lane for key, lane in form.lanes.items()}.get(tier)
    least = build_default_lane(tier)
    if given is None:
        return least
    votes = tuple(frozenset(vote) for vote in given.votes)
    return Lane(
        tier=tier,
        votes=votes,
        minimum_people=given.minimum_people or len(votes),
        personal_signature=(
            least.personal_signature
            if given.personal_signature is None
            else given.personal_signature
        ),
    )


def _to_workspace(key: str, form: WorkspaceForm) -> Workspace:
    return Workspace(
        id=WorkspaceId(key),
        title=form.title,
        owner=PersonId(form.owner),
        monthly_budget_nanousd=form.monthly_budget_usd,
        group=form.group,
    )


def _to_vendor(name: str, form: VendorForm) -> Vendor:
    return Vendor(
        name=VendorName(name),
        wire_formats=frozenset(form.wire_formats),
        base_url=form.base_url,
        credential=_to_credential(form.credential),
        terms=form.terms,
        region=form.region,
        retention_days=form.retention_days,
        approved_until=form.approved_until,
        price_book_id=form.price_book_id or name,
        monthly_budget_nanousd=form.monthly_budget_usd,
        timeouts=Timeouts(
            connect_seconds=form.timeouts.connect_seconds,
            first_byte_seconds=form.timeouts.first_byte_seconds or form.timeouts.idle_seconds,
            idle_seconds=form.timeouts.idle_seconds,
            total_seconds=form.timeouts.total_seconds,
        ),
        connections=Connections(
            most=form.connections.most,
            queue=form.connections.queue,
            queue_seconds=form.connections.queue_seconds,
        ),
        retries=form.retries,
        breaker=BreakerRule(
            failures=form.breaker.failures, pause_seconds=form.breaker.pause_seconds
        ),
        azure=_to_azure(form.azure) if form.azure is not None else None,
        ca_file=form.ca_file,
        proxy_url=form.proxy_url,
    )


def _to_azure(form: AzureForm) -> Azure:
    entra = form.entra
    return Azure(
        api_version=form.api_version,
        login=form.login,
        authority=entra.authority if entra else "",
        tenant=entra.tenant if entra else "",
        client_id=entra.client_id if entra else "",
        scope=entra.scope if entra else "",
    )


def _to_credential(text: str) -> CredentialReference | None:
    if text == "none":
        return None
    kind, _, name = text.partition(":")
    return CredentialReference(kind=CredentialKind(kind), name=name)


def _to_model(name: str, form: ModelForm, vendor: Vendor) -> Model:
    own_end = form.approved_until or vendor.approved_until
    formats = vendor.wire_formats if form.wire_formats is None else frozenset(form.wire_formats)
    return Model(
        name=ModelName(name),
        vendor=vendor.name,
        upstream_name=form.upstream_name,
        wire_formats=formats,
        size_class=SizeClass[form.size_class.upper()],
        data_classes=frozenset(form.data_classes),
        context_tokens=form.context_tokens,
        max_output_tokens=form.max_output_tokens,
        approved_until=min(own_end, vendor.approved_until),
        price=_to_price(form.price) if form.price else None,
    )


def _to_price(form: PriceForm) -> Price:
    def get(own: int | None, otherwise: int) -> int:
        return otherwise if own is None else own

    return Price(
        input_nanousd=form.input_usd_per_million,
        output_nanousd=form.output_usd_per_million,
        cached_read_nanousd=get(form.cached_read_usd_per_million, form.input_usd_per_million),
        cache_write_nanousd=get(form.cache_write_usd_per_million, form.input_usd_per_million),
        reasoning_nanousd=get(form.reasoning_usd_per_million, form.output_usd_per_million),
        request_nanousd=form.request_usd,
        source=PRICE_SOURCE,
    )


def _to_role(role: Role, form: RoleForm) -> RoleAssignment:
    return RoleAssignment(
        role=role,
        groups=frozenset(form.groups),
        people=frozenset(PersonId(person) for person in form.people),
        deputy=_to_deputy(form.deputy) if form.deputy else None,
    )


def _to_deputy(form: DeputyForm) -> Deputy:
    return Deputy(person=PersonId(form.person), first_day=form.first_day, last_day=form.last_day)


def _to_policy(form: PolicyForm) -> PolicyTopics:
    return PolicyTopics(
        allowed=tuple(form.allowed),
        prohibited=tuple(form.prohibited),
        pii=form.pii or "",
        secrets=form.secrets or "",
        customer_communication=form.customer_communication or "",
        regulated_decisions=form.regulated_decisions or "",
    )


def _to_notices(form: NoticesForm) -> NoticeWays:
    mailer = form.mailer
    return NoticeWays(
        webhook_url=form.webhook_url or "",
        mailer=None
        if mailer is None
        else Mailer(
            host=mailer.host,
            port=mailer.port,
            sender=mailer.sender,
            credential="" if mailer.credential == "none" else mailer.credential,
            use_tls=mailer.use_tls,
        ),
    )


def _to_retention(form: RetentionForm) -> Retention:
    return Retention(
        reference=form.reference,
        body_days=form.body_days,
        record_days=form.record_days,
        body_days_by_class=MappingProxyType(dict(form.body_days_by_class)),
    )
