"""More people get a workflow only once it has all five artifacts of its first release."""

from dataclasses import replace
from pathlib import Path

import pytest

from alos.control.plane import ChangeRefused
from alos.domain.artifacts import Artifact
from alos.domain.ids import WorkflowId
from alos.domain.people import Party, PartyKind
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.refusal import ReasonCode
from alos.domain.release_events import DrillKind
from alos.domain.rollout_plan import StageName
from tests.control.access_desk import AccessDesk
from tests.control.release_desk import DAY, HOUR, SUPPORT


@pytest.fixture
async def desk(tmp_path: Path) -> AccessDesk:
    made = AccessDesk(tmp_path)
    await made.plane.load()
    return made


async def test_before_anything_was_submitted_all_five_are_missing(desk: AccessDesk) -> None:
    assert await desk.list_missing() == set(Artifact)


async def test_each_artifact_falls_away_from_the_list_as_it_comes_to_exist(
    desk: AccessDesk,
) -> None:
    release = await desk.submit()
    found = desk.releases.find(release)
    assert found is not None
    assert await desk.list_missing() == {
        Artifact.EVAL,
        Artifact.REVIEW_RULES,
        Artifact.ROLLBACK,
    }
    desk.pass_eval(found.digest)
    assert await desk.list_missing() == {Artifact.REVIEW_RULES, Artifact.ROLLBACK}
    await desk.fill_lane(release)
    assert await desk.list_missing() == {Artifact.ROLLBACK}
    await desk.drill(DrillKind.KILL, digest=found.digest)
    assert await desk.list_missing() == {Artifact.ROLLBACK}
    await desk.drill(DrillKind.FALLBACK, digest=found.digest)
    assert await desk.list_missing() == set()


async def test_a_request_is_noted_told_to_the_owner_and_listed_and_grants_nothing(
    desk: AccessDesk,
) -> None:
    await desk.go_live()
    before = desk.now.workflows[SUPPORT]
    made = await desk.ask()
    assert [one.id for one in await desk.requests.list_requests()] == [made.id]
    assert [who for who, _ in desk.told] == ["ben"]
    assert "group:engineering" in desk.told[0][1]
    assert "grants nothing" in desk.told[0][1]
    notes = [
        one
        for one in desk.journal.entries
        if isinstance(one, NoteEntry) and one.kind is NoteKind.ACCESS_REQUESTED
    ]
    facts = dict(notes[0].facts)
    assert facts["workflow"] == SUPPORT
    assert facts["digest"] == made.digest
    assert "reason" not in facts, "what somebody wrote is personal"
    assert {one.name for one in notes[0].personal} == {"party", "reason"}
    assert desk.now.workflows[SUPPORT] == before


async def test_evidence_that_ages_freezes_broader_access_and_no_call(desk: AccessDesk) -> None:
    await desk.go_live()
    assert await desk.list_missing() == set()
    desk.clock.unix += 31 * DAY
    assert await desk.list_missing() == {Artifact.EVAL, Artifact.ROLLBACK}


async def test_without_a_retention_term_there_is_no_logging(desk: AccessDesk) -> None:
    await desk.go_live()
    configuration = desk.plane.configuration
    retention = replace(configuration.organisation.retention, body_days=None)
    desk.plane._configuration = replace(
        configuration, organisation=replace(configuration.organisation, retention=retention)
    )
    desk.plane.refresh()
    assert await desk.list_missing() == {Artifact.LOGGING}


async def test_a_problem_of_the_bundle_is_of_its_boundary_and_an_objection_of_the_review(
    desk: AccessDesk,
) -> None:
    release = await desk.go_live()
    configuration = desk.plane.configuration
    models = {
        name: replace(one, data_classes=frozenset())
        for name, one in configuration.organisation.models.items()
    }
    desk.plane._configuration = replace(
        configuration, organisation=replace(configuration.organisation, models=models)
    )
    missing = await desk.list_missing()
    assert Artifact.DATA_BOUNDARIES in missing
    desk.plane._configuration = configuration
    await desk.releases.void_pending_votes(desk.people.persons[desk.pm].id)  # type: ignore[index]
    found = desk.releases.find(release)
    assert found is not None
    assert await desk.list_missing() == set(), "votes that granted something stay"


async def test_a_stopped_or_halted_workflow_gets_no_more_people(desk: AccessDesk) -> None:
    release = await desk.submit()
    digest = await desk.earn(release)
    assert await desk.promote(release, StageName.INTERNAL) == set()
    await desk.drill(DrillKind.KILL, DrillKind.FALLBACK, digest=digest)
    desk.clock.unix += HOUR
    assert await desk.list_missing() == set(), "soak time is no artifact"
    await desk.releases.halt(release, guard="errors", detail="")
    assert await desk.list_missing() == {Artifact.ROLLBACK}


@pytest.mark.parametrize(
    ("workflow", "party"),
    [
        ("no-such-workflow", Party(kind=PartyKind.GROUP, name="engineering")),
        (SUPPORT, Party(kind=PartyKind.GROUP, name="nobody-is-in-it")),
        (SUPPORT, Party(kind=PartyKind.PERSON, name="nobody")),
    ],
)
async def test_who_or_what_is_not_there_is_refused(
    desk: AccessDesk, workflow: str, party: Party
) -> None:
    await desk.go_live()
    with pytest.raises(ChangeRefused):
        await desk.ask(WorkflowId(workflow), party=party)
    assert await desk.requests.list_requests() == []


async def test_the_gates_own_sentences_say_what_to_do(desk: AccessDesk) -> None:
    await desk.submit()
    _, missing = await desk.requests.look(SUPPORT)
    codes = {one.artifact: {refusal.code for refusal in one.refusals} for one in missing}
    release = desk.releases.get_lineage(SUPPORT).newest
    assert release is not None
    gate = await desk.promote(release.id, StageName.ALL)
    assert set.union(*codes.values()) == gate - {
        ReasonCode.RELEASE_STAGE_SKIPPED,
        ReasonCode.RELEASE_SOAKING,
    }
