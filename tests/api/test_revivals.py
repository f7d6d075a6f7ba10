"""Taking a kill switch back takes more people than pulling it."""

from typing import Any

import pytest

from alos.domain.record import NoteEntry, NoteKind
from tests.api.desk import QUESTIONS, Desk

WORKFLOW = {"kind": "workflow", "target": QUESTIONS}


async def post(desk: Desk, person: str, place: str, body: dict[str, Any]) -> Any:
    token = (await desk.sign_in(person)).token
    return await desk.ask("POST", f"/api/v1/{place}", token=token, body=body)


async def stop(desk: Desk, **target: str) -> None:
    assert (await post(desk, "dan", "stops", target)).status_code == 201


async def revive(desk: Desk, person: str, **target: str) -> Any:
    answer = await post(desk, person, "revivals", target)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_stopped(desk: Desk) -> bool:
    return bool(desk.published[-1].stopped)


async def test_the_owner_and_one_of_the_lane_revive_within_a_day(desk: Desk) -> None:
    await desk.serve(await desk.submit(QUESTIONS, by="fay"))
    desk.clock.seconds += 60
    await stop(desk, **WORKFLOW)
    owner = desk.plane.configuration.bundles[QUESTIONS].workflow.owners.operational  # type: ignore[index]
    first = await revive(desk, owner, **WORKFLOW)
    assert not first["revived"]
    assert first["said_by"] == [owner]
    assert any("member of a lane" in one for one in first["missing"])
    assert is_stopped(desk)
    again = await revive(desk, owner, **WORKFLOW)
    assert not again["revived"]
    second = await revive(desk, "emil", **WORKFLOW)
    assert second == {"revived": True, "said_by": [owner, "emil"], "missing": []}
    assert not is_stopped(desk)
    notes = [one for one in desk.journal.entries if isinstance(one, NoteEntry)]
    assert [one.kind for one in notes if one.kind is NoteKind.REVIVAL_VOTE] != []
    assert dict(notes[-1].facts)["by"] == f"{owner}, emil"


async def test_after_a_day_the_lane_has_to_say_so(desk: Desk) -> None:
    await desk.serve(await desk.submit(QUESTIONS, by="fay"))
    desk.clock.seconds += 60
    await stop(desk, **WORKFLOW)
    desk.clock.seconds += 24 * 3600 + 1
    owner = desk.plane.configuration.bundles[QUESTIONS].workflow.owners.operational  # type: ignore[index]
    await revive(desk, owner, **WORKFLOW)
    third = await revive(desk, "emil", **WORKFLOW)
    assert not third["revived"]
    assert third["missing"][0].startswith("the lane of Tier")
    assert (await revive(desk, "dan", **WORKFLOW))["revived"]


async def test_a_later_pull_asks_everybody_again(desk: Desk) -> None:
    tool = {"kind": "tool", "target": "send_refund"}
    await stop(desk, **tool)
    assert not (await revive(desk, "chloe", **tool))["revived"]
    assert (await revive(desk, "dan", **tool))["revived"]
    desk.clock.seconds += 5
    await stop(desk, **tool)
    assert not (await revive(desk, "dan", **tool))["revived"]


async def test_the_words_outlive_the_process_and_end_with_the_person(desk: Desk) -> None:
    tool = {"kind": "tool", "target": "send_refund"}
    await stop(desk, **tool)
    await revive(desk, "chloe", **tool)
    await desk.restart()
    assert (await revive(desk, "dan", **tool))["revived"]


async def test_somebody_without_a_say_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    await stop(desk, **WORKFLOW)
    answer = await post(desk, "fay", "revivals", WORKFLOW)
    assert answer.status_code == 403
    assert is_stopped(desk)


async def test_what_is_not_stopped_is_said(desk: Desk) -> None:
    answer = await post(desk, "chloe", "revivals", {"kind": "tool", "target": "x"})
    assert (answer.status_code, "not stopped" in answer.text) == (409, True)


@pytest.mark.parametrize("kind", ["everything", "vendor"])
async def test_the_operator_of_a_dev_folder_is_enough_alone(dev_desk: Desk, kind: str) -> None:
    target = "" if kind == "everything" else "openai"
    vendors = dev_desk.plane.configuration.organisation.vendors
    target = target and next(iter(vendors))
    body = {"kind": kind, "target": target}
    assert (await dev_desk.ask("POST", "/api/v1/stops", body=body, local=True)).status_code == 201
    answer = await dev_desk.ask("POST", "/api/v1/revivals", body=body, local=True)
    assert answer.json()["revived"]
