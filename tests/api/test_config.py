"""Who may change which part of the configuration, and when it is enough."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from alos.ledger.statement import open_statement
from alos.server.bootstrap.configuration import choose_configuration
from alos.store.revision_tables import config_files
from alos.store.revisions import StoredRevisions
from tests.api.config_plans import (
    CLASSES,
    DAY,
    MONEY,
    ROLES,
    SMALL,
    pack,
    propose,
    send,
    use_files_of,
)
from tests.api.desk import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as made:
        await made.found()
        yield made


@pytest.mark.parametrize(
    ("change", "holder", "section"),
    [
        (SMALL, "chloe", "routes"),
        (CLASSES, "dan", "boundary"),
        (MONEY, "ana", "budgets"),
    ],
)
async def test_a_section_takes_the_consent_of_its_owner_and_of_nobody_else(
    desk: Desk, change: tuple[str, str, str], holder: str, section: str
) -> None:
    for person in sorted({"ana", "ben", "chloe", "dan", "fay", "gus"} - {holder}):
        waiting = await propose(desk, person, change)
        assert waiting["revision"] is None
        assert waiting["approvals"] == []
        assert [one["section"] for one in waiting["changes"]] == [section]
    assert desk.revisions.number == 1
    done = await propose(desk, holder, change)
    assert (done["revision"], done["missing"]) == (2, [])


async def test_each_of_two_sections_takes_its_own_owner(desk: Desk) -> None:
    waiting = await propose(desk, "chloe", SMALL, CLASSES)
    assert waiting["missing"] == ["boundary: the security owner"]
    assert (await send(desk, "chloe", f"plans/{waiting['id']}/approve"))["error"]
    done = await send(desk, "dan", f"plans/{waiting['id']}/approve")
    assert done["revision"] == 2
    assert [one["by"] for one in done["approvals"]] == ["chloe", "dan"]


async def test_governance_takes_the_sponsor_and_one_other(desk: Desk) -> None:
    waiting = await propose(desk, "fay", ROLES)
    assert len(waiting["missing"]) == 2
    half = await send(desk, "ana", f"plans/{waiting['id']}/approve")
    assert half["revision"] is None
    assert len(half["missing"]) == 1
    done = await send(desk, "gus", f"plans/{waiting['id']}/approve")
    assert done["revision"] == 2
    assert "builders" in str(desk.plane.configuration.organisation.roles)


async def test_a_plan_that_another_overtook_is_stale(desk: Desk) -> None:
    waiting = await propose(desk, "ana", ROLES)
    assert (await propose(desk, "chloe", SMALL))["revision"] == 2
    refused = await send(desk, "dan", f"plans/{waiting['id']}/approve")
    assert "plan again" in refused["error"]["message"]


async def test_the_consent_of_somebody_who_left_no_longer_counts(desk: Desk) -> None:
    waiting = await propose(desk, "gus", ROLES)
    await desk.rewrite(
        "people.yaml", "email: gus@example.com", "email: gus@example.com\n    active: false"
    )
    half = await send(desk, "ana", f"plans/{waiting['id']}/approve")
    assert half["revision"] is None
    assert len(half["missing"]) == 1


async def test_a_role_gained_today_can_not_consent_until_tomorrow(desk: Desk) -> None:
    """The new security owner waits a day; the founding ones did not."""
    change = ("alos.yaml", "security_owner: {people: [dan]}", "security_owner: {people: [fay]}")
    waiting = await propose(desk, "ana", change)
    assert (await send(desk, "chloe", f"plans/{waiting['id']}/approve"))["revision"] == 2
    await use_files_of(desk, 2)
    refused = await propose(desk, "fay", CLASSES)
    assert refused["revision"] is None
    desk.clock.seconds += DAY - 60
    assert (await propose(desk, "fay", CLASSES))["revision"] is None
    desk.clock.seconds += 61
    assert (await propose(desk, "fay", CLASSES))["revision"] == 3


async def test_a_revision_is_signed_and_names_who_consented(desk: Desk) -> None:
    await propose(desk, "chloe", SMALL)
    newest = (await desk.revisions.list_revisions())[0]
    statement = open_statement(newest.envelope, [desk.statements.verify_key])
    content = statement.content
    assert (content["number"], content["digest"]) == (2, newest.digest)
    assert [one["by"] for one in content["approvals"]] == ["chloe"]
    assert content["approvals"][0]["known_by"]["issuer"] == "https://login.example.com"
    assert desk.published[-1].policy == newest.digest


async def test_a_comment_alone_is_no_revision(desk: Desk) -> None:
    refused = await propose(desk, "chloe", ("alos.yaml", "workspaces:", "# hello\nworkspaces:"))
    assert "nothing changes" in refused["error"]["message"]


@pytest.mark.parametrize(
    "path",
    ["../alos.yaml", "/etc/passwd", "workflows/../../x/y", "people.yml", "a\\b", "workflows/x"],
)
async def test_a_file_that_leads_elsewhere_is_refused(desk: Desk, path: str) -> None:
    body = pack(desk, SMALL)
    body["files"][path] = base64.b64encode(b"x").decode()
    refused = await send(desk, "chloe", "plans", body)
    assert refused["error"]
    assert desk.revisions.number == 1


async def test_the_last_good_revision_stays_where_a_newer_one_can_not_be_read(desk: Desk) -> None:
    await propose(desk, "chloe", SMALL)
    changed = (await desk.revisions.list_revisions())[0].files["alos.yaml"]
    with desk.store.write() as connection:
        connection.execute(
            update(config_files).where(config_files.c.digest == changed).values(content=b"x: [")
        )
    state = StoredRevisions(desk.store)
    chosen = choose_configuration(desk.folder / "org", state, (), lambda _: desk.scanner)
    assert chosen.number == 1
    assert "revision 2" in chosen.trouble
