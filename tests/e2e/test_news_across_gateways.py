"""What one gateway is told is in force on all of them, whichever it is."""

from collections.abc import Iterator

import pytest

from alos.domain.record import NoteKind
from tests.control.organisation_folder import NO_WAIVERS
from tests.e2e.cluster import Cluster, run_cluster
from tests.e2e.news import News

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with (
        pytest.MonkeyPatch.context() as patch,
        run_cluster(patch, 3, changes=NO_WAIVERS) as running,
    ):
        yield running


def test_all_news_reaches_every_gateway_and_nothing_of_a_leaver_is_left(cluster: Cluster) -> None:
    found = dict(News(cluster).of_everything())
    for name, seconds in found.items():
        print(f"{name}: {seconds:.2f} s")  # noqa: T201 - the figures
    ended = [
        note
        for gateway in cluster.gateways
        for note in gateway.read_journal().get_notes(NoteKind.PERSON_ENDED)
    ]
    assert 1 <= len(ended) <= 2, "told once, and by whoever else found something left"
