"""Getting more people in on evidence that is not the workflow's own, or not any more."""

import shutil
from pathlib import Path

import pytest

from alos.control.bundle import read_contents
from alos.control.clone import build_clone
from alos.control.scaffold import write_scaffold
from alos.domain.artifacts import Artifact
from alos.domain.fault import StoreDown
from alos.domain.ids import Digest, WorkflowId
from alos.domain.promotion import EvalFact
from alos.domain.reason import ReasonCode
from alos.domain.release_events import DrillKind
from alos.domain.rollout_plan import StageName
from tests.control.access_desk import AccessDesk
from tests.control.release_desk import SUPPORT

COPY = WorkflowId("support-reply-copy")


@pytest.fixture
async def desk(tmp_path: Path) -> AccessDesk:
    made = AccessDesk(tmp_path)
    await made.plane.load()
    return made


def copy_by_hand(desk: AccessDesk) -> None:
    """Everything of the first workflow under another name: its cases, decisions, and all."""
    flows = desk.folder.path / "workflows"
    shutil.copytree(flows / SUPPORT, flows / COPY)
    desk.folder.replace(f"workflows/{COPY}/workflow.yaml", f"id: {SUPPORT}", f"id: {COPY}")


async def test_a_copy_by_hand_has_none_of_what_the_first_one_earned(desk: AccessDesk) -> None:
    await desk.go_live()
    copy_by_hand(desk)
    await desk.plane.put_configuration(desk.read(), by="chloe")
    assert await desk.list_missing(COPY) == set(Artifact)
    bundle = desk.plane.configuration.bundles[COPY]
    done = await desk.submit(bundle=bundle)
    assert await desk.list_missing(COPY) == {
        Artifact.EVAL,
        Artifact.REVIEW_RULES,
        Artifact.ROLLBACK,
    }
    assert await desk.promote(done, StageName.INTERNAL)
    assert await desk.list_missing(SUPPORT) == set(), "and the first one keeps what it has"


async def test_a_byte_changed_after_the_eval_and_the_votes_counts_with_neither(
    desk: AccessDesk,
) -> None:
    first = await desk.submit()
    digest = await desk.earn(first)
    await desk.drill(DrillKind.KILL, DrillKind.FALLBACK, digest=digest)
    assert await desk.list_missing() == set()
    prompt = f"workflows/{SUPPORT}/prompts/draft-reply.md"
    desk.folder.write(prompt, (desk.folder.path / prompt).read_text() + " ")
    await desk.submit()
    assert await desk.list_missing() == {Artifact.EVAL, Artifact.REVIEW_RULES}


async def test_a_drill_of_another_workflow_that_failed_or_that_somebody_only_told_of_is_none(
    desk: AccessDesk,
) -> None:
    release = await desk.submit()
    digest = await desk.earn(release)

    for workflow, run, passed in (
        (WorkflowId("internal-doc-qa"), "drill_9", True),
        (SUPPORT, "attested_1", True),
        (SUPPORT, "drill_2", False),
    ):
        await desk.drill(*DrillKind, digest=digest, workflow=workflow, run=run, passed=passed)
        assert await desk.list_missing() == {Artifact.ROLLBACK}, run
    await desk.drill(*DrillKind, digest=digest, run="drill_3")
    assert await desk.list_missing() == set()


async def test_a_failed_eval_after_a_passed_one_is_what_counts(desk: AccessDesk) -> None:
    await desk.go_live()
    found = desk.releases.get_lineage(SUPPORT).live_release
    assert found is not None
    desk.pass_eval(found.digest, passed=False)
    assert await desk.list_missing() == {Artifact.EVAL}
    desk.pass_eval(found.digest, is_ci=False)
    assert await desk.list_missing() == {Artifact.EVAL}, "a laptop's run is not CI's"
    desk.evals = {Digest("sha256:" + "0" * 64): desk.evals[found.digest]}
    assert await desk.list_missing() == {Artifact.EVAL}, "nor another digest's"


class UnreadableEvals(dict[Digest, EvalFact]):
    """Stands in for a store of eval runs that is down."""

    def get(self, *_: object) -> EvalFact:  # type: ignore[override]
        raise StoreDown("evals")


async def test_a_gate_that_can_not_be_asked_records_nothing(desk: AccessDesk) -> None:
    await desk.go_live()
    desk.evals = UnreadableEvals()
    with pytest.raises(StoreDown):
        await desk.ask()
    assert desk.kept.list_requests(most=9) == ()
    assert desk.told == []


async def test_a_clone_is_refused_by_the_first_workflows_gate_until_it_is_its_own(
    desk: AccessDesk,
) -> None:
    await desk.go_live()
    flows = desk.folder.path / "workflows"
    contents, _ = read_contents(flows / SUPPORT, label=SUPPORT)
    made = build_clone(contents, COPY)
    write_scaffold(desk.folder.path, {f"workflows/{COPY}/{path}": made[path] for path in made})
    for folder in ("evals", "decisions"):
        shutil.copytree(flows / SUPPORT / folder, flows / COPY / folder)
    await desk.plane.put_configuration(desk.read(), by="chloe")
    bundle = desk.plane.configuration.bundles[COPY]
    release = await desk.submit(bundle=bundle)
    digest = await desk.earn(release)
    await desk.drill(DrillKind.KILL, DrillKind.FALLBACK, digest=digest, workflow=COPY)
    assert ReasonCode.RELEASE_BUNDLE_BLOCKED in await desk.promote(release, StageName.INTERNAL)
    assert Artifact.DATA_BOUNDARIES in await desk.list_missing(COPY)
