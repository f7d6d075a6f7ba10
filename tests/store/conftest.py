from collections.abc import Iterator
from pathlib import Path

import pytest

from alos.store.engine import Store
from alos.store.journal_state import JournalSettings
from tests.store.databases import (
    ENGINES,
    POSTGRESQL,
    MakePlace,
    MakeStore,
    Postgresql,
    running_postgresql,
)
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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=ENGINES)
def make_place(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakePlace]:
    """Gives new databases; a test that takes it runs once for each engine."""
    places: list[Path | str] = []

    def make() -> Path | str:
        folder = tmp_path_factory.mktemp("home") if places else tmp_path
        server = postgresql_of(request)
        places.append(folder / "alos.db" if server is None else server.make())
        return places[-1]

    yield make
    for place in places:
        if isinstance(place, str) and (server := postgresql_of(request)) is not None:
            server.drop(place)


def postgresql_of(request: pytest.FixtureRequest) -> Postgresql | None:
    """The server, where the test's turn is PostgreSQL's."""
    if getattr(request, "param", None) != POSTGRESQL:
        return None
    server: Postgresql = request.getfixturevalue("postgresql")
    return server


@pytest.fixture
def make_store(make_place: MakePlace) -> Iterator[MakeStore]:
    """Opens the test's database."""
    place = make_place()
    made: list[Store] = []

    def make(cls: type[Store] = Store, *, busy_ms: int = 5000) -> Store:
        made.append(cls(place, busy_ms=busy_ms))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    """The test's database on each engine; writers give up soon."""
    return make_store(busy_ms=50)
