"""Flags as an OpenFeature client sees them."""

import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from openfeature import api as openfeature
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from alos.control.plane import KeyWish
from tests.api.desk import QUESTIONS, Desk, open_desk

FLAG = f"/ofrep/v1/evaluate/flags/{QUESTIONS}"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as desk:
        await desk.rewrite("alos.yaml", "  # body_days:", "  body_days: 90")
        await desk.rewrite("alos.yaml", "  # record_days:", "  record_days: 400")
        flow = f"workflows/{QUESTIONS}/workflow.yaml"
        await desk.rewrite(flow, "  sso: false ", "  sso: true ")
        await desk.rewrite(flow, "  offboarding: false ", "  offboarding: true ")
        await desk.serve(await desk.submit(QUESTIONS))
        yield desk


async def make_key(desk: Desk) -> dict[str, str]:
    made = await desk.plane.create_key(
        KeyWish(workflows=(QUESTIONS,), principal="ben", expires_at_unix=None), by="test"
    )
    return {"authorization": f"Bearer {made.key}"}


def ask(unit: str) -> dict[str, object]:
    return {"context": {"targetingKey": unit}}


async def test_the_flag_is_on_for_whom_the_stage_serves_and_off_for_others(served: Desk) -> None:
    headers = await make_key(served)
    inside = await served.ask("POST", FLAG, body=ask("fay"), headers=headers)
    outside = await served.ask("POST", FLAG, body=ask("somebody"), headers=headers)
    assert (inside.json()["value"], inside.json()["variant"]) == (True, "internal")
    assert outside.json()["value"] is False
    assert outside.json()["metadata"]["why"] == "alos_not_in_stage"


async def test_killing_the_workflow_turns_the_flag_off_at_once(served: Desk) -> None:
    headers = await make_key(served)
    await served.plane.stop("workflow", QUESTIONS, by="ben", reason="")
    answer = await served.ask("POST", FLAG, body=ask("fay"), headers=headers)
    assert (answer.json()["value"], answer.json()["reason"]) == (False, "DISABLED")


async def test_an_unchanged_answer_is_not_sent_again(served: Desk) -> None:
    headers = await make_key(served)
    path = "/ofrep/v1/evaluate/flags"
    first = await served.ask("POST", path, body=ask("fay"), headers=headers)
    assert [one["value"] for one in first.json()["flags"]] == [True]
    again = {**headers, "if-none-match": first.headers["etag"]}
    assert (await served.ask("POST", path, body=ask("fay"), headers=again)).status_code == 304


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/ofrep/v1/evaluate/flags/no-such-flag", ask("fay"), 404),
        (FLAG, {"context": {}}, 400),
        (FLAG, {"context": "x"}, 400),
        (FLAG, {}, 400),
    ],
)
async def test_what_can_not_be_evaluated_is_said_in_the_protocols_words(
    served: Desk, path: str, body: object, status: int
) -> None:
    headers = await make_key(served)
    answer = await served.ask("POST", path, body=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["errorCode"]


async def test_without_a_key_there_are_no_flags(served: Desk) -> None:
    assert (await served.ask("POST", FLAG, body=ask("fay"))).status_code == 401


@pytest.fixture
def recorded() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that gives the answer that the gateway gave, over a socket."""
    answers: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answers[0])))
            self.end_headers()
            self.wfile.write(answers[0])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_real_openfeature_client_reads_it(
    served: Desk, recorded: tuple[str, list[bytes]]
) -> None:
    url, answers = recorded
    headers = await make_key(served)
    answer = await served.ask("POST", FLAG, body=ask("fay"), headers=headers)
    answers.append(answer.content)
    provider = OFREPProvider(url, headers_factory=lambda: headers)
    openfeature.set_provider(provider)
    details = openfeature.get_client().get_boolean_details(
        QUESTIONS, default_value=False, evaluation_context=EvaluationContext("fay")
    )
    provider.session.close()
    assert (details.value, details.variant) == (True, "internal")
