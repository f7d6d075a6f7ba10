"""What the outlook says: evidence that ages, permissions that end, nights without an eval."""

from dataclasses import replace
from pathlib import Path

import pytest

from alos.control.eval_drift import Measured, read_measured
from alos.control.outlook import Forecast, forecast
from alos.control.waivers import WaiverWish
from alos.domain.evaluation import RunPurpose
from alos.domain.ids import Digest, PersonId, RunId, WorkflowId
from alos.domain.waiver import Waiver, WaiverAbout
from alos.ports.provider import Broken, ProviderFailure
from tests.control.eval_desk import EvalDesk, change_live
from tests.control.release_desk import DAY, HOUR, SUPPORT, ReleaseDesk


class Outlooks:
    """A workflow that serves everybody, and what its runs say."""

    def __init__(self, path: Path) -> None:
        self.desk = ReleaseDesk(path)
        self.measured = Measured()

    async def look(self, days: int = 14) -> Forecast:
        async def get_measured(workflow: WorkflowId, digest: Digest) -> Measured:
            live = self.desk.releases.get_lineage(workflow).live_release
            assert live is not None
            assert live.digest == digest
            return self.measured

        return await forecast(self.desk.to_control(), get_measured, days=days)


@pytest.fixture
async def live(tmp_path: Path) -> Outlooks:
    made = Outlooks(tmp_path)
    await made.desk.plane.load()
    await made.desk.go_live()
    return made


async def test_a_release_that_just_went_live_has_missed_no_night(live: Outlooks) -> None:
    (night,) = (await live.look()).nights
    assert not night.is_missed
    assert night.due_unix == live.desk.clock.unix + 36 * HOUR


async def test_a_night_that_was_missed_shows_until_one_can_tell_something(live: Outlooks) -> None:
    live.desk.clock.unix += 36 * HOUR
    assert [one.is_missed for one in (await live.look()).nights] == [True]
    assert [one.is_missed for one in (await live.look(days=1)).nights] == [True]
    live.measured = Measured(at_unix=live.desk.clock.unix - HOUR, night=RunId("run_1"))
    assert [one.is_missed for one in (await live.look()).nights] == [False]


async def test_a_workflow_without_a_release_has_no_nights(tmp_path: Path) -> None:
    made = Outlooks(tmp_path)
    await made.desk.plane.load()
    await made.desk.submit()
    assert (await made.look()).nights == ()


async def test_a_waiver_that_ends_is_traffic_that_stops(tmp_path: Path) -> None:
    made = Outlooks(tmp_path)
    desk = made.desk
    flow = f"workflows/{SUPPORT}/workflow.yaml"
    desk.folder.replace(flow, "  offboarding: true ", "  offboarding: false ")
    await desk.plane.put_configuration(desk.read(), by="chloe")
    assert not any("waiver" in one.what for one in (await made.look()).stops)
    asked = await desk.waivers.request(
        WaiverWish(
            workflow=SUPPORT,
            about=WaiverAbout.NO_OFFBOARDING,
            owner=PersonId("ben"),
            reason="The console has no directory yet.",
            compensating_control="Accounts are reviewed each Friday.",
            ends_at_unix=desk.clock.unix + 10 * DAY,
        )
    )
    assert isinstance(asked, Waiver), asked
    assert not any("waiver" in one.what for one in (await made.look()).stops)
    await desk.waivers.grant(asked.id, by=PersonId("dan"), is_sponsor=False)
    (ending,) = [one for one in (await made.look()).stops if "waiver" in one.what]
    assert ending.ends_at_unix == asked.ends_at_unix
    assert not any("waiver" in one.what for one in (await made.look(days=9)).stops)


# --- what counts as a night -------------------------------------------------------------------


def read(desk: EvalDesk) -> Measured:
    runs = desk.runs.list_runs(SUPPORT)
    return read_measured(runs, desk.bundle.digest, desk.evals.is_intact)


@pytest.fixture
async def evals(tmp_path: Path) -> EvalDesk:
    """A bundle that passed its gate and is live."""
    made = EvalDesk(tmp_path)
    await made.load()
    assert read(made) == Measured()
    await made.run(purpose=RunPurpose.TRIAL)
    assert read(made) == Measured()
    assert (await made.run())["verdict"] == "pass"
    change_live(made, made.bundle)
    return made


async def test_a_night_counts_by_what_it_found_and_its_start_is_seen(evals: EvalDesk) -> None:
    gated = read(evals)
    assert gated.at_unix > 0
    assert gated.night is None
    run, plan = await evals.start(evals.bundle, purpose=RunPurpose.NIGHTLY)
    begun = read(evals)
    assert (begun.night, begun.found, begun.at_unix) == (run.id, "", gated.at_unix)
    await evals.evals.hand_in(run.id, await evals.call_all(run, plan))
    await evals.end(run.id)
    assert read(evals).found == "same"
    *before, last = evals.runs.list_runs(SUPPORT)
    later = replace(last, finished_at_unix=gated.at_unix + DAY)
    digest = evals.bundle.digest
    assert read_measured([*before, later], digest, lambda _: True).at_unix == gated.at_unix + DAY
    changed = read_measured([*before, later], digest, evals.evals.is_intact)
    assert (changed.found, changed.at_unix) == ("", gated.at_unix), "not as it was signed"
    assert read_measured([*before, later], Digest("sha256:other"), lambda _: True) == Measured()


async def test_a_night_in_which_the_provider_was_down_measured_nothing(evals: EvalDesk) -> None:
    gated = read(evals)
    evals.model.fails = ProviderFailure(why=Broken.CONNECT, cause="scripted")
    await evals.run(purpose=RunPurpose.NIGHTLY)
    assert read(evals).found == "unmeasured"
    assert read(evals).at_unix == gated.at_unix
