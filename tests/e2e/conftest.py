"""One gateway for all tests that leave it as they found it; others start their own."""

import re
from collections.abc import Iterator

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.organisation import POOR, QUESTIONS, SUPPORT
from tests.e2e.patience import Patience

_LONG = re.compile("test_(patience|the_demo)")


@pytest.fixture(scope="session", autouse=True)
def patience(request: pytest.FixtureRequest) -> Iterator[Patience | None]:
    """Begin what takes long with the first test, where its results are asked for at all."""
    if not any(_LONG.search(item.nodeid) for item in request.session.items):
        yield None
        return
    begun = Patience()
    yield begun
    begun.close()


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


@pytest.fixture(scope="session")
def poor_key(gateway: Gateway) -> str:
    """For the workflow whose budget is used up."""
    return gateway.create_key(POOR)
