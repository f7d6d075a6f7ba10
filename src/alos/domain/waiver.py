"""Waivers: exceptions with an owner, a reason, a compensating control and an end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.ids import PersonId, WorkflowId
from alos.domain.promotion import DAY_SECONDS
from alos.domain.workflow import Workflow

MOST_DAYS = 90
"""The longest that a waiver runs; then it ends by itself."""
MOST_RENEWALS = 1
"""A second renewal is the executive sponsor's to grant."""


class WaiverAbout(StrEnum):
    """What a workflow may go without for a while."""

    NO_SSO = "no_sso"
    NO_OFFBOARDING = "no_offboarding"
    PERSONAL_ACCOUNTS = "personal_accounts"
    UNHELD_ANSWERS = "unheld_answers"
    """Nothing in the path of a call holds an answer for a person yet."""

    @property
    def sentence(self) -> str:
        """What it lets happen, in words."""
        return _SENTENCES[self]


_SENTENCES: Mapping[WaiverAbout, str] = {
    WaiverAbout.NO_SSO: "a surface that is reached without the company's login",
    WaiverAbout.NO_OFFBOARDING: "a surface that a person who left does not lose by itself",
    WaiverAbout.PERSONAL_ACCOUNTS: "personal accounts",
    WaiverAbout.UNHELD_ANSWERS: (
        "answers that `verification` names and the gateway hands on before a person accepts them"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One exception of one workflow.

    Attributes:
        owner: who asked for it and answers for the compensating control.
        granted_by: ``None`` while it is only asked for.
        renewal: how many of the same kind were granted to the workflow before.
    """

    id: str
    workflow: WorkflowId
    about: WaiverAbout
    owner: PersonId
    reason: str
    compensating_control: str
    requested_at_unix: int
    ends_at_unix: int
    renewal: int
    granted_by: PersonId | None = None
    granted_at_unix: int | None = None
    ended_by: PersonId | None = None

    def is_in_force(self, now_unix: int) -> bool:
        """Whether it was granted and has neither ended nor been ended."""
        return (
            self.granted_by is not None and self.ended_by is None and now_unix < self.ends_at_unix
        )


def list_needed(workflow: Workflow) -> tuple[WaiverAbout, ...]:
    """What the workflow goes without, so that it needs a waiver for it."""
    facts = {
        WaiverAbout.NO_SSO: not workflow.surface.sso,
        WaiverAbout.NO_OFFBOARDING: not workflow.surface.offboarding,
        WaiverAbout.PERSONAL_ACCOUNTS: workflow.personal_accounts_allowed,
        WaiverAbout.UNHELD_ANSWERS: bool(workflow.verification),
    }
    return tuple(about for about, holds in facts.items() if holds)


def get_end(
    waivers: Iterable[Waiver], workflow: WorkflowId, about: WaiverAbout, now_unix: int
) -> int:
    """Until when the workflow may go without ``about``; 0 where nothing in force lets it."""
    ends = [
        one.ends_at_unix
        for one in waivers
        if one.workflow == workflow and one.about is about and one.is_in_force(now_unix)
    ]
    return max(ends, default=0)


def get_longest_end(now_unix: int) -> int:
    """The latest end that a waiver asked for now may have."""
    return now_unix + MOST_DAYS * DAY_SECONDS
