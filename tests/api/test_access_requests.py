"""Access requests at the management door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alos.control.release_book import Decision
from alos.domain.ids import PersonId
from alos.domain.lane import Signature, Vote
from alos.domain.people import Role
from alos.domain.promotion import EvalFact
from alos.domain.record import NoteKind
from alos.domain.release_events import DrillKind, ReleaseId, VoteCast
from tests.api.desk import QUESTIONS, Desk, open_desk
from tests.control.release_desk import to_drilled

WISH = {"workflow": QUESTIONS, "kind": "group", "name": "support", "reason": "They ask as well."}
PATH = "/api/v1/access-requests"


async def earn_everything(desk: Desk, release: ReleaseId) -> None:
    """An eval, the lane's vote and the drills, as if they had just been."""
    found = desk.releases.releases.find(release)
    assert found is not None
    workflow, now = found.submitted.workflow, desk.releases.now_unix()
    desk.evals[found.digest] = EvalFact(
        run="run_1", passed=True, at_unix=now, gate_run=1, by="ci", is_ci=True
    )
    for person, role in (("ben", Role.TEAM_LEAD), ("emil", Role.PM), ("dan", Role.SECURITY)):
        vote = Vote(
            voter=PersonId(person),
            identities=frozenset({person}),
            role=role,
            approves=True,
            reason="",
            signature=Signature.ATTESTED,
            at_unix=now,
            envelope="",
        )
        event = VoteCast(release=release, vote=vote)
        decision = Decision(event=event, kind=NoteKind.VOTE_CAST, facts={}, by=person, personal={})
        await desk.releases.book.change(workflow, lambda _, one=decision: one)  # type: ignore[misc]
    for kind in (DrillKind.KILL, DrillKind.FALLBACK):
        await desk.releases.releases.record_drill(
            to_drilled(kind, found.digest, workflow=workflow, at_unix=now)
        )


async def test_a_refusal_names_each_missing_artifact_and_what_to_do(dev_desk: Desk) -> None:
    await dev_desk.serve(await dev_desk.submit(QUESTIONS))
    token = (await dev_desk.sign_in("emil")).token
    refused = await dev_desk.ask("POST", PATH, token=token, body=WISH)
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["code"] == "alos_access_artifacts_missing"
    for artifact in ("review rules", "eval", "rollback"):
        assert f"- {artifact}: " in error["message"]
    assert "alos drill" in error["message"]
    assert {one["code"] for one in error["reasons"]} >= {
        "alos_release_eval_missing",
        "alos_release_votes_missing",
        "alos_release_drill_missing",
    }
    assert dev_desk.notes(NoteKind.ACCESS_REQUESTED) == []
    assert (await dev_desk.ask("GET", PATH, token=token)).json() == []


@pytest.fixture
async def ready_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A dev folder whose workflow is on a surface that needs no waiver."""
    flow = f"workflows/{QUESTIONS}/workflow.yaml"
    changes = tuple((flow, f"  {key}: false", f"  {key}: true") for key in ("sso", "offboarding"))
    async with open_desk(tmp_path, dev=True, changes=changes) as made:
        yield made


async def test_a_request_is_kept_over_a_restart_and_seen_by_whom_it_concerns(
    ready_desk: Desk,
) -> None:
    release = await ready_desk.submit(QUESTIONS)
    await ready_desk.serve(release)
    await earn_everything(ready_desk, release)
    emil, fay, gus = [(await ready_desk.sign_in(one)).token for one in ("emil", "fay", "gus")]
    made = await ready_desk.ask("POST", PATH, token=emil, body=WISH)
    assert made.status_code == 201, made.text
    assert made.json()["party"] == "group:support"
    assert made.json()["by"] == "emil"
    assert len(ready_desk.notes(NoteKind.ACCESS_REQUESTED)) == 1
    await ready_desk.restart()
    for token, sees in ((emil, True), (fay, True), (gus, False)):
        listed = await ready_desk.ask("GET", PATH, token=token)
        assert listed.status_code == 200
        assert listed.json() == ([made.json()] if sees else [])


async def test_a_party_is_one_plain_name(dev_desk: Desk) -> None:
    token = (await dev_desk.sign_in("emil")).token
    for name in ("", "-x", "a b", "a\nb", "x" * 129):
        asked = await dev_desk.ask("POST", PATH, token=token, body={**WISH, "name": name})
        assert asked.status_code == 422, name
