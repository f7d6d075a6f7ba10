"""``alos demo --once`` end to end, with the real local model and without any."""

import re

import pytest

from alos.domain.record import Outcome
from alos.providers.local_model import ModelMissing, find_weights
from tests.e2e.patience import Patience

weights = find_weights()
needs_model = pytest.mark.skipif(isinstance(weights, ModelMissing), reason=str(weights))


@needs_model
def test_with_the_real_model_every_call_ends_as_expected(patience: Patience) -> None:
    demo = patience.demo.result(110)
    assert demo.status == 0, demo.words
    assert "All 7 ended as expected." in demo.words
    assert "✗" not in demo.words
    assert demo.words.count("  call_") == 7


@needs_model
def test_each_of_its_calls_left_one_record(patience: Patience) -> None:
    journal = patience.demo.result(110).journal
    by_reason = [one.reason for one in journal.by_call.values()]
    assert by_reason.count("alos_secret_found") == 1
    assert by_reason.count("alos_workflow_not_registered") == 1
    assert by_reason.count("alos_workflow_stopped") == 1
    assert by_reason.count("alos_budget_exceeded") == 1
    answered = [one for one in journal.closings if one.outcome is Outcome.ANSWERED]
    assert len(answered) + 4 == len(journal.closings)
    assert all(one.usage is not None and one.cost_nanousd > 0 for one in answered)
    assert any(note.action == "redact" for one in answered for note in one.findings)


@needs_model
def test_the_credential_it_sends_stands_nowhere_in_its_folder(patience: Patience) -> None:
    kept = patience.demo.result(110).kept
    assert kept
    found = [path for path, data in kept.items() if re.search(rb"AKIA[A-Z2-7]{16}", data)]
    assert found == []


def test_a_surprise_is_an_exit_status_of_1_and_is_shown(patience: Patience) -> None:
    """Without a vendor's credential nothing is ever sent, so no call is answered."""
    demo = patience.demo_in_vain.result(110)
    assert demo.status == 1, demo.words
    assert "4 of 7 did not end as expected." in demo.words
    assert demo.words.count("✗") == 4
    assert demo.words.count("✓") == 3
