"""An independent conformance suite, and the dialects of the two large directories."""

from collections.abc import Iterator

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.directory.client import ScimClient, run_directory


@pytest.fixture(scope="module")
def scim() -> Iterator[ScimClient]:
    with run_directory() as (_, client):
        yield client


def test_the_conformance_suite_passes_whole(scim: ScimClient) -> None:
    headers = {"authorization": f"Bearer {scim.token}"}
    with httpx2.Client(base_url=scim.base_url, headers=headers) as http:
        results = check_server(SyncSCIMClient(http))
    bad = [
        f"{one.title}: {one.reason}"
        for one in results
        if one.status not in {Status.SUCCESS, Status.SKIPPED}
    ]
    assert bad == []
    done = [one for one in results if one.status is Status.SUCCESS]
    assert len(done) > 100
