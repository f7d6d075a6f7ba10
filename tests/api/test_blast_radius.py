"""What a kill switch would stop is shown to whoever may pull it, and to nobody else."""

from typing import Any

import pytest

from alos.control.blast_radius import BlastRadii, CallCounts
from alos.domain.fault import StoreDown
from alos.domain.ids import ModelName, VendorName, WorkflowId, WorkspaceId
from alos.domain.running import RunningStream
from tests.api.desk import QUESTIONS, SUPPORT, Desk


def build_stream(**changes: Any) -> RunningStream:
    return RunningStream(
        workflow=WorkflowId(SUPPORT),
        workspace=WorkspaceId("support"),
        model=ModelName("m"),
        vendor=VendorName("v"),
        tools=frozenset({"look_up"}),
    )._replace(**changes)


class Counted:
    """Stands in for the call index."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.down = False

    def __call__(self, **wish: Any) -> CallCounts:
        if self.down:
            raise StoreDown("no")
        self.asked.append(wish)
        return CallCounts(calls=12, callers=3, running=1)


def build(desk: Desk, counted: Counted, *streams: RunningStream) -> BlastRadii:
    return BlastRadii(
        desk.plane, list_streams=lambda: streams, count_calls=counted, clock=desk.clock
    )


async def test_a_workflow_a_workspace_and_everything(desk: Desk) -> None:
    counted = Counted()
    radii = build(desk, counted, build_stream(), build_stream(workflow=QUESTIONS))
    one = await radii.look("workflow", SUPPORT)
    assert (one.stops, one.goes_on, one.streams) == ((SUPPORT,), (), 1)
    assert one.last_hour == CallCounts(calls=12, callers=3, running=1)
    assert counted.asked[-1]["workflows"] == [SUPPORT]
    everything = await radii.look("everything", "")
    assert everything.stops == tuple(sorted(desk.plane.standing.workflows))
    assert everything.streams == 2
    assert counted.asked[-1]["workflows"] is None


async def test_a_model_stops_only_who_has_no_other(desk: Desk) -> None:
    standing = desk.plane.standing
    workflow = standing.workflows[WorkflowId(SUPPORT)]
    name = workflow.route[0]
    radius = await build(desk, Counted(), build_stream(model=name)).look("model", name)
    has_other = len(workflow.route) > 1
    assert (SUPPORT in radius.goes_on, SUPPORT in radius.stops) == (has_other, not has_other)
    assert radius.streams == 1


async def test_a_tool_is_looked_for_in_streams_and_bundles(desk: Desk) -> None:
    radii = build(desk, Counted(), build_stream(), build_stream(tools=frozenset()))
    radius = await radii.look("tool", "look_up")
    assert (radius.stops, radius.streams) == ((), 1)


async def test_a_store_that_is_down_holds_nothing_up(desk: Desk) -> None:
    counted = Counted()
    counted.down = True
    assert (await build(desk, counted).look("workflow", SUPPORT)).last_hour is None


@pytest.mark.parametrize(("person", "status"), [("dan", 200), ("emil", 403)])
async def test_it_is_shown_to_whoever_may_stop(desk: Desk, person: str, status: int) -> None:
    token = (await desk.sign_in(person)).token
    path = f"/api/v1/stops/preview?kind=workflow&target={QUESTIONS}"
    answer = await desk.ask("GET", path, token=token)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {
            "stops": [QUESTIONS], "goes_on": [], "streams": 0, "running": 0,
            "calls_last_hour": 0, "callers_last_hour": 0,
        }  # fmt: skip


async def test_a_typing_error_is_said(desk: Desk) -> None:
    token = (await desk.sign_in("dan")).token
    answer = await desk.ask("GET", "/api/v1/stops/preview?kind=workflow&target=nope", token=token)
    assert (answer.status_code, "there is no workflow" in answer.text) == (409, True)
