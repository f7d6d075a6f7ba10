"""One human being is both of the two people whom a change of roles takes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alos.domain.record import NoteEntry, NoteKind
from tests.api.config_plans import ROLES, propose, send
from tests.api.desk import Change, Desk, open_desk

BOTH_ROLES: Change = (
    "alos.yaml", "security_owner: {people: [dan]}", "security_owner: {people: [ana]}"
)  # fmt: skip
SECOND_ACCOUNT: tuple[Change, ...] = (
    ("alos.yaml", "security_owner: {people: [dan]}", "security_owner: {people: [ana-too]}"),
    ("people.yaml", "  ben:\n", "  ana-too:\n    name: A.\n    email: EMAIL\n  ben:\n"),
)


def list_refused(desk: Desk) -> list[str]:
    return [
        dict(entry.facts)["by"]
        for entry in desk.journal.entries
        if isinstance(entry, NoteEntry) and entry.kind is NoteKind.CHANGE_REFUSED
    ]


@pytest.fixture
async def two_roles(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, changes=(BOTH_ROLES,)) as made:
        await made.found()
        yield made


async def test_two_roles_of_one_person_are_one_consent(two_roles: Desk) -> None:
    waiting = await propose(two_roles, "ana", ROLES)
    assert waiting["revision"] is None
    assert len(waiting["missing"]) == 1
    again = await send(two_roles, "ana", f"plans/{waiting['id']}/approve")
    assert again["error"]["code"] == "alos_change_refused"
    assert list_refused(two_roles)[-1] == "ana"
    assert two_roles.revisions.number == 1


@pytest.mark.parametrize("email", ["ana@example.com", "ANA@Example.com", "ana+sec@example.com"])
async def test_a_second_account_of_the_same_mailbox_is_no_account(
    tmp_path: Path, email: str
) -> None:
    """The files that would make one are refused: one person has one id."""
    async with open_desk(tmp_path) as desk:
        await desk.found()
        file, before, after = SECOND_ACCOUNT[1]
        refused = await propose(
            desk, "ana", SECOND_ACCOUNT[0], (file, before, after.replace("EMAIL", email))
        )
        assert "one person has one id" in refused["error"]["message"]
        assert list_refused(desk)[-1] == "ana"
        assert desk.revisions.number == 1
