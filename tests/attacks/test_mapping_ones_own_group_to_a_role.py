"""Somebody who may plan a change gives their own group a role, to vote with it at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alos.domain.people import Role
from alos.domain.record import NoteEntry, NoteKind
from tests.api.config_plans import DAY, ROLES, propose, send, use_files_of
from tests.api.desk import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as made:
        await made.found()
        yield made


def holds(desk: Desk, person: str, role: Role) -> bool:
    configuration = desk.plane.configuration
    holders = configuration.organisation.list_holders(role, configuration.people)
    return person in {one.id for one in holders}


async def test_the_change_stays_a_plan_and_is_written_down(desk: Desk) -> None:
    waiting = await propose(desk, "fay", ROLES)
    assert waiting["revision"] is None
    assert not holds(desk, "fay", Role.SECURITY)
    refused = await send(desk, "fay", f"plans/{waiting['id']}/approve")
    assert refused["error"]["code"] == "alos_change_refused"
    assert desk.revisions.number == 1
    notes = [
        (entry.kind, dict(entry.facts)["by"])
        for entry in desk.journal.entries
        if isinstance(entry, NoteEntry)
    ]
    assert (NoteKind.CONFIG_PLANNED, "fay") in notes
    assert (NoteKind.CHANGE_REFUSED, "fay") in notes


async def test_even_with_two_consents_the_new_role_waits_a_day(desk: Desk) -> None:
    """Two who were talked into it give the role; its holder still can't use it at once."""
    waiting = await propose(desk, "ana", ROLES)
    assert (await send(desk, "gus", f"plans/{waiting['id']}/approve"))["revision"] == 2
    await use_files_of(desk, 2)
    assert holds(desk, "fay", Role.SECURITY)
    assert not desk.role_book.is_settled("fay", Role.SECURITY)  # type: ignore[arg-type]
    desk.clock.seconds += DAY
    assert desk.role_book.is_settled("fay", Role.SECURITY)  # type: ignore[arg-type]
    changed = [
        (dict(entry.facts)["what"], entry.personal[0].value)
        for entry in desk.journal.entries
        if isinstance(entry, NoteEntry) and entry.kind is NoteKind.ROLE_CHANGED
    ]
    assert ("gained", "fay") in changed
    assert ("lost", "dan") in changed
