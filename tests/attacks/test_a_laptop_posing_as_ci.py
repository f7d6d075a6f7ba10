"""Passing off a run of one's own as one of CI's; the record keeps saying whose it was."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alos.control.bundle import read_contents
from alos.control.plane import KeyWish
from alos.domain.ids import WorkflowId
from tests.api.desk import SUPPORT, Desk, open_desk
from tests.api.test_workloads import GITHUB, SECTION, make
from tests.control.issuer import TestIssuer

ACCOUNT = "support-console"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    changes = (("alos.yaml", "roles:\n", SECTION + "roles:\n"),)
    async with open_desk(tmp_path, changes=changes, issuer=TestIssuer(GITHUB)) as made:
        contents, problems = read_contents(
            made.folder / "org" / "workflows" / SUPPORT, label="bundle"
        )
        assert not problems
        files = {path: base64.b64encode(raw).decode() for path, raw in contents.items()}
        uploaded = await made.ask(
            "POST", "/api/v1/bundles", token=make(made), body={"files": files}
        )
        assert uploaded.json()["kept"], uploaded.text
        yield made


async def start(desk: Desk, token: str, **wish: Any) -> dict[str, Any]:
    """Start a gate run; its line in the list, or the refusal."""
    digest = desk.plane.configuration.bundles[WorkflowId(SUPPORT)].digest
    body = {"digest": digest, "purpose": "gate", **wish}
    answer = await desk.ask("POST", "/api/v1/eval-runs", token=token, body=body)
    if answer.status_code != 201:
        return {"status": answer.status_code, **answer.json()}
    listed = await desk.ask("GET", f"/api/v1/eval-runs?workflow={SUPPORT}", token=token)
    return next(one for one in listed.json() if one["run"] == answer.json()["run"])


async def make_key(desk: Desk, principal: str) -> str:
    wish = KeyWish(workflows=(SUPPORT,), principal=principal, expires_at_unix=None)
    return (await desk.plane.keys.create(wish, by="me")).row.grant.prefix


async def test_a_jobs_own_token_is_ci(desk: Desk) -> None:
    line = await start(desk, make(desk))
    assert (line["by"], line["by_kind"], line["is_ci"]) == (ACCOUNT, "workload", True)


async def test_a_persons_session_with_the_key_of_the_machine_is_no_ci(desk: Desk) -> None:
    session = await desk.sign_in("ben")
    line = await start(desk, session.token, key=await make_key(desk, ACCOUNT))
    assert (line["by"], line["by_kind"], line["is_ci"]) == (ACCOUNT, "service", False)


async def test_a_job_that_lets_a_persons_key_make_the_calls_is_no_ci(desk: Desk) -> None:
    line = await start(desk, make(desk), key=await make_key(desk, "ben"))
    assert (line["by"], line["is_ci"]) == ("ben", False)


async def test_a_job_that_lets_a_machines_key_make_the_calls_is_no_ci(desk: Desk) -> None:
    """The key could be anywhere, also on a laptop."""
    line = await start(desk, make(desk), key=await make_key(desk, ACCOUNT))
    assert line["is_ci"] is False


async def test_a_person_has_no_token_to_leave_the_key_out_for(desk: Desk) -> None:
    session = await desk.sign_in("ben")
    refused = await start(desk, session.token)
    assert refused["status"] == 409
    assert "name the key" in refused["error"]["message"]


async def test_naming_the_workloads_own_grant_opens_nothing(desk: Desk) -> None:
    session = await desk.sign_in("ben")
    refused = await start(desk, session.token, key="workload:ci-answers")
    assert refused["status"] == 409
