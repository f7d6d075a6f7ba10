import pytest

from alos.store.journal_state import JournalSettings
from tests.store.samples import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def quick() -> JournalSettings:
    """Small and fast, with the space floor out of the way."""
    return JournalSettings(
        segment_bytes=64 * 1024,
        reserve_bytes=64 * 1024,
        anonymous_floor_bytes=0,
        tick_seconds=0.02,
    )
