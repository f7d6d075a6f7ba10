"""From draft to everyone, and back."""

from dataclasses import replace
from pathlib import Path

import pytest

from alos.control.voting import VoteWish
from alos.control.waivers import WaiverWish
from alos.domain.gate import check_serve, check_waivers, choose_release
from alos.domain.ids import PersonId, WorkflowId
from alos.domain.lane import LaneState
from alos.domain.people import Role
from alos.domain.principal import Authentication, Method
from alos.domain.record import NoteKind
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release import ReleaseState
from alos.domain.release_events import DrillKind, RolledBack
from alos.domain.rollout import Unit
from alos.domain.rollout_plan import StageName
from alos.domain.standing import ReleaseStage
from alos.domain.waiver import Waiver, WaiverAbout
from tests.control.organisation_folder import WORKFLOW
from tests.control.release_desk import DAY, HOUR, SUPPORT, ReleaseDesk


@pytest.fixture
async def desk(tmp_path: Path) -> ReleaseDesk:
    made = ReleaseDesk(tmp_path)
    await made.plane.load()
    return made


async def test_a_bundle_goes_from_draft_to_everyone_through_its_lane(desk: ReleaseDesk) -> None:
    release = await desk.go_live()
    workflow = desk.now.workflows[SUPPORT]
    assert workflow.release.stage is ReleaseStage.ALL
    assert set(workflow.release.approved_by) == {desk.pm, desk.security}
    assert check_serve(desk.now, workflow) is None
    found = desk.releases.find(release)
    assert found is not None
    assert found.state is ReleaseState.ALL
    assert [kind for kind in desk.notes if kind.value.startswith(("rel", "vote", "stage"))] == [
        NoteKind.RELEASE_SUBMITTED,
        NoteKind.VOTE_CAST,
        NoteKind.VOTE_CAST,
        NoteKind.STAGE_GRANTED,
        NoteKind.STAGE_GRANTED,
        NoteKind.STAGE_GRANTED,
    ]


async def test_a_production_folder_serves_nothing_that_was_not_granted(desk: ReleaseDesk) -> None:
    refusal = check_serve(desk.now, desk.now.workflows[SUPPORT])
    assert refusal is not None
    assert refusal.code is ReasonCode.NOT_RELEASED
    release = await desk.submit()
    await desk.fill_lane(release)
    assert check_serve(desk.now, desk.now.workflows[SUPPORT]) is not None


async def test_everything_that_is_missing_is_said_at_once(desk: ReleaseDesk) -> None:
    release = await desk.submit()
    assert await desk.promote(release, StageName.INTERNAL) == {
        ReasonCode.RELEASE_EVAL_MISSING,
        ReasonCode.RELEASE_VOTES_MISSING,
        ReasonCode.RELEASE_NOT_CONSULTED,
    }
    assert await desk.promote(release, StageName.ALL) >= {
        ReasonCode.RELEASE_STAGE_SKIPPED,
        ReasonCode.RELEASE_DRILL_MISSING,
    }


async def test_one_vote_alone_leaves_it_pending(desk: ReleaseDesk) -> None:
    release = await desk.submit()
    found = desk.releases.find(release)
    assert found is not None
    desk.pass_eval(found.digest)
    state = await desk.vote(release, desk.security, Role.SECURITY)
    assert isinstance(state, LaneState)
    assert state.missing == (frozenset({Role.PM}),)
    assert await desk.promote(release, StageName.INTERNAL) == {ReasonCode.RELEASE_VOTES_MISSING}


async def test_a_vote_against_holds_it_until_the_voter_changes_it(desk: ReleaseDesk) -> None:
    release = await desk.submit()
    await desk.earn(release)
    await desk.vote(release, desk.pm, Role.PM, approves=False, reason="the tone is wrong")
    assert await desk.promote(release, StageName.INTERNAL) == {
        ReasonCode.RELEASE_VOTED_AGAINST,
        ReasonCode.RELEASE_VOTES_MISSING,
    }
    await desk.vote(release, desk.pm, Role.PM)
    assert await desk.promote(release, StageName.INTERNAL) == set()


async def test_a_changed_byte_is_another_bundle_without_eval_or_votes(desk: ReleaseDesk) -> None:
    first = await desk.submit()
    await desk.earn(first)
    desk.edit(1)
    second = await desk.submit()
    assert await desk.promote(second, StageName.INTERNAL) >= {
        ReasonCode.RELEASE_EVAL_MISSING,
        ReasonCode.RELEASE_VOTES_MISSING,
    }
    assert ReasonCode.RELEASE_OVER in await desk.promote(first, StageName.INTERNAL)


async def test_a_vote_for_what_was_shown_before_the_change_is_refused(desk: ReleaseDesk) -> None:
    first = await desk.submit()
    found = desk.releases.find(first)
    assert found is not None
    shown = desk.voting.get_shown(found)
    desk.edit(1)
    second = await desk.submit()
    wish = VoteWish(
        release=second,
        role=Role.PM,
        approves=True,
        reason="",
        shown=shown,
        authentication=Authentication(method=Method.PERSONA),
        proof={},
    )
    refusal = await desk.voting.vote(wish, desk.get_voter(desk.pm))
    assert isinstance(refusal, Refusal)
    assert refusal.code is ReasonCode.VOTE_OTHER_DIGEST


async def test_tier_3_goes_by_three_people_who_sign_themselves(tmp_path: Path) -> None:
    desk = ReleaseDesk(tmp_path)
    flow = f"workflows/{SUPPORT}"
    desk.folder.replace(f"{flow}/workflow.yaml", "tier: 2 ", "tier: 3 ")
    more = "".join(
        f"  - {{id: more-{number}, kind: happy, variables: {{company: A, facts: B}},"
        f" input: Question {number}?, provenance: author-written,"
        " criteria: [{kind: correctness, grader: at_least_words, words: 2}]}\n"
        for number in range(5)
    )
    desk.folder.write(f"{flow}/evals/more.yaml", f"cases:\n{more}")
    desk.plane._configuration = desk.read()
    await desk.plane.load()
    release = await desk.submit()
    found = desk.releases.find(release)
    assert found is not None
    desk.pass_eval(found.digest)
    voters = (("emil", Role.PM), ("dan", Role.SECURITY), ("gus", Role.LEGAL))
    for name, role in voters:
        refusal = await desk.vote(release, name, role)
        assert isinstance(refusal, Refusal)
        assert refusal.code is ReasonCode.VOTE_NOT_PERSONAL
        assert await desk.promote(release, StageName.INTERNAL) == {
            ReasonCode.RELEASE_VOTES_MISSING
        } | ({ReasonCode.RELEASE_NOT_CONSULTED} if role is not Role.LEGAL else set())
        assert isinstance(await desk.vote(release, name, role, personal=True), LaneState)
    assert await desk.promote(release, StageName.INTERNAL) == set()


@pytest.mark.parametrize(
    ("authors", "drafters"),
    [(frozenset({"dan@example.com"}), frozenset()), (frozenset(), frozenset({"dan"}))],
)
async def test_a_co_author_and_a_draft_user_do_not_vote(
    desk: ReleaseDesk, authors: frozenset[str], drafters: frozenset[str]
) -> None:
    desk.drafters = drafters
    release = await desk.submit(authors=authors)
    refusal = await desk.vote(release, "dan", Role.SECURITY)
    assert isinstance(refusal, Refusal)
    assert refusal.code is ReasonCode.VOTE_OWN_BUNDLE


async def test_the_pending_vote_of_somebody_who_left_is_void(desk: ReleaseDesk) -> None:
    release = await desk.submit()
    await desk.fill_lane(release)
    desk.leave("dan")
    assert await desk.releases.void_pending_votes(desk.get_voter("dan").id) == 1
    found = desk.releases.find(release)
    assert found is not None
    assert desk.voting.get_lane_state(found).missing == (frozenset({Role.SECURITY}),)


async def test_a_vote_that_granted_a_stage_outlives_its_voter(desk: ReleaseDesk) -> None:
    await desk.go_live()
    desk.leave("dan")
    assert await desk.releases.void_pending_votes(desk.get_voter("dan").id) == 0
    assert check_serve(desk.now, desk.now.workflows[SUPPORT]) is None


async def test_a_stage_is_held_by_its_soak_time_and_by_a_guard(desk: ReleaseDesk) -> None:
    release = await desk.submit()
    digest = await desk.earn(release)
    await desk.promote(release, StageName.INTERNAL)
    await desk.drill(DrillKind.KILL, DrillKind.FALLBACK, digest=digest)
    assert await desk.promote(release, StageName.COHORT) == {ReasonCode.RELEASE_SOAKING}
    desk.clock.unix += 24 * HOUR
    assert await desk.releases.halt(release, guard="errors", detail="12 of 40 calls")
    assert await desk.promote(release, StageName.COHORT) == {ReasonCode.RELEASE_HALTED}
    await desk.releases.resume(release, by="ben", reason="the upstream was down")
    assert await desk.promote(release, StageName.COHORT) == set()


async def test_from_tier_2_on_a_pass_of_somebodys_own_is_not_cis(desk: ReleaseDesk) -> None:
    release = await desk.submit()
    found = desk.releases.find(release)
    assert found is not None
    await desk.fill_lane(release)
    desk.pass_eval(found.digest, is_ci=False)
    assert await desk.promote(release, StageName.INTERNAL) == {ReasonCode.RELEASE_EVAL_NOT_CI}
    desk.pass_eval(found.digest)
    assert await desk.promote(release, StageName.INTERNAL) == set()


async def test_ageing_evidence_freezes_promotion_and_never_stops_traffic(
    desk: ReleaseDesk,
) -> None:
    release = await desk.submit()
    digest = await desk.earn(release)
    await desk.promote(release, StageName.INTERNAL)
    await desk.drill(DrillKind.KILL, DrillKind.FALLBACK, digest=digest)
    desk.clock.unix += 400 * DAY
    desk.plane.refresh()
    assert await desk.promote(release, StageName.COHORT) >= {
        ReasonCode.RELEASE_EVAL_STALE,
        ReasonCode.RELEASE_DRILL_STALE,
    }
    assert check_serve(desk.now, desk.now.workflows[SUPPORT]) is None


async def test_units_outside_the_stage_get_the_release_before_or_a_reason(
    desk: ReleaseDesk,
) -> None:
    first = await desk.submit()
    await desk.earn(first)
    await desk.promote(first, StageName.INTERNAL)
    outside = Unit(name="zoe")
    refusal = choose_release(desk.now.workflows[SUPPORT], outside)
    assert isinstance(refusal, Refusal)
    assert refusal.code is ReasonCode.NOT_IN_STAGE
    inside = choose_release(
        desk.now.workflows[SUPPORT], Unit(name="ben", groups=frozenset({"support"}))
    )
    assert not isinstance(inside, Refusal)


async def test_while_a_second_release_rolls_out_the_others_keep_the_first(
    desk: ReleaseDesk,
) -> None:
    first = await desk.go_live()
    desk.edit(1)
    second = await desk.submit()
    digest = await desk.earn(second)
    assert await desk.promote(second, StageName.INTERNAL) == set()
    workflow = desk.now.workflows[SUPPORT]
    inside = choose_release(workflow, Unit(name="ben", groups=frozenset({"support"})))
    outside = choose_release(workflow, Unit(name="somebody"))
    assert not isinstance(inside, Refusal)
    assert not isinstance(outside, Refusal)
    live = desk.releases.find(first)
    assert live is not None
    assert (inside.release.digest, outside.release.digest) == (digest, live.digest)


async def test_rolling_back_is_one_action_and_asks_for_no_vote(desk: ReleaseDesk) -> None:
    first = await desk.go_live()
    desk.edit(1)
    await desk.go_live()
    done = await desk.releases.roll_back(SUPPORT, by="ben", reason="worse answers")
    assert isinstance(done, RolledBack)
    live = desk.releases.find(first)
    assert live is not None
    workflow = desk.now.workflows[SUPPORT]
    assert workflow.release.digest == live.digest
    assert check_serve(desk.now, workflow) is None
    again = await desk.releases.roll_back(SUPPORT, by="ben", reason="once more")
    assert isinstance(again, tuple)
    assert again[0].code is ReasonCode.RELEASE_NO_ROLLBACK


async def test_a_digest_that_was_taken_back_serves_nobody_and_is_no_target(
    desk: ReleaseDesk,
) -> None:
    await desk.go_live()
    desk.edit(1)
    second = await desk.go_live()
    bad = desk.releases.find(second)
    assert bad is not None
    await desk.releases.roll_back(SUPPORT, by="ben", reason="worse answers")
    assert bad.digest in desk.now.taken_back
    desk.edit(2)
    await desk.go_live()
    done = await desk.releases.roll_back(SUPPORT, by="ben", reason="back", to=bad.digest)
    assert isinstance(done, tuple)


async def test_a_wider_configuration_reopens_the_voting_and_a_narrower_one_does_not(
    desk: ReleaseDesk,
) -> None:
    release = await desk.submit()
    await desk.fill_lane(release)
    desk.folder.replace("alos.yaml", "retention_days: 0\n", "retention_days: 30\n")
    await desk.plane.put_configuration(desk.read(), by="chloe")
    assert await desk.releases.reopen_widened() == (release,)
    found = desk.releases.find(release)
    assert found is not None
    assert len(desk.voting.get_lane_state(found).missing) == 2
    assert "30 days kept by local" in found.votes[0].void_because
    await desk.fill_lane(release)
    desk.folder.replace("alos.yaml", "retention_days: 30\n", "retention_days: 7\n")
    await desk.plane.put_configuration(desk.read(), by="chloe")
    assert await desk.releases.reopen_widened() == ()


async def test_coming_down_from_a_higher_tier_takes_the_higher_tiers_lane(
    desk: ReleaseDesk,
) -> None:
    await desk.go_live()
    flow = f"workflows/{SUPPORT}/workflow.yaml"
    desk.folder.replace(flow, "tier: 2 ", "tier: 1 ")
    desk.edit(1)
    release = await desk.submit()
    found = desk.releases.find(release)
    assert found is not None
    assert (found.submitted.tier, found.submitted.lane_tier) == (1, 2)


async def test_a_restart_finds_everything_as_it_was(desk: ReleaseDesk) -> None:
    release = await desk.go_live()
    before = desk.now.workflows[SUPPORT]
    desk.open()
    await desk.book.catch_up()
    assert desk.now.workflows[SUPPORT] == before
    assert desk.releases.get_lineage(WorkflowId(SUPPORT)).live == release


async def test_another_process_sees_what_this_one_granted(desk: ReleaseDesk) -> None:
    release = await desk.submit()
    first = desk.book
    desk.open()
    await desk.book.catch_up()
    await desk.fill_lane(release)
    assert await first.catch_up()
    assert len(first.get(SUPPORT).releases[release].votes) == 2


async def test_a_release_that_rests_on_a_waiver_stops_when_it_ends(desk: ReleaseDesk) -> None:
    desk.folder.replace(
        f"workflows/{SUPPORT}/workflow.yaml", "  offboarding: true ", "  offboarding: false "
    )
    await desk.plane.put_configuration(desk.read(), by="chloe")
    release = await desk.submit()
    await desk.earn(release)
    assert await desk.promote(release, StageName.INTERNAL) == {ReasonCode.RELEASE_WAIVER_ENDED}
    ends = desk.clock.unix + 30 * DAY
    waiver = await desk.waivers.request(build_wish(ends))
    assert isinstance(waiver, Waiver)
    own = await desk.waivers.grant(waiver.id, by=PersonId("ben"), is_sponsor=False)
    assert isinstance(own, Refusal)
    assert own.code is ReasonCode.WAIVER_OWN
    assert isinstance(
        await desk.waivers.grant(waiver.id, by=PersonId("dan"), is_sponsor=False), Waiver
    )
    assert await desk.promote(release, StageName.INTERNAL) == set()
    workflow = desk.now.workflows[SUPPORT]
    assert check_waivers(workflow, now_unix=ends - 1) is None
    refusal = check_waivers(workflow, now_unix=ends)
    assert refusal is not None
    assert refusal.code is ReasonCode.WAIVER_ENDED
    await desk.waivers.end(waiver.id, by=PersonId("dan"))
    assert check_waivers(desk.now.workflows[SUPPORT], now_unix=desk.clock.unix) is not None


async def test_answers_that_nothing_holds_for_a_person_rest_on_a_waiver(
    desk: ReleaseDesk,
) -> None:
    rule = "{name: promises, kind: customer_facing_claim, acceptors: ['group:support']}"
    desk.folder.replace(WORKFLOW, "\nlimits:\n", f"\nverification:\n  - {rule}\nlimits:\n")
    release = await desk.submit()
    await desk.earn(release)
    assert await desk.promote(release, StageName.INTERNAL) == {ReasonCode.RELEASE_WAIVER_ENDED}
    other = await desk.waivers.request(build_wish(desk.clock.unix + DAY))
    ends = desk.clock.unix + 30 * DAY
    waiver = await desk.waivers.request(
        replace(build_wish(ends), about=WaiverAbout.UNHELD_ANSWERS)
    )
    for one in (other, waiver):
        assert isinstance(one, Waiver)
        assert await desk.promote(release, StageName.INTERNAL) == {ReasonCode.RELEASE_WAIVER_ENDED}
        await desk.waivers.grant(one.id, by=PersonId("dan"), is_sponsor=False)
    assert await desk.promote(release, StageName.INTERNAL) == set()
    workflow = desk.now.workflows[SUPPORT]
    assert check_waivers(workflow, now_unix=ends - 1) is None
    assert check_waivers(workflow, now_unix=ends) is not None


async def test_a_waiver_has_a_near_end_and_is_renewed_once(desk: ReleaseDesk) -> None:
    too_long = await desk.waivers.request(build_wish(desk.clock.unix + 91 * DAY))
    assert isinstance(too_long, Refusal)
    assert too_long.code is ReasonCode.WAIVER_TOO_LONG
    for _ in range(2):
        waiver = await desk.waivers.request(build_wish(desk.clock.unix + DAY))
        assert isinstance(waiver, Waiver)
        await desk.waivers.grant(waiver.id, by=PersonId("dan"), is_sponsor=False)
    third = await desk.waivers.request(build_wish(desk.clock.unix + DAY))
    assert isinstance(third, Waiver)
    refusal = await desk.waivers.grant(third.id, by=PersonId("dan"), is_sponsor=False)
    assert isinstance(refusal, Refusal)
    assert refusal.code is ReasonCode.WAIVER_RENEWED_TOO_OFTEN
    assert isinstance(
        await desk.waivers.grant(third.id, by=PersonId("ana"), is_sponsor=True), Waiver
    )


def build_wish(ends_at_unix: int) -> WaiverWish:
    return WaiverWish(
        workflow=SUPPORT,
        about=WaiverAbout.NO_OFFBOARDING,
        owner=PersonId("ben"),
        reason="the console can't do it before spring",
        compensating_control="the team lead removes accounts on the last day",
        ends_at_unix=ends_at_unix,
    )
