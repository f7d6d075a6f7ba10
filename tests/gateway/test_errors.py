from pathlib import Path

import pytest

from alos.domain.refusal import ReasonCode
from alos.gateway.errors import STATUS, get_status, is_retryable

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http-errors.md"
POLICY = {
    ReasonCode.WORKFLOW_STOPPED,
    ReasonCode.VENDOR_NOT_APPROVED,
    ReasonCode.SECRET_FOUND,
    ReasonCode.PII_FOUND,
    ReasonCode.BUDGET_EXCEEDED,
    ReasonCode.NOT_RELEASED,
    ReasonCode.KEY_REVOKED,
}


def test_every_reason_has_a_status_of_its_own_right() -> None:
    assert set(STATUS) == set(ReasonCode)


@pytest.mark.parametrize("code", sorted(POLICY))
def test_no_policy_refusal_has_a_status_that_clients_repeat(code: ReasonCode) -> None:
    assert not is_retryable(get_status(code))


def test_every_reason_stands_in_the_reference_with_its_status() -> None:
    text = PAGE.read_text()
    for code, status in STATUS.items():
        assert f"| {status} | `{code.value}` |" in text
