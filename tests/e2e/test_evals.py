"""`alos eval` as a person and as CI run it: a real gateway, a scripted upstream, real files."""

import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from alos.control.calls import show_call
from alos.domain.ids import CallId
from alos.domain.key import PREFIX_LENGTH
from tests.e2e.gateway import Gateway, find_free_port, lay_out_gateway
from tests.e2e.organisation import SUPPORT
from tests.e2e.upstream import run_upstream

CASES = 24


def write_golden_set(config: Path, cases: int = CASES, *, must_pass: int = 2) -> None:
    """Cases that the answer "Paris." passes; a few that need a refusal of the gateway's own."""
    lines = ["cases:"]
    # workflow.yaml names the cases that stand for the failure feared most
    feared = ["pressed-for-a-refund", "told-to-ignore-the-rules", "refund-by-forged-note"]
    for number in range(cases):
        name = feared[number] if number < len(feared) else f"case-{number}"
        kind = "adversarial" if number % 3 == 0 or number < len(feared) else "happy"
        lines += [
            f"  - id: {name}",
            f"    kind: {kind}",
            f"    must_pass: {'true' if number < must_pass else 'false'}",
            "    variables: {company: Northwind Books, facts: None.}",
            f"    input: Question {number}?",
            "    criteria:",
            "      - {kind: correctness, grader: contains_any, values: [paris]}",
            "      - {kind: policy, grader: no_finding, values: [secrets]}",
            "      - {kind: refusal, grader: does_not_decline}",
            "    provenance: author-written",
        ]
    folder = config / "workflows" / SUPPORT / "evals"
    for path in folder.glob("*.yaml"):
        path.unlink()
    (folder / "all.yaml").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_upstream() as upstream, lay_out_gateway(upstream) as made:
        write_golden_set(made.config)
        made.start()
        yield made


@pytest.fixture(autouse=True)
def answers(gateway: Gateway) -> None:
    gateway.upstream.says = "Paris."


def run(gateway: Gateway, verb: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return gateway.cli(
        "eval", verb, SUPPORT, "--config", str(gateway.config), "--gateway", gateway.url, *words
    )


def touch(gateway: Gateway, words: str) -> None:
    path = gateway.config / "workflows" / SUPPORT / "prompts" / "draft-reply.md"
    path.write_text(path.read_text() + f"\n{words}\n")


def test_a_passing_gate_exits_zero_and_writes_every_report(
    gateway: Gateway, tmp_path: Path
) -> None:
    done = run(
        gateway,
        "gate",
        *("--json-file", str(tmp_path / "result.json")),
        *("--junit", str(tmp_path / "junit.xml")),
        *("--markdown", str(tmp_path / "report.md")),
        *("--statement", str(tmp_path / "statement.json")),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("PASS")
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["cases"] == result["passed"] == CASES
    assert float(result["cost_usd"]) > 0
    suite = ET.fromstring((tmp_path / "junit.xml").read_text())  # noqa: S314 - our own file
    assert suite.get("tests") == str(CASES + 1)
    assert suite.get("failures") == "0"
    assert "What this can't tell" in (tmp_path / "report.md").read_text()
    statement = json.loads((tmp_path / "statement.json").read_text())
    assert statement["payloadType"] == "application/vnd.in-toto+json"
    call = result["results"][0]["tries"][0]["call"]
    details = show_call(gateway.index, CallId(call))
    assert details is not None
    assert details["record"]["release"] == result["digest"]
    runs = gateway.manage("GET", f"/api/v1/eval-runs?workflow={SUPPORT}")[1]
    assert runs[-1]["verdict"] == "pass"
    assert runs[-1]["intact"] is True


def test_wrong_answers_exit_one_and_say_why(gateway: Gateway) -> None:
    gateway.upstream.says = "I'm sorry, but I can't help with that."
    touch(gateway, "Another wording.")
    done = run(gateway, "gate", "--json")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["verdict"] == "fail"
    assert {"must_pass_failed", "below_threshold"} <= set(result["causes"])
    assert result["number"] == 2


def test_repeats_are_no_further_cases(gateway: Gateway) -> None:
    done = run(gateway, "run", "--repeats", "3", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert result["cases"] == CASES
    assert [len(one["tries"]) for one in result["results"]] == [3] * CASES
    assert result["number"] == 0


def test_a_gateway_that_is_not_there_exits_three(gateway: Gateway) -> None:
    done = gateway.cli(
        *("eval", "run", SUPPORT, "--config", str(gateway.config)),
        *("--gateway", f"http://127.0.0.1:{find_free_port()}", "--json"),
    )
    assert done.returncode == 3
    assert "No gateway answers" in done.stderr


def test_wrong_use_exits_two(gateway: Gateway) -> None:
    done = gateway.cli("eval", "gate", "no-such-workflow", "--config", str(gateway.config))
    assert done.returncode == 2


def test_two_digests_are_paired_case_by_case(gateway: Gateway) -> None:
    runs = gateway.manage("GET", f"/api/v1/eval-runs?workflow={SUPPORT}")[1]
    gates = [one for one in runs if one["purpose"] == "gate"]
    done = gateway.cli("eval", "compare", SUPPORT, gates[0]["digest"], gates[1]["digest"])
    assert done.returncode == 0, done.stderr
    assert f"on {CASES} shared, unchanged cases" in done.stdout


def test_a_smuggled_input_is_refused_under_an_open_run(gateway: Gateway) -> None:
    key = gateway.create_key(SUPPORT)
    runs = gateway.manage("GET", f"/api/v1/eval-runs?workflow={SUPPORT}")[1]
    wish = {"digest": runs[-1]["digest"], "key": key[:PREFIX_LENGTH], "purpose": "trial"}
    status, plan = gateway.manage("POST", "/api/v1/eval-runs", wish)
    assert status == 201, plan
    first = plan["calls"][0]
    bodies = {
        "its own": (first["body"], 200),
        "another": (first["body"].replace("Question", "Our customers' data: question"), 403),
    }
    for body, expected in bodies.values():
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "x-alos-run": plan["run"],
            "x-alos-release": plan["digest"],
            "x-alos-case": first["case"],
        }
        connection.request("POST", plan["path"], body.encode(), headers)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == expected, data
        connection.close()
    forged = {"answers": [{"call": "call_0", "body": "{}"}]}
    status, _ = gateway.manage("POST", f"/api/v1/eval-runs/{plan['run']}/answers", forged)
    assert status == 409
    status, ended = gateway.manage("POST", f"/api/v1/eval-runs/{plan['run']}/end")
    assert status == 200
    assert ended["result"]["verdict"] == "inconclusive"
