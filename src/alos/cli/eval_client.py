"""The client's side of an eval run: upload, start, make the calls, hand in, have it judged."""

import base64
import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer

from alos.cli.ci_token import NoCiTokenError, find_ci_token
from alos.cli.client import EXIT_DOWN, EXIT_NO, EXIT_USAGE, call_api
from alos.domain.key import PREFIX_LENGTH
from alos.domain.reason import ReasonCode
from alos.domain.sign_on import is_safe_url
from alos.evals.runner import CallToMake, Kept, Reply, Runner, list_calls
from alos.server.settings import get_eval_key, get_token, get_url

LOCAL = "http://127.0.0.1:8080"
_TIMEOUT_SECONDS = 300
HANDED_IN_AT_A_TIME = 100
_UNKNOWN = ReasonCode.RUN_UNKNOWN.value.encode()
_TOKEN_START = "eyJ"  # noqa: S105 - how every JSON Web Token begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the calls go and by which key.

    Attributes:
        url: the gateway's, e.g. ``http://127.0.0.1:8080``.
        get_key: the key, or the token of where this program runs, for the next call.
        prefix: of the key; empty where a token makes the calls.
        made_key: the key, where it was made for this run alone.
    """

    url: str
    get_key: Callable[[], str]
    prefix: str
    made_key: str | None = None


def find_target(url: str, given: str | None, workflow: str) -> Target:
    """By which key the calls go: given, ``ALOS_KEY``, a workload's token, else one for an hour."""
    if (key := given or get_eval_key()) is not None:
        return Target(url=url, get_key=lambda: key, prefix=key[:PREFIX_LENGTH])
    if (token := get_token()) is not None and token.startswith(_TOKEN_START):
        return _by_token(url, lambda: token)
    if get_url() is not None and (ci := find_ci_token()) is not None:
        return _by_token(url, ci.get)
    wish = {"workflows": [workflow], "expires_at_unix": int(time.time()) + 3600}  # noqa: TID251
    made = str(call_api("POST", "/api/v1/keys", wish)["key"])
    return Target(url=url, get_key=lambda: made, prefix=made[:PREFIX_LENGTH], made_key=made)


def _by_token(url: str, get_key: Callable[[], str]) -> Target:
    if not is_safe_url(url):
        typer.echo("A token is not sent over plain http; name an https:// gateway.", err=True)
        raise typer.Exit(EXIT_USAGE)
    return Target(url=url, get_key=get_key, prefix="")


class Gateway:
    """Makes calls of a run over connections that stay open, one for each thread."""

    def __init__(self, target: Target, plan: Mapping[str, Any]) -> None:
        self._target = target
        self._parts = urlsplit(target.url)
        self._path = plan["path"]
        self._headers = {
            "content-type": "application/json",
            "x-alos-run": plan["run"],
            "x-alos-release": plan["digest"],
        }
        self._local = threading.local()

    def send(self, call: CallToMake) -> Reply:
        """Make one call; what went wrong on the way is a reply with status 0."""
        headers = {**self._headers, "x-alos-case": call.case}
        try:
            headers["authorization"] = f"Bearer {self._target.get_key()}"
            connection = self._connect()
            connection.request("POST", self._path, call.body, headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException, NoCiTokenError):
            self._local.connection = None
            return Reply(status=0)
        hint = answer.getheader("retry-after")
        return Reply(
            status=answer.status,
            call_id=answer.getheader("x-alos-call") or "",
            body=body,
            retry_after_seconds=float(hint) if hint and hint.isdigit() else None,
        )

    def _connect(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            secure = self._parts.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            host = self._parts.hostname or "127.0.0.1"
            connection = kind(host, self._parts.port, timeout=_TIMEOUT_SECONDS)
            self._local.connection = connection
        return connection


@dataclass(slots=True)
class Made:
    """What has come of a run so far.

    Attributes:
        calls: (case, number) of those that need not be made again.
        answers: bodies by call id.
        cases: case by call id.
        over_cap: the run's spend cap stopped it.
        foreign: calls that the gateway took for none of this run's.
    """

    calls: set[tuple[str, int]] = field(default_factory=set)
    answers: dict[str, bytes] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    over_cap: bool = False
    foreign: int = 0


class AnswerFile:
    """Answers on disk while a run is open, so that an interrupted one can be taken up again."""

    def __init__(self, folder: Path, run: str) -> None:
        self._path = folder / f"{run}.jsonl"
        self._key_path = folder / f"{run}.key"

    def keep_key(self, key: str) -> None:
        """Keep the key that was made for this run; it is good for an hour."""
        self._key_path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
        with os.fdopen(os.open(self._key_path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(key)

    def read_key(self) -> str | None:
        """The key that was made for this run, where one was."""
        return self._key_path.read_text(encoding="utf-8") if self._key_path.exists() else None

    def read(self) -> "Made":
        """What was written down."""
        made = Made()
        if not self._path.exists():
            return made
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                kept = json.loads(line)
            except ValueError:  # the line that was being written when it was interrupted
                continue
            made.calls.add((kept["case"], kept["number"]))
            if kept["call"]:
                made.answers[kept["call"]] = kept["body"].encode()
                made.cases[kept["call"]] = kept["case"]
        return made

    def add(self, kept: Kept) -> None:
        """Write one down."""
        is_new = not self._path.exists()
        if is_new:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        is_answer = kept.reply.status == http.HTTPStatus.OK
        line = {
            "case": kept.call.case,
            "number": kept.call.number,
            "call": kept.reply.call_id if is_answer else "",
            "body": kept.reply.body.decode(errors="replace") if is_answer else "",
        }
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        with os.fdopen(os.open(self._path, flags, 0o600), "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def forget(self) -> None:
        """Remove it: the run is over."""
        self._path.unlink(missing_ok=True)
        self._key_path.unlink(missing_ok=True)


def upload(contents: Mapping[str, bytes]) -> str:
    """Upload a bundle; its digest. Ends the program where it holds errors."""
    files = {path: base64.b64encode(raw).decode() for path, raw in contents.items()}
    answer = call_api("POST", "/api/v1/bundles", {"files": files})
    if not answer["kept"]:
        for one in answer["problems"]:
            if one["severity"] == "error":
                place = f"{one['path']}:{one['line']}" if one["line"] else one["path"]
                where = f"{place} {one['key']}" if one["key"] else place
                typer.echo(f"{where}: {one['message']}. {one['mend']}", err=True)
        typer.echo("The bundle holds errors; `alos check` lists them all.", err=True)
        raise typer.Exit(EXIT_NO)
    return str(answer["digest"])


def start(
    digest: str, key: str, *, purpose: str, repeats: int, bases: Sequence[str] = ()
) -> dict[str, Any]:
    """Start a run; its plan."""
    wish = {
        "digest": digest,
        "key": key,
        "purpose": purpose,
        "repeats": repeats,
        "bases": list(bases),
    }
    plan: dict[str, Any] = call_api("POST", "/api/v1/eval-runs", wish)
    return plan


def make_calls(
    plan: Mapping[str, Any],
    target: Target,
    kept: AnswerFile,
    *,
    concurrency: int,
    on_done: Callable[[Kept], None],
) -> Made:
    """Make the calls of a plan that were not made yet."""
    made = kept.read()

    def note(one: Kept) -> None:
        if one.reply.status == http.HTTPStatus.OK:
            made.cases[one.reply.call_id] = one.call.case
        if one.reply.status == http.HTTPStatus.FORBIDDEN and _UNKNOWN in one.reply.body:
            made.foreign += 1
        elif one.reply.status not in {0, *range(500, 600)}:
            kept.add(one)
        on_done(one)

    runner = Runner(
        Gateway(target, plan).send, concurrency=concurrency, sleep=time.sleep, on_done=note
    )
    listed = [(one["case"], one["body"].encode(), one["repeats"]) for one in plan["calls"]]
    calls = [one for one in list_calls(listed) if (one.case, one.number) not in made.calls]
    ran = runner.run(calls)
    made.answers |= ran.answers
    made.over_cap = ran.over_cap
    if ran.unreachable:
        typer.echo(
            f"No gateway answers at {target.url}. Run it again with `--resume {plan['run']}`.",
            err=True,
        )
        raise typer.Exit(EXIT_DOWN)
    return made


def hand_in(plan: Mapping[str, Any], made: Made, target: Target, *, concurrency: int) -> None:
    """Hand answers in, ask the judge what has to be asked, and hand that in too."""
    questions = _post(plan, made.answers)
    if not questions or made.over_cap:
        return
    calls = [
        CallToMake(case=one["case"], number=0, body=one["body"].encode()) for one in questions
    ]
    runner = Runner(Gateway(target, plan).send, concurrency=concurrency, sleep=time.sleep)
    _post(plan, runner.run(calls).answers)


def list_answers(answers: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Answers as the API takes them."""
    return [{"call": name, "body": body.decode()} for name, body in answers.items()]


def _post(plan: Mapping[str, Any], answers: Mapping[str, bytes]) -> list[dict[str, Any]]:
    listed = list_answers(answers)
    questions: list[dict[str, Any]] = []
    for first in range(0, len(listed), HANDED_IN_AT_A_TIME):
        part = listed[first : first + HANDED_IN_AT_A_TIME]
        answer = call_api("POST", f"/api/v1/eval-runs/{plan['run']}/answers", {"answers": part})
        questions += answer["calls"]
    return questions


def end(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Have the run judged; result and signed statement."""
    ended: dict[str, Any] = call_api("POST", f"/api/v1/eval-runs/{plan['run']}/end")
    return ended
