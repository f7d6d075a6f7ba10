"""``alos demo --once`` end to end, with the real local model and without any."""

import re
from collections import Counter

import pytest

from alos.domain.record import Outcome
from alos.providers.local_model import ModelMissing, find_weights
from tests.e2e.patience import Patience

weights = find_weights()
_SECONDS = 400
pytestmark = pytest.mark.timeout(_SECONDS + 20)
needs_model = pytest.mark.skipif(isinstance(weights, ModelMissing), reason=str(weights))


@needs_model
def test_with_the_real_model_every_call_ends_as_expected(patience: Patience) -> None:
    demo = patience.demo.result(_SECONDS)
    assert demo.status == 0, demo.words
    assert "All 23 ended as expected." in demo.words
    assert "✗" not in demo.words
    assert demo.words.count("  call_") == 8


@needs_model
def test_labelled_people_release_a_workflow_and_its_call_says_so(patience: Patience) -> None:
    demo = patience.demo.result(_SECONDS)
    words = " ".join(demo.words.split())
    assert "The people are stand-ins (DEV)" in words
    assert "stage all, approved by emil, dan (demo people)" in words
    last = [one for one in demo.journal.closings if one.release_stage == "all"]
    assert [set(one.approved_by) for one in last] == [{"emil", "dan"}]
    kinds = Counter(dict(one.facts).get("purpose", "production") for one in demo.journal.closings)
    assert kinds["eval"] == 15
    assert kinds["drill"] == 7


@needs_model
def test_each_of_its_calls_left_one_record(patience: Patience) -> None:
    journal = patience.demo.result(_SECONDS).journal
    closings = [one for one in journal.closings if "purpose" not in dict(one.facts)]
    by_reason = [one.reason for one in closings]
    assert by_reason.count("alos_secret_found") == 1
    assert by_reason.count("alos_workflow_not_registered") == 1
    assert by_reason.count("alos_workflow_stopped") == 1
    assert by_reason.count("alos_budget_exceeded") == 1
    answered = [one for one in closings if one.outcome is Outcome.ANSWERED]
    assert len(answered) + 4 == len(closings)
    assert all(one.usage is not None and one.cost_nanousd > 0 for one in answered)
    assert any(note.action == "redact" for one in answered for note in one.findings)


@needs_model
def test_the_credential_it_sends_stands_nowhere_in_its_folder(patience: Patience) -> None:
    kept = patience.demo.result(_SECONDS).kept
    assert kept
    found = [path for path, data in kept.items() if re.search(rb"AKIA[A-Z2-7]{16}", data)]
    assert found == []


def test_a_surprise_is_an_exit_status_of_1_and_is_shown(patience: Patience) -> None:
    """Without a vendor's credential nothing is ever sent, so no call is answered."""
    demo = patience.demo_in_vain.result(_SECONDS)
    assert demo.status == 1, demo.words
    assert "4 of 16 did not end as expected." in demo.words
    assert demo.words.count("✗") == 4
    assert demo.words.count("✓") == 12
