"""Who holds which role and who is told: red with its reason, and a record of each delivery."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alos.domain.people import Party, PartyKind
from alos.domain.record import NoteEntry, NoteKind
from tests.api.desk import Change, Desk, open_desk

MAILER: Change = (
    "alos.yaml",
    "# Words that no detector",
    "notices: {mailer: {host: mail.internal, sender: alos@example.com}}\n# Words that no detector",
)
_DEPUTY = "deputy: {person: chloe, first_day: 2026-09-01, last_day: 2026-12-01}"
DEPUTY: Change = (
    "alos.yaml",
    "executive_sponsor: {people: [ana]}",
    f"executive_sponsor: {{people: [ana], {_DEPUTY}}}",
)
SECURITY = Party(kind=PartyKind.GROUP, name="security")
EMIL = Party(kind=PartyKind.PERSON, name="emil")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, changes=(MAILER, DEPUTY)) as made:
        await made.found()
        yield made


async def show(desk: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    token = (await desk.sign_in("dan")).token
    answer = (await desk.ask("GET", "/api/v1/accountability", token=token)).json()
    return (
        {one["role"]: one for one in answer["roles"]},
        {one["workflow"]: one for one in answer["workflows"]},
    )


async def test_roles_and_workflows_are_green_while_everybody_is_there(desk: Desk) -> None:
    roles, workflows = await show(desk)
    assert {one["state"] for one in roles.values()} == {"pass"}
    assert {one["state"] for one in workflows.values()} == {"pass"}
    assert roles["executive_sponsor"]["holders"] == ["ana", "chloe"]
    assert roles["executive_sponsor"]["deputy_last_day"] == "2026-12-01"


async def test_a_second_holder_turns_a_single_role_red(desk: Desk) -> None:
    await desk.rewrite(
        "alos.yaml", "gateway_owner: {people: [chloe]}", "gateway_owner: {people: [chloe, ben]}"
    )
    role = (await show(desk))[0]["gateway_owner"]
    assert role["state"] == "fail"
    assert "2 people hold it (ben, chloe)" in role["why"]


async def test_a_holder_who_left_turns_it_red_and_the_deputy_stands_in(desk: Desk) -> None:
    await desk.rewrite("people.yaml", "ana@example.com", "ana@example.com\n    active: false")
    role = (await show(desk))[0]["executive_sponsor"]
    assert role["state"] == "fail"
    assert "no longer active" in role["why"]
    assert role["holders"] == ["chloe"]
    desk.clock.seconds += 365 * 86_400
    assert (await show(desk))[0]["executive_sponsor"]["holders"] == []


async def test_accountability_that_passed_on_is_red_with_its_reason(desk: Desk) -> None:
    await desk.rewrite("people.yaml", "accountable: ben", "accountable: chloe")
    await desk.rewrite("people.yaml", "ben@example.com", "ben@example.com\n    active: false")
    workflow = (await show(desk))[1]["internal-doc-qa"]
    assert (workflow["state"], workflow["accountable"]) == ("fail", "chloe")
    assert any("passed to chloe (workspace owner)" in one for one in workflow["why"])


async def test_each_active_person_is_told_once_and_the_delivery_is_recorded(desk: Desk) -> None:
    await desk.notices.notify([SECURITY, EMIL, EMIL], "support@1", ["line"])
    desk.courier.down = True
    await desk.notices.deliver()
    assert desk.courier.carried == []
    desk.courier.down = False
    await desk.notices.deliver()
    assert desk.courier.carried == []  # not before its wait is over
    desk.clock.seconds += 10
    await desk.notices.deliver()
    await desk.notices.deliver()
    told = sorted((one.address, one.attempts) for one in desk.courier.carried)
    assert told == [("dan@example.com", 1), ("emil@example.com", 1)]
    kept = await desk.notices.list_notices()
    assert {(one.state, one.attempts) for one in kept} == {("delivered", 2)}
    notes = [
        (dict(entry.facts)["state"], entry.personal[0].value)
        for entry in desk.journal.entries
        if isinstance(entry, NoteEntry) and entry.kind is NoteKind.NOTICE
    ]
    assert sorted(notes) == [("delivered", "dan"), ("delivered", "emil")]


async def test_a_notice_that_never_arrives_fails_in_the_open(desk: Desk) -> None:
    await desk.notices.notify([EMIL], "support@1", ["line"])
    desk.courier.down = True
    for _ in range(20):
        await desk.notices.deliver()
        desk.clock.seconds += 5 * 3_600
    (kept,) = await desk.notices.list_notices()
    assert (kept.state, kept.attempts) == ("failed", 13)


async def test_without_a_way_to_tell_people_that_is_said(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as bare:
        await bare.found()
        await bare.notices.notify([EMIL], "support@1", ["line"])
        (kept,) = await bare.notices.list_notices()
        assert (kept.state, kept.error) == ("no_way", "no channel is set up")
