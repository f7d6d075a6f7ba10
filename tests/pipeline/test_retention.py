"""No body goes where it would stay for longer than its workflow allows."""

from alos.domain.outcome import Answered, Refused
from alos.domain.refusal import ReasonCode
from alos.domain.retention import BodyRule
from alos.domain.standing import ReleaseStage
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_model,
    build_standing,
    build_workflow,
    completion,
    say,
)

KEPT_A_MONTH = BodyRule(days=30)


async def test_a_model_whose_vendor_keeps_for_longer_is_left_out() -> None:
    models = [build_model("small", retention_days=31), build_model("large", retention_days=30)]
    standing = build_standing(workflow=build_workflow(bodies=KEPT_A_MONTH), models=models)
    talk = Conversation(standing)
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(say("hi")), Answered)
    assert talk.provider.sent[0].model.name == "large"
    skipped = [one for one in talk.journal.closings[-1].attempts if one.model == "small"]
    assert [one.result for one in skipped] == ["skipped_vendor_retention"]


async def test_where_every_vendor_keeps_for_longer_the_call_is_refused() -> None:
    models = [build_model(name, retention_days=31) for name in ("small", "large")]
    standing = build_standing(workflow=build_workflow(bodies=KEPT_A_MONTH), models=models)
    talk = Conversation(standing)
    for request in (say("hi"), say("hi", model="large")):
        outcome = await talk.run(request)
        assert isinstance(outcome, Refused)
        assert outcome.refusal.code is ReasonCode.VENDOR_RETENTION
    assert not talk.provider.sent


async def test_production_answers_nothing_before_retention_is_decided() -> None:
    workflow = build_workflow()
    live = build_workflow(
        release=workflow.release.__class__(digest=workflow.release.digest, stage=ReleaseStage.ALL)
    )
    standing = build_standing(workflow=live, dev=False, is_retention_decided=False)
    talk = Conversation(standing)
    outcome = await talk.run(say("hi"))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.RETENTION_UNDECIDED
    talk.swap(build_standing(workflow=live, dev=False))
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    assert isinstance(await talk.run(say("hi")), Answered)
