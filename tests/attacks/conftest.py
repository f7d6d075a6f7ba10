"""One gateway for every attack that leaves it as it was."""

from collections.abc import Iterator

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.organisation import QUESTIONS, SUPPORT


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with run_gateway(cold=True) as running:
        yield running


@pytest.fixture(scope="session")
def key(gateway: Gateway) -> str:
    """For the tier 1 workflow."""
    return gateway.create_key(QUESTIONS)


@pytest.fixture(scope="session")
def support_key(gateway: Gateway) -> str:
    """For the tier 2 workflow."""
    return gateway.create_key(SUPPORT)
