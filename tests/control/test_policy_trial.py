"""A changed policy tried on calls of before: new blocks, new redactions, and what is not told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from alos.control.change_notes import ChangeNotes
from alos.control.policy_trial import PolicyTrials, TrialResult, TriedPolicy
from alos.control.refused import ChangeRefused
from alos.domain.boundary_verdict import judge
from alos.domain.ids import BodyReference, WorkflowId
from alos.domain.outcome import Answered
from alos.domain.record import ClosingEntry, Fact, NoteEntry
from alos.domain.standing import Action
from alos.gateway.wire.kept import list_texts
from alos.ports.call_store import CallCursor, CallQuery, CallRow
from alos.ports.clock import SystemClock
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_model,
    build_standing,
    build_test_scanner,
    build_workflow,
    completion,
    say,
)

MAIL = "write to ann.lee@acme.io please"
DAY_NS = 86_400 * 1_000_000_000


class _Calls:
    """The calls of a conversation, as an index would give them."""

    def __init__(self, closings: Sequence[ClosingEntry]) -> None:
        self.rows = [
            CallRow(
                call_id=one.call_id,
                opened_at_unix_ns=1,
                opening=None,
                closing=one,
                place=None,
                arrived_at_unix_ns=1,
            )
            for one in closings
        ]

    def search_calls(
        self, _query: CallQuery, *, before: CallCursor | None, limit: int
    ) -> Sequence[CallRow]:
        return [] if before else self.rows[:limit]


async def _talk(*texts: str, **workflow: Any) -> Conversation:
    talk = Conversation(standing=build_standing(workflow=build_workflow(**workflow)))
    talk.provider.answers = [ScriptedAnswer(body=completion("fine")) for _ in texts]
    for text in texts:
        await talk.run(say(text))
    return talk


async def _try(talk: Conversation, **changed: Any) -> TrialResult:
    trials = PolicyTrials(
        talk.vault,
        calls=_Calls(talk.journal.closings),  # type: ignore[arg-type]  # all that it asks for
        notes=ChangeNotes(talk.journal, SystemClock()),
        read_texts=lambda closing, kind, body: list_texts(closing.wire_format, kind, body),
    )
    workflow, model = build_workflow(**changed), build_model("small")
    policy = TriedPolicy(
        workflows={workflow.id: workflow},
        models={model.name: replace(model, data_classes=frozenset({"pii", "internal", "public"}))},
        scanner=build_test_scanner(),
    )
    return await trials.run(
        lambda: policy,
        workflows=[WorkflowId("support")],
        since_unix_ns=0,
        until_unix_ns=DAY_NS,
        by="ann",
    )


APPROVED: dict[str, Any] = {"actions": {"pii": Action.FLAG}, "forbidden": frozenset({"pii"})}


async def test_what_went_through_and_would_be_blocked_is_told_without_its_text() -> None:
    talk = await _talk(MAIL, "hello", **APPROVED)
    result = await _try(
        talk,
        forbidden=frozenset({"customer_data"}),
        actions={"customer_data": Action.BLOCK, "pii": Action.REDACT},
        detector_classes={"pii": ("customer_data",)},
    )
    assert (result.replayed, result.new_blocks, result.new_redactions) == (2, 1, 0)
    (one,) = result.blocked
    assert (one.data_class, one.type) == ("customer_data", "EMAIL_ADDRESS")
    assert "ann.lee" not in repr(result)


async def test_what_would_be_redacted_is_counted_apart() -> None:
    talk = await _talk(MAIL, **APPROVED)
    result = await _try(talk, forbidden=frozenset({"pii"}), actions={"pii": Action.REDACT})
    assert (result.new_blocks, result.new_redactions) == (0, 1)


async def test_the_same_policy_changes_nothing() -> None:
    talk = await _talk(MAIL, "hello", **APPROVED)
    result = await _try(talk, **APPROVED)
    assert (result.replayed, result.new_blocks, result.new_redactions) == (2, 0, 0)


async def test_what_can_not_be_replayed_is_counted_with_its_reason() -> None:
    talk = await _talk(MAIL, "hello", "use AKIA" + "Q3EGTHBS7WXYPLM2 now", **APPROVED)
    facts = dict(talk.journal.closings[0].facts)
    talk.vault.erase([BodyReference(facts[Fact.REQUEST_BODY])])
    result = await _try(talk, **APPROVED)
    assert result.replayed == 1
    assert dict(result.not_replayed) == {"its request is erased": 1, "refused then": 1}


async def test_what_was_taken_out_then_is_said() -> None:
    talk = await _talk(MAIL, actions={"pii": Action.REDACT})
    result = await _try(talk, actions={"pii": Action.BLOCK})
    assert (result.replayed, result.redacted_then, result.new_blocks) == (1, 1, 0)


async def test_a_workflow_that_the_policy_lacks_is_not_replayed() -> None:
    talk = await _talk("hello", **APPROVED)
    result = await _try(talk, id=WorkflowId("another"), **APPROVED)
    assert dict(result.not_replayed) == {"the workflow is not in this policy": 1}


async def test_a_trial_is_recorded_before_anything_is_read() -> None:
    talk = await _talk(MAIL, **APPROVED)
    await _try(talk, **APPROVED)
    note = talk.journal.entries[-1]
    assert isinstance(note, NoteEntry)
    assert ("for", "policy_try") in note.facts


async def test_a_span_over_a_week_is_refused() -> None:
    talk = await _talk("hello", **APPROVED)
    trials = PolicyTrials(
        talk.vault,
        calls=_Calls([]),  # type: ignore[arg-type]  # never asked
        notes=ChangeNotes(talk.journal, SystemClock()),
        read_texts=lambda *_: [],
    )
    with pytest.raises(ChangeRefused):
        await trials.run(
            lambda: pytest.fail("not reached"),
            workflows=[],
            since_unix_ns=0,
            until_unix_ns=8 * DAY_NS,
            by="ann",
        )


CASES = [
    ({"actions": {"pii": Action.REDACT}}, Action.REDACT),
    ({"actions": {"pii": Action.DROP_CANDIDATE}}, Action.BLOCK),
    ({"actions": {"pii": Action.BLOCK}}, Action.BLOCK),
    ({"actions": {"pii": Action.FLAG}, "forbidden": frozenset({"pii"})}, Action.FLAG),
    (
        {
            "actions": {"pii": Action.REDACT, "customer_data": Action.BLOCK},
            "forbidden": frozenset({"customer_data"}),
            "detector_classes": {"EMAIL_ADDRESS": ("customer_data",)},
        },
        Action.BLOCK,
    ),
]


@pytest.mark.parametrize(("workflow", "wanted"), CASES)
async def test_the_gate_does_what_the_verdict_says(
    workflow: dict[str, Any], wanted: Action
) -> None:
    built, model = build_workflow(**workflow), build_model("small")
    verdict = judge(build_test_scanner().scan(MAIL), built, [model])
    talk = Conversation(standing=build_standing(workflow=built))
    talk.provider.answers = [ScriptedAnswer(body=completion("fine"))]
    outcome = await talk.run(say(MAIL))
    done = Action.BLOCK
    if isinstance(outcome, Answered):
        done = Action.FLAG if b"ann.lee" in talk.provider.sent[0].body else Action.REDACT
    assert (verdict.action, done) == (wanted, wanted)
