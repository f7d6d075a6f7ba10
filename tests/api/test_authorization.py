"""Every endpoint of the OpenAPI document, tried by everybody; the outcome is a golden file.

A new endpoint has no line in ``authorization.golden`` until somebody has looked at who may call
it: run this file with ``ALOS_GOLDEN=write`` and read the diff. Callers are refused (`no 401`,
`no 403`) or got past authorization (`may`), whatever became of their request afterwards.
"""

import base64
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from alos.api.document import ACTION, OPEN
from alos.control.calibrations import OpenCalibration
from alos.control.eval_desk import RunWish
from alos.control.plane import KeyWish
from alos.domain.ids import RunId, WorkflowId
from alos.domain.principal import build_local_operator
from alos.domain.session import Origin
from tests.api.desk import QUESTIONS, Desk, open_desk

GOLDEN = Path(__file__).parent / "authorization.golden"
CALLERS = (
    "nobody", "a stranger's token", "gus (left)", "ana (executive_sponsor)",
    "ben (workspace owner, team_lead)", "chloe (gateway_owner, team_lead)",
    "dan (security_owner)", "emil (pm)", "fay (builder)", "gus (legal)",
    "socket, production", "socket, dev",
)  # fmt: skip
_BALLOT = {"role": "pm", "approve": True, "digest": "d", "policy": "p", "lane": "l"}
BODIES: Mapping[str, Any] = {
    "POST /api/v1/keys": {"workflows": [QUESTIONS]},
    "POST /api/v1/leaks": {"key": "alos_"},
    "POST /api/v1/stops": {"kind": "workflow", "target": QUESTIONS},
    "POST /api/v1/revivals": {"kind": "workflow", "target": QUESTIONS},
    "POST /api/v1/scan": {"text": "hello"},
    "POST /api/v1/bundles": {"files": "FILES"},
    "POST /api/v1/releases": {"digest": "DIGEST"},
    "POST /api/v1/eval-runs": {"digest": "DIGEST", "key": "KEY"},
    "POST /api/v1/eval-calibrations": {
        "digest": "DIGEST",
        "labels": [{"case": "x", "answer": "a", "holds": True}],
    },
    f"POST /api/v1/releases/{QUESTIONS}/1/statement": _BALLOT,
    f"POST /api/v1/releases/{QUESTIONS}/1/votes": _BALLOT,
    f"POST /api/v1/releases/{QUESTIONS}/1/answers": {"party": "group:security", "opinion": "no"},
    f"POST /api/v1/releases/{QUESTIONS}/1/promotions": {"stage": "internal"},
    f"POST /api/v1/releases/{QUESTIONS}/1/resumptions": {"reason": "mended"},
    "POST /api/v1/waivers": {
        "workflow": QUESTIONS,
        "about": "no_sso",
        "reason": "r",
        "compensating_control": "c",
        "ends_at_unix": 0,
    },
    "POST /api/v1/access-requests": {
        "workflow": QUESTIONS,
        "kind": "group",
        "name": "support",
        "reason": "r",
    },
    "POST /api/v1/dev/clock": {"hours": 1},
    f"POST /api/v1/workflows/{QUESTIONS}/drills": {"kind": "kill"},
    f"POST /api/v1/workflows/{QUESTIONS}/rollbacks": {"reason": "worse"},
    "POST /api/v1/config/previews": {"files": {"alos.yaml": ""}},
    "POST /api/v1/config/plans": {"files": {"alos.yaml": ""}},
    "POST /api/v1/legal-holds": {"kind": "workflow", "target": QUESTIONS, "reason": "a matter"},
    "POST /api/v1/calls/call_0/feedback": {"accepted": False},
    "POST /api/v1/calls/call_0/tokens": {"token": "[PII_1]", "reason": "a refund"},
    "POST /api/v1/policy/try": {"files": {"alos.yaml": ""}, "workflow": QUESTIONS},
    "POST /api/v1/erasures": {"person": "zoe", "request": "T-1"},
    "POST /api/v1/calls/text-search": {
        "text": "hello",
        "workflow": QUESTIONS,
        "since_unix_ns": 1,
        "until_unix_ns": 2,
    },
}
"""Bodies that get as far as the question who may; ``{}`` for all others."""
PLACES: Mapping[str, str] = {
    "held_id": "held_0",
    "person": "zoe",
    "session_id": "ses_0",
    "id_or_prefix": "KEY",
    "workflow": QUESTIONS,
    "plan_id": "plan_0",
    "number": "1",
    "call_id": "call_0",
    "kind": "request",
    "hold_id": "hold_0",
    "waiver": "waiver_0",
    "run": "RUN",
}
"""What stands for a path's names; key and eval run are ben's, for a workflow of engineering."""


@pytest.fixture
async def desks(tmp_path: Path) -> AsyncIterator[tuple[Desk, Desk]]:
    (tmp_path / "p").mkdir()
    (tmp_path / "d").mkdir()
    async with open_desk(tmp_path / "p") as production, open_desk(tmp_path / "d", dev=True) as dev:
        for desk in (production, dev):
            release = await desk.submit(QUESTIONS)
            await desk.serve(release)
        yield production, dev


async def test_everybody_may_what_the_golden_file_says(desks: tuple[Desk, Desk]) -> None:
    production, dev = desks
    document = production.api.openapi()
    lines = []
    for path, operations in sorted(document["paths"].items()):
        for method, operation in sorted(operations.items()):
            endpoint = f"{method.upper()} {path}"
            lines.append(f"{endpoint}  [{operation[ACTION]}]")
            for caller in CALLERS:
                desk = dev if caller == "socket, dev" else production
                lines.append(f"    {caller:34}{await _try(desk, caller, method, path)}")
    text = "\n".join(lines) + "\n"
    if os.environ.get("ALOS_GOLDEN") == "write":  # noqa: TID251 - how the file is made
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), "look at who may, then run it with ALOS_GOLDEN=write"


async def _try(desk: Desk, caller: str, method: str, path: str) -> str:
    headers: dict[str, str] = {}
    local = caller.startswith("socket")
    name = caller.partition(" ")[0]
    if caller == "a stranger's token":
        headers["authorization"] = "Bearer alos_session_" + "A" * 43
    elif not local and name != "nobody":
        headers["authorization"] = f"Bearer {(await desk.sign_in(name)).token}"
    key = await _make_key(desk)
    made = {"KEY": key, "RUN": await _start_run(desk, key) if "{run}" in path else ""}
    if "calibrations/{run}" in path:
        _open_calibration(desk, RunId(made["RUN"]))
    for place, value in PLACES.items():
        path = path.replace(f"{{{place}}}", made.get(value, value))
    left = caller == "gus (left)"
    if left:
        await desk.rewrite(
            "people.yaml", "email: gus@example.com", "email: gus@example.com\n    active: false"
        )
    try:
        body = BODIES.get(f"{method.upper()} {path}", {} if method == "post" else None)
        if path.endswith(("/answers", "/end")) and "/eval-" in path:
            body = {"answers": []}
        body = _fill_in(desk, body)
        answer = await desk.ask(method.upper(), path, body=body, headers=headers, local=local)
    finally:
        if left:
            await desk.rewrite("people.yaml", "\n    active: false", "")
            desk.clock.seconds += 1  # sessions of the second in which somebody left stay ended
    assert answer.status_code < 500, answer.text
    is_json = answer.headers.get("content-type") == "application/json"
    said = answer.json() if is_json and answer.status_code >= 400 else {}
    code = said.get("error", {}).get("code", "")
    if answer.status_code == 401 or code == "alos_not_permitted":
        return f"no {answer.status_code}"
    return "may"


def _fill_in(desk: Desk, body: Any) -> Any:
    """The bundle that stands in the folder, in the place of the words for it."""
    bundle = desk.plane.configuration.bundles[WorkflowId(QUESTIONS)]
    if isinstance(body, dict) and body.get("digest") == "DIGEST":
        return {**body, "digest": bundle.digest}
    if body == {"files": "FILES"}:
        encoded = {path: base64.b64encode(raw).decode() for path, raw in bundle.contents.items()}
        return {"files": encoded}
    return body


async def _make_key(desk: Desk) -> str:
    made = await desk.plane.create_key(
        KeyWish(workflows=(QUESTIONS,), principal="ben", expires_at_unix=None), by="test"
    )
    return made.row.grant.prefix


async def _start_run(desk: Desk, key: str) -> str:
    for open_run in tuple(desk.eval_desk._desks):
        await desk.eval_desk.finish(open_run)
    digest = desk.plane.configuration.bundles[WorkflowId(QUESTIONS)].digest
    by = build_local_operator(dev=False)
    run, _ = await desk.eval_desk.start(RunWish(digest=digest, key=key), by=by)
    return run.id


def _open_calibration(desk: Desk, run: RunId) -> None:
    """One that asks nothing, under the id of an eval run."""
    known = desk.eval_desk._desks[run]
    desk.eval_desk.calibrations._open[run] = OpenCalibration(desk=known, asked=())


async def test_every_endpoint_declares_what_it_does(desk: Desk) -> None:
    """Those that need no identity are listed by hand: adding one is a decision."""
    document = desk.api.openapi()
    open_ones = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation[ACTION] == OPEN
    }
    assert open_ones == {
        "GET /api/v1/login",
        "GET /api/v1/login/callback",
        "GET /api/v1/sign-on",
        "POST /api/v1/login/token",
        "POST /api/v1/setup",
        "POST /api/v1/leaks",
        "GET /api/v1/personas",
        "POST /api/v1/personas/{person}/session",
    }


async def test_a_personal_key_is_made_by_its_person_alone(desk: Desk) -> None:
    """Not by somebody who may make keys for machines, and not by somebody senior."""
    for maker in ("ana", "chloe", "dan"):
        token = (await desk.sign_in(maker)).token
        body = {"workflows": [QUESTIONS], "principal": "fay"}
        answer = await desk.ask("POST", "/api/v1/keys", token=token, body=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "alos_not_permitted")
    token = (await desk.sign_in("fay")).token
    answer = await desk.ask("POST", "/api/v1/keys", token=token, body={"workflows": [QUESTIONS]})
    assert (answer.status_code, answer.json()["principal"]) == (201, "fay")
    assert answer.json()["created_by"] == "fay"


async def test_a_key_for_a_workspace_that_one_is_not_in_is_refused(desk: Desk) -> None:
    token = (await desk.sign_in("fay")).token
    body = {"workflows": ["support-reply-drafting"]}
    assert (await desk.ask("POST", "/api/v1/keys", token=token, body=body)).status_code == 403
    body = {"workflows": [QUESTIONS, "support-reply-drafting"]}
    answer = await desk.ask("POST", "/api/v1/keys", token=token, body=body)
    assert answer.status_code == 409, "the first names the workspace, and all belong to one"


async def test_a_list_shows_what_the_caller_may_see(desk: Desk) -> None:
    await _make_key(desk)
    seen = {}
    for person in ("ben", "fay", "emil", "dan"):
        token = (await desk.sign_in(person)).token
        seen[person] = len((await desk.ask("GET", "/api/v1/keys", token=token)).json())
    assert seen == {"ben": 1, "fay": 1, "emil": 0, "dan": 1}


async def test_a_refusal_is_recorded_with_who_asked_for_what(desk: Desk) -> None:
    token = (await desk.sign_in("emil")).token
    await desk.ask("POST", "/api/v1/stops", token=token, body={"kind": "everything"})
    assert desk.notes()[-1] == {
        "asked": "POST /api/v1/stops", "by": "emil", "reason": "alos_not_permitted",
    }  # fmt: skip


async def test_strangers_are_recorded_up_to_a_rate(desk: Desk) -> None:
    for _ in range(25):
        assert (await desk.ask("GET", "/api/v1/keys")).status_code == 401
    assert len([note for note in desk.notes() if note["by"] == "nobody"]) == 10


async def test_a_persona_is_a_person_to_the_table(dev_desk: Desk) -> None:
    token = (await dev_desk.sign_in("emil", origin=Origin.PERSONA)).token
    stop = {"kind": "everything"}
    assert (await dev_desk.ask("POST", "/api/v1/stops", token=token, body=stop)).status_code == 403
