"""The demo's release: labelled demo people take a workflow through the real lane, to everyone."""

import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from alos.cli.client import ask_api
from alos.cli.demo_organisation import QUESTIONS
from alos.control.bundle_files import read_contents
from alos.server.settings import get_environment

RELEASE = f"{QUESTIONS}/1"
_DRILL_SECONDS = 330
_EVAL_SECONDS = 900
_WAIVER_DAYS = 30
_PATH = f"/api/v1/releases/{RELEASE}"
_DONE: frozenset[str] = frozenset()
_NOT_PERMITTED = frozenset({"alos_not_permitted"})
_VOTES_MISSING = frozenset({"alos_release_votes_missing"})
_NOT_EVALUATED = frozenset({"alos_release_eval_not_passed", "alos_release_eval_missing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that somebody did.

    Attributes:
        who: a demo person, or the machine.
        happened: what the server said, in its own words.
        as_expected: whether the server did what the demo says it does.
    """

    who: str
    did: str
    happened: str
    as_expected: bool


class Company:
    """The demo people of the scratch organisation; each acts in a session of their own."""

    def __init__(self, url: str, folder: Path, data: Path) -> None:
        self._url = url
        self._folder = folder
        self._data = data
        self._tokens: dict[str, str] = {}

    def release(self, progress: Callable[[str], None]) -> tuple[list[Step], bool]:
        """Take the workflow from its files to everyone; what happened, and whether it is there.

        Where the golden set is not passed on this machine the release stays where it is: that is
        the gate at work, too.
        """
        steps: list[Step] = []

        def do(step: Step) -> bool:
            progress(f"{step.who}: {step.did}")
            steps.append(step)
            return step.as_expected

        if not do(self._submit()):
            return steps, False
        gate, is_pass = self._evaluate()
        do(gate)
        for about in ("no_sso", "no_offboarding"):
            do(self._waive(about))
        do(self._vote("fay", "pm", expected=_NOT_PERMITTED))
        do(self._vote("dan", "security"))
        do(self._promote("internal", expected=_VOTES_MISSING))
        do(self._vote("emil", "pm"))
        if not is_pass:
            do(self._promote("internal", expected=_NOT_EVALUATED))
            return steps, False
        do(self._promote("internal"))
        do(self._drill("kill"))
        do(self._drill("fallback"))
        do(self._wait(24))
        do(self._promote("cohort"))
        do(self._wait(48))
        is_there = do(self._promote("all"))
        return steps, is_there

    # --- what they do -----------------------------------------------------------------------

    def _submit(self) -> Step:
        contents, _ = read_contents(self._folder / "workflows" / QUESTIONS, label=QUESTIONS)
        files = {path: b64encode(raw).decode() for path, raw in contents.items()}
        status, made = self._ask("fay", "POST", "/api/v1/bundles", {"files": files})
        if status < HTTPStatus.BAD_REQUEST:
            wish = {"digest": made["digest"], "authors": []}
            status, made = self._ask("fay", "POST", "/api/v1/releases", wish)
        is_done = status == HTTPStatus.CREATED
        said = f"{made['id']} stands for release" if is_done else _get_message(made)
        return Step(
            who="fay", did=f"alos release submit {QUESTIONS}", happened=said, as_expected=is_done
        )

    def _evaluate(self) -> tuple[Step, bool]:
        """The golden set by the command, as CI would; the model decides what comes of it."""
        words = ["eval", "gate", QUESTIONS, "--config", str(self._folder), "--gateway", self._url]
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-m", "alos", *words, "--concurrency", "1", "--json"],
            env={**get_environment(), "ALOS_HOME": str(self._data)},
            capture_output=True,
            text=True,
            timeout=_EVAL_SECONDS,
            check=False,
        )
        try:
            result = json.loads(done.stdout)
        except ValueError:
            happened = (done.stderr.strip().splitlines() or ["nothing came of it"])[-1]
            result = {}
        else:
            happened = (
                f"{result['verdict'].upper()}: {result['passed']} of {result['cases']} cases,"
                " through the gateway"
            )
        step = Step(
            who="the machine",
            did=f"alos eval gate {QUESTIONS}",
            happened=happened,
            as_expected=bool(result),
        )
        return step, result.get("verdict") == "pass"

    def _vote(self, person: str, role: str, *, expected: frozenset[str] = _DONE) -> Step:
        _, shown = self._ask(person, "GET", _PATH)
        ballot = {
            "role": role,
            "approve": True,
            "digest": shown["digest"],
            "policy": shown["policy"],
            "lane": shown["lane_version"],
        }
        status, said = self._ask(person, "POST", f"{_PATH}/votes", ballot)
        did = f"alos release vote {RELEASE} --role {role} --approve"
        return _to_step(person, did, status, said, expected, done="voted")

    def _promote(self, stage: str, *, expected: frozenset[str] = _DONE) -> Step:
        status, said = self._ask("ben", "POST", f"{_PATH}/promotions", {"stage": stage})
        did = f"alos release promote {RELEASE}"
        return _to_step("ben", did, status, said, expected, done=f"in stage {stage}")

    def _waive(self, about: str) -> Step:
        ends = int(time.time()) + _WAIVER_DAYS * 86_400  # noqa: TID251 - the demo begins now
        wish = {
            "workflow": QUESTIONS,
            "about": about,
            "reason": "the demo has no directory of its own",
            "compensating_control": "ben looks at who used it, each Friday",
            "ends_at_unix": ends,
        }
        status, said = self._ask("ben", "POST", "/api/v1/waivers", wish)
        if status < HTTPStatus.BAD_REQUEST:
            status, said = self._ask("dan", "POST", f"/api/v1/waivers/{said['id']}/grant")
        did = f"alos waiver request {QUESTIONS} --about {about}, and dan grants it"
        done = f"granted for {_WAIVER_DAYS} days; calls stop when it ends"
        return _to_step("ben", did, status, said, _DONE, done=done)

    def _drill(self, kind: str) -> Step:
        path = f"/api/v1/workflows/{QUESTIONS}/drills"
        status, said = self._ask("ben", "POST", path, {"kind": kind})
        did = f"alos drill {kind} {QUESTIONS}"
        if status != HTTPStatus.CREATED:
            return _to_step("ben", did, status, said, _DONE, done="")
        failed = [f"{one['what']}: {one['saw']}" for one in said["steps"] if not one["passed"]]
        happened = "; ".join(failed) or f"passed, {len(said['steps'])} steps by the server"
        return Step(who="ben", did=did, happened=happened, as_expected=said["passed"])

    def _wait(self, hours: int) -> Step:
        status, said = self._ask(None, "POST", "/api/v1/dev/clock", {"hours": hours})
        did = f"alos release wait {hours}"
        done = f"DEV: the releases' clock is moved on by {hours} h, in place of the soak time"
        return _to_step("the machine", did, status, said, _DONE, done=done)

    def _ask(
        self, person: str | None, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, Any]:
        token = self._sign_in(person) if person is not None else None
        return ask_api(
            method, path, body, home=self._data, token=token, timeout_seconds=_DRILL_SECONDS
        )

    def _sign_in(self, person: str) -> str:
        if person not in self._tokens:
            _, made = ask_api("POST", f"/api/v1/personas/{person}/session", home=self._data)
            self._tokens[person] = made["token"]
        return self._tokens[person]


def _to_step(
    who: str, did: str, status: int, said: Any, expected: frozenset[str], *, done: str
) -> Step:
    if status < HTTPStatus.BAD_REQUEST:
        return Step(who=who, did=did, happened=done, as_expected=not expected)
    codes = {one["code"] for one in said["error"].get("reasons", [])} | {said["error"]["code"]}
    return Step(
        who=who,
        did=did,
        happened=f"refused: {_get_message(said)}",
        as_expected=not expected.isdisjoint(codes),
    )


def _get_message(said: Any) -> str:
    return str(said["error"]["message"]) if isinstance(said, dict) and "error" in said else ""
