"""Somebody with a role of their own applies what is another owner's, alone or hidden beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alos.domain.record import NoteEntry, NoteKind
from tests.api.config_plans import CLASSES, MONEY, PEOPLE, ROLES, SMALL, Change, propose, send
from tests.api.desk import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as made:
        await made.found()
        yield made


@pytest.mark.parametrize(
    ("person", "changes"),
    [
        ("chloe", (CLASSES,)),  # the gateway owner approves a model for more data
        ("chloe", (SMALL, CLASSES)),  # … hidden beside a change of hers
        ("dan", (MONEY,)),
        ("dan", (SMALL,)),
        ("ben", (MONEY,)),  # the workspace's own owner
        ("gus", (ROLES,)),
        ("chloe", (PEOPLE,)),  # people.yaml is governance, too
        ("ana", (SMALL,)),  # nobody is above the table
    ],
)
async def test_it_does_not_take_force_and_is_written_down(
    desk: Desk, person: str, changes: tuple[Change, ...]
) -> None:
    published = len(desk.published)
    waiting = await propose(desk, person, *changes)
    assert waiting["revision"] is None
    assert waiting["missing"]
    again = await send(desk, person, f"plans/{waiting['id']}/approve")
    assert again["error"]["code"] == "alos_change_refused"
    assert desk.revisions.number == 1
    assert len(desk.published) == published
    refused = [
        dict(entry.facts)
        for entry in desk.journal.entries
        if isinstance(entry, NoteEntry) and entry.kind is NoteKind.CHANGE_REFUSED
    ]
    assert refused[-1]["by"] == person


async def test_a_bundle_is_not_slipped_in_with_the_configuration(desk: Desk) -> None:
    """In production workflows are released; what a plan says of them is left out."""
    path = "workflows/internal-doc-qa/workflow.yaml"
    refused = await propose(desk, "chloe", (path, "tier: 1", "tier: 0"))
    assert "nothing changes" in refused["error"]["message"]
    done = await propose(desk, "chloe", SMALL, (path, "tier: 1", "tier: 0"))
    assert (done["revision"], done["sections"]) == (2, ["routes"])
    assert b"tier: 1" in (await desk.revisions.get_files(2))[path]
