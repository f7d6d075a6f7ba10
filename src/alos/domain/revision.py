"""Config revisions: numbered, signed states of ``alos.yaml``, and who may change which section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from alos.domain.action import Action
from alos.domain.ids import Digest, PersonId


class Section(StrEnum):
    """Parts of the configuration that one kind of owner answers for."""

    ROUTES = "routes"
    """Vendors, models and logging: the gateway owner."""
    BOUNDARY = "boundary"
    """Data classes, dictionaries and sign-on: the security owner."""
    BUDGETS = "budgets"
    """Money: the executive sponsor."""
    GOVERNANCE = "governance"
    """Everything else (roles, lanes, retention, policy, people): the sponsor and one other."""
    WORKFLOWS = "workflows"
    """Bundles, in a dev folder; elsewhere they are released, not applied."""


APPLY: Mapping[Section, Action] = {
    Section.ROUTES: Action.CONFIG_APPLY_ROUTES,
    Section.BOUNDARY: Action.CONFIG_APPLY_BOUNDARY,
    Section.BUDGETS: Action.CONFIG_APPLY_BUDGETS,
    Section.GOVERNANCE: Action.CONFIG_APPLY_GOVERNANCE,
}
"""The action that a section takes; ``WORKFLOWS`` takes none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """One place that a plan changes.

    Attributes:
        path: file and key, e.g. ``alos.yaml: models.small.upstream_name``.
        before, after: as text; ``None`` where it is not there.
    """

    path: str
    section: Section
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """One line for people."""
        if self.before is None:
            return f"+ {self.path}: {self.after}"
        if self.after is None:
            return f"- {self.path}: {self.before}"
        return f"~ {self.path}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's consent to a plan.

    Attributes:
        by: a person's id, or ``local-operator`` in a dev folder.
        identities: everything by which two accounts show to be one human being.
        gives: the sections that it covers.
        confirms: it can be the second person's where two are asked for.
        known_by: how we knew who it was: method, issuer, subject.
    """

    by: str
    identities: frozenset[str]
    gives: frozenset[Section]
    confirms: bool
    at_unix: int
    known_by: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigPlan:
    """A configuration that somebody wants, and who has consented so far.

    Attributes:
        base: number of the revision it was compared with; a later one makes it stale.
        files: digest of each file, by path.
    """

    id: str
    base: int
    files: Mapping[str, Digest]
    changes: tuple[ConfigChange, ...]
    proposed_by: str
    proposed_at_unix: int
    approvals: tuple[Approval, ...] = ()

    @property
    def sections(self) -> frozenset[Section]:
        """What it touches."""
        return frozenset(change.section for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A configuration that was put into force.

    Attributes:
        number: from 1, without a gap.
        digest: of its files; the policy digest of every call under it.
        envelope: the signed statement (DSSE over RFC 8785 JSON).
    """

    number: int
    digest: Digest
    files: Mapping[str, Digest]
    applied_at_unix: int
    applied_by: tuple[PersonId | str, ...]
    envelope: str

    def signed(self, envelope: str) -> "Revision":
        """The same with its signed statement."""
        return replace(self, envelope=envelope)


def list_missing(plan: ConfigPlan, approvals: Sequence[Approval], *, dev: bool) -> list[str]:
    """Say whose consent a plan still needs; nothing means that it may take force.

    Each section needs one person who may change it. Governance needs a second person, who is
    another human being than the sponsor whose consent counts.

    Args:
        plan: what it touches.
        approvals: the consents that count.
        dev: in a dev folder one operator is enough, and the evidence says DEV.
    """
    missing = [
        f"{section.value}: {_HOLDER[section]}"
        for section in sorted(plan.sections & APPLY.keys())
        if not any(section in approval.gives for approval in approvals)
    ]
    if Section.GOVERNANCE in plan.sections and not dev and not _has_two(approvals):
        missing.append(
            "governance: a second person (gateway_owner, security_owner, legal or"
            " compliance), other than the sponsor"
        )
    return missing


def _has_two(approvals: Sequence[Approval]) -> bool:
    return any(
        Section.GOVERNANCE in first.gives
        and second.confirms
        and first.by != second.by
        and not first.identities & second.identities
        for first in approvals
        for second in approvals
    )


_HOLDER = {
    Section.ROUTES: "the gateway owner",
    Section.BOUNDARY: "the security owner",
    Section.BUDGETS: "the executive sponsor",
    Section.GOVERNANCE: "the executive sponsor",
}
