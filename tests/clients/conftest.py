"""The vendors' own clients, unchanged, against a gateway with a real model behind it.

Where the model is not installed these tests skip and say what installs it.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Final, cast

import pytest

from alos.providers.local_model import LocalModel, ModelMissing
from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import POOR, QUESTIONS, RARE, get_path
from tests.e2e.upstream import Upstream

CONTEXT_TOKENS: Final = 8192
CHANGES: Final = (
    (get_path(RARE), "requests_per_minute: 2", "requests_per_minute: 100000"),
    (get_path(POOR), "monthly_budget_usd: 0.000001", "monthly_budget_usd: 20"),
    (get_path(QUESTIONS), "max_output_tokens: 200", "max_output_tokens: 32000"),
    (get_path(QUESTIONS), "max_cost_per_call_usd: 0.01", "max_cost_per_call_usd: 1"),
    (get_path(QUESTIONS), "timeout_seconds: 30", "timeout_seconds: 300"),
    ("alos.yaml", "context_tokens: 2048", "context_tokens: 64000"),
    ("alos.yaml", "max_output_tokens: 512", "max_output_tokens: 32000"),
    ("alos.yaml", "timeouts: {idle_seconds: 2}", "timeouts: {idle_seconds: 300}"),
)
"""What other tests make scarce is plentiful here, and agents may ask for long answers."""


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """The starter organisation in front of the real model."""
    with LocalModel(parallel=1, context_tokens=CONTEXT_TOKENS) as model:
        address = model.start()
        if isinstance(address, ModelMissing):
            pytest.skip(str(address))
        upstream = cast("Upstream", SimpleNamespace(url=address))
        with lay_out_gateway(upstream, changes=CHANGES) as running:
            running.start()
            yield running


@pytest.fixture(scope="session")
def key(gateway: Gateway) -> str:
    """For the workflow that answers questions."""
    return gateway.create_key(QUESTIONS)
