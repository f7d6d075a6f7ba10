from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.desk import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A production installation's management door."""
    async with open_desk(tmp_path) as made:
        yield made


@pytest.fixture
async def dev_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, dev=True) as made:
        yield made
