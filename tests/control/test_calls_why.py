from dataclasses import replace

from alos.control.calls_why import CallReasons, to_reasons
from alos.domain.ids import ModelName, VendorName
from alos.domain.record import AttemptNote, Evidence, FindingNote, Outcome, Personal, ToolNote
from alos.domain.refusal import ReasonCode
from tests.control.test_calls import make_row

_PEOPLE = {"person-dora": "Dora D.", "p-ben": "Ben B.", "p-anna": "Anna A."}


def why(**changes: object) -> CallReasons:
    return to_reasons(make_row("call_1", **changes), _PEOPLE.get)


def answer(reasons: CallReasons, key: str) -> str:
    return next(one.answer for one in reasons.answers if one.key == key)


def facts(reasons: CallReasons, key: str, label: str) -> list[str]:
    found = next(one.facts for one in reasons.answers if one.key == key)
    return [value for name, value in found if name == label]


def test_the_four_questions_and_the_cost_are_answered_in_order() -> None:
    assert [one.key for one in why().answers] == [
        "model",
        "data",
        "tools",
        "approval",
        "outcome",
        "evidence",
    ]
    assert why().headline.startswith("Dora D. (person-dora) called triage.")


def test_which_model_ran_names_what_was_asked_the_route_and_every_attempt() -> None:
    reasons = why(
        attempts=(
            AttemptNote(ModelName("big"), VendorName("other"), "http_529", 40),
            AttemptNote(ModelName("mid"), VendorName("other"), "skipped_vendor_ended", 0),
            AttemptNote(ModelName("small"), VendorName("acme"), "answered", 812),
        )
    )
    assert answer(reasons, "model") == "small of acme, at attempt 2."
    assert facts(reasons, "model", "asked for") == ["workflow/triage"]
    assert facts(reasons, "model", "ran as") == ["acme-small-2026"]
    assert facts(reasons, "model", "attempts") == [
        "1. big (other): answered with HTTP 529, 40 ms",
        "2. mid (other): skipped (vendor ended), 0 ms",
        "3. small (acme): answered, 812 ms",
    ]


def test_what_it_saw_labels_each_source_by_how_it_is_known() -> None:
    reasons = why(
        personal=(
            Personal("source.declared", b"1" * 16, "kb/returns.md"),
            Personal("source.matched", b"2" * 16, "kb/prices.md"),
        )
    )
    assert facts(reasons, "data", "sources") == [
        "kb/returns.md (declared by the caller, not checked)",
        "kb/prices.md (matched: it was found in what was sent)",
    ]
    assert facts(reasons, "data", "prompt version") == [
        "triage@3 (declared by the caller, not checked)"
    ]
    assert facts(reasons, "data", "not scanned") == ["messages[0].image"]


def test_what_was_found_and_what_was_done_about_it_is_said() -> None:
    reasons = why(sent_hash="other")
    assert "2 found values were taken out first." in answer(reasons, "data")
    assert "Parts of it could not be scanned." in answer(reasons, "data")
    assert facts(reasons, "data", "found") == [
        "2 x EMAIL_ADDRESS in the request: taken out before anything was sent (pii.email)"
    ]


def test_a_refused_call_says_that_nothing_was_sent() -> None:
    reasons = why(
        outcome=Outcome.REFUSED,
        reason=ReasonCode.SECRET_FOUND,
        model=None,
        sent_hash=None,
        findings=(FindingNote("request", "secret", "AWS_SECRET_KEY", "aws", "block", 1),),
    )
    assert answer(reasons, "model") == "No model ran."
    assert answer(reasons, "data") == "None: nothing was sent to a model."
    assert "contains a credential" in answer(reasons, "outcome")
    assert facts(reasons, "outcome", "reason code") == ["alos_secret_found"]


def test_tools_that_were_only_offered_are_not_called() -> None:
    reasons = why(
        tools=(
            ToolNote("lookup_order", Evidence.OBSERVED, 2),
            ToolNote("refund", Evidence.OBSERVED, 0),
        )
    )
    assert answer(reasons, "tools") == "lookup_order (2x)."
    assert len(facts(reasons, "tools", "on record")) == 2
    assert answer(why(tools=()), "tools") == "None."


def test_an_unreleased_workflow_was_approved_by_nobody() -> None:
    assert answer(why(approved_by=()), "approval") == "approved by: nobody (unreleased)"
    reasons = why()
    assert answer(reasons, "approval") == "approved by: Ben B. (p-ben), p-cleo"
    assert facts(reasons, "approval", "accountable") == ["Anna A. (p-anna)"]


def test_an_estimated_cost_is_called_one() -> None:
    assert answer(why(), "outcome").startswith("0.000093 USD. ")
    assert "estimated" in answer(why(cost_estimated=True), "outcome")


def test_a_running_call_says_so_and_answers_nothing() -> None:
    reasons = to_reasons(replace(make_row("call_1"), closing=None, place=None))
    assert "still running" in reasons.headline
    assert reasons.answers == ()


def test_erased_people_are_not_invented() -> None:
    assert why(personal=()).headline.startswith("A caller who is not on record called triage.")
