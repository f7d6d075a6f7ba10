"""What one gateway of a cluster is told, and how long it takes until all others act on it."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from alos.control.bundle import read_contents
from alos.ports.clock import SystemClock
from tests.directory.client import GROUP, USER, ScimClient, connect_directory
from tests.e2e.cluster import Cluster
from tests.e2e.gateway import Gateway
from tests.e2e.http_client import Answer, ask, say
from tests.e2e.organisation import QUESTIONS, SUPPORT

Look = Callable[[Gateway], bool]
LATEST_SECONDS = 20.0
"""So long a test waits; how long it took is for the benchmark to say."""
VOTER = "emil"


class News:
    """Tells the first gateway things, and watches the others."""

    def __init__(self, cluster: Cluster) -> None:
        self.first, *self.others = cluster.gateways
        self.key = self.first.create_key(QUESTIONS)
        self.scim = connect_directory(self.first)
        self.number = 0

    # --- each returns seconds until the last gateway knew -------------------------------------

    def of_everything(self) -> Iterator[tuple[str, float]]:
        """Each piece of news by its name; leavers come last, since a voter leaves for good."""
        yield "a new key", self.of_a_key()
        yield "a revoked key", self.of_a_revocation()
        yield "a config revision", self.of_a_revision()
        yield "a draft", self.of_a_draft()
        yield "a waiver", self.of_a_waiver()
        yield "a legal hold", self.of_a_hold()
        yield "an ended session", self.of_an_ended_session()
        yield "a directory's token", self.of_a_token()
        yield "somebody new, with a role", self.of_a_person()
        yield "a submitted release", self.of_a_release()
        yield "a vote", self.of_a_vote()
        yield from self.of_a_leaver()

    def of_a_key(self) -> float:
        key = self.first.create_key(QUESTIONS)
        return self._time(lambda gateway: call(gateway, key).status == HTTPStatus.OK)

    def of_a_revocation(self) -> float:
        key = self.first.create_key(QUESTIONS)
        self._time(lambda gateway: call(gateway, key).status == HTTPStatus.OK)
        do(self.first, "POST", f"/api/v1/keys/{key[:13]}/revoke")
        return self._time(lambda gateway: code_of(call(gateway, key)) == "alos_key_revoked")

    def of_a_revision(self) -> float:
        path = self.first.config / "alos.yaml"
        text = path.read_text()
        self.number += 1
        path.write_text(text.replace("title: Engineering", f"title: Engineering {self.number}", 1))
        assert path.read_text() != text
        done = self.first.cli("config", "apply", str(self.first.config))
        began = time.monotonic()
        assert done.returncode == 0, done.stderr
        number = do(self.first, "GET", "/api/v1/config")["revision"]
        return self._time(
            lambda gateway: do(gateway, "GET", "/api/v1/config")["revision"] == number, began
        )

    def of_a_draft(self) -> float:
        headers = {"x-alos-release": upload(self.first, QUESTIONS, title="A draft of ")}
        return self._time(
            lambda gateway: (
                code_of(call(gateway, self.key, headers=headers)) != "alos_release_unknown"
            )
        )

    def of_a_waiver(self) -> float:
        token = become(self.first, "chloe")
        wish = {
            "workflow": QUESTIONS,
            "about": "no_sso",
            "reason": "it is new",
            "compensating_control": "somebody reads along",
            "ends_at_unix": SystemClock().unix_ns() // 1_000_000_000 + 86_400,
        }
        made = as_person(self.first, token, "POST", "/api/v1/waivers", wish)
        return self._time(
            lambda gateway: any(
                one["id"] == made["id"] for one in do(gateway, "GET", "/api/v1/waivers")
            )
        )

    def of_a_hold(self) -> float:
        wish = {"kind": "workflow", "target": QUESTIONS, "reason": "a matter"}
        made = do(self.first, "POST", "/api/v1/legal-holds", wish)
        seconds = self._time(
            lambda gateway: any(
                one["id"] == made["id"] for one in do(gateway, "GET", "/api/v1/legal-holds")
            )
        )
        do(self.first, "POST", f"/api/v1/legal-holds/{made['id']}/release")
        return seconds

    def of_an_ended_session(self) -> float:
        token = become(self.first, "gus")
        self._time(lambda gateway: is_signed_in(gateway, token))
        do(self.first, "POST", "/api/v1/people/gus/sessions/end")
        return self._time(lambda gateway: not is_signed_in(gateway, token))

    def of_a_token(self) -> float:
        token = do(self.first, "POST", "/api/v1/directory/tokens")["token"]
        return self._time(
            lambda gateway: (
                ScimClient(gateway.port, token).send("GET", "/Users").status == HTTPStatus.OK
            )
        )

    def of_a_person(self) -> float:
        self.number += 1
        name = f"new{self.number}"
        user = self.scim.add_user(f"{name}@example.com").body["id"]
        group = {"schemas": [GROUP], "displayName": "product", "members": [{"value": user}]}
        done = self.scim.send("POST", "/Groups", group)
        assert done.status == HTTPStatus.CREATED, done.body
        began = time.monotonic()
        token = become(self.first, f"{name}@example.com")

        def has_role(gateway: Gateway) -> bool:
            me = ask_as(gateway, token, "GET", "/api/v1/me")
            return me.status == HTTPStatus.OK and json.loads(me.body)["roles"] == ["pm"]

        seconds = self._time(has_role, began)
        assert self.scim.send("DELETE", f"/Groups/{done.body['id']}").status < 300
        return seconds

    def of_a_release(self) -> float:
        self.release = submit_release(self.first)
        return self._time(lambda gateway: gateway.manage("GET", self.release)[0] == HTTPStatus.OK)

    def of_a_vote(self) -> float:
        """Cast at another gateway than the release came from, and than the voter leaves at."""
        cast_vote(self.others[0], self.release)
        return self._time(lambda gateway: list_votes(gateway, self.release) == [""])

    def of_a_leaver(self) -> Iterator[tuple[str, float]]:
        """The voter leaves by the directory; what was theirs is dead on every other gateway."""
        key = self.first.create_key(QUESTIONS, principal=VOTER)
        self._time(lambda gateway: call(gateway, key).status == HTTPStatus.OK)
        user = self._provision()
        token = become(self.first, VOTER)
        self._time(lambda gateway: is_signed_in(gateway, token))
        asyncio.run(self._watch_streams(key, user))
        began = self.left_at
        yield "a leaver's running stream", self.stream_seconds
        looks: dict[str, Look] = {
            "key": lambda gateway: code_of(call(gateway, key)) == "alos_principal_inactive",
            "session": lambda gateway: not is_signed_in(gateway, token),
            "approver rights": lambda gateway: not is_active(gateway),
            "pending vote": lambda gateway: list_votes(gateway, self.release)[0] != "",
        }
        for name, seconds in self._time_all(looks, began).items():
            yield f"a leaver's {name}", seconds

    def _provision(self) -> str:
        """The directory takes the voter over, in the group of the role."""
        made = self.scim.add_user(f"{VOTER}@example.com")
        assert made.status == HTTPStatus.CREATED, made.body
        user = str(made.body["id"])
        done = self.scim.add_group("product", user)
        assert done.status == HTTPStatus.CREATED, done.body
        return user

    async def _watch_streams(self, key: str, user: str) -> None:
        async def watch(gateway: Gateway) -> float:
            answer = await ask(gateway.port, say("[[endless]]", stream=True), key=key, timeout=60)
            assert b"alos_principal_inactive" in answer.body
            return time.monotonic()

        streams = [asyncio.ensure_future(watch(gateway)) for gateway in self.others]
        await asyncio.sleep(0.5)
        assert not any(stream.done() for stream in streams)
        self.left_at = time.monotonic()
        put = {"schemas": [USER], "userName": f"{VOTER}@example.com", "active": False}
        left = await asyncio.to_thread(self.scim.send, "PUT", f"/Users/{user}", put)
        assert left.status == HTTPStatus.OK, left.body
        ends = [await asyncio.wait_for(stream, LATEST_SECONDS) for stream in streams]
        self.stream_seconds = max(ends) - self.left_at

    def _time(self, look: Look, began: float | None = None) -> float:
        return self._time_all({"": look}, began)[""]

    def _time_all(self, looks: dict[str, Look], began: float | None = None) -> dict[str, float]:
        """Seconds until each holds at every other gateway."""
        began = time.monotonic() if began is None else began
        seconds: dict[str, float] = {}
        while len(seconds) < len(looks):
            for name, look in looks.items():
                if name not in seconds and all(look(gateway) for gateway in self.others):
                    seconds[name] = time.monotonic() - began
            missing = looks.keys() - seconds.keys()
            assert not missing or time.monotonic() < began + LATEST_SECONDS, missing
            time.sleep(0.01)
        return seconds


def upload(gateway: Gateway, workflow: str, title: str = "") -> str:
    """Upload a workflow's folder, with more in its title; the digest."""
    files = read_contents(gateway.config / "workflows" / workflow, label=workflow)[0]
    changed = files["workflow.yaml"].replace(b"title: ", f"title: {title}".encode(), 1)
    files = {**files, "workflow.yaml": changed}
    encoded = {name: base64.b64encode(raw).decode() for name, raw in files.items()}
    made = do(gateway, "POST", "/api/v1/bundles", {"files": encoded})
    assert made["kept"], made
    return str(made["digest"])


def submit_release(gateway: Gateway) -> str:
    """Put a bundle to the vote; where its release is asked for."""
    digest = upload(gateway, SUPPORT)
    wish = {"digest": digest, "authors": ["fay@example.com"]}
    number = do(gateway, "POST", "/api/v1/releases", wish)["id"].rpartition("/")[2]
    return f"/api/v1/releases/{SUPPORT}/{number}"


def cast_vote(gateway: Gateway, release: str) -> None:
    """The voter says yes to what is shown."""
    shown = do(gateway, "GET", release)
    ballot = {
        "role": "pm",
        "approve": True,
        "digest": shown["digest"],
        "policy": shown["policy"],
        "lane": shown["lane_version"],
    }
    as_person(gateway, become(gateway, VOTER), "POST", f"{release}/votes", ballot)


def list_votes(gateway: Gateway, release: str) -> list[str]:
    """Why each vote is void; empty text where it counts."""
    status, shown = gateway.manage("GET", release)
    return [one["void_because"] for one in shown["votes"]] if status == HTTPStatus.OK else []


def call(gateway: Gateway, key: str, headers: dict[str, str] | None = None) -> Answer:
    return asyncio.run(ask(gateway.port, say(), key=key, headers=headers))


def code_of(answer: Answer) -> str:
    return "" if answer.status == HTTPStatus.OK else answer.code


def do(gateway: Gateway, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    status, answer = gateway.manage(method, path, body)
    assert status < HTTPStatus.BAD_REQUEST, answer
    return answer


def become(gateway: Gateway, persona: str) -> str:
    """A session of somebody's."""
    return str(do(gateway, "POST", f"/api/v1/personas/{persona}/session")["token"])


def ask_as(gateway: Gateway, token: str, method: str, path: str, body: Any = None) -> Answer:
    headers = {"content-type": "application/json"}
    request = ask(gateway.port, body, key=token, method=method, path=path, headers=headers)
    return asyncio.run(request)


def as_person(gateway: Gateway, token: str, method: str, path: str, body: Any = None) -> Any:
    answer = ask_as(gateway, token, method, path, body)
    assert answer.status < HTTPStatus.BAD_REQUEST, answer.body
    return json.loads(answer.body)


def is_signed_in(gateway: Gateway, token: str) -> bool:
    return ask_as(gateway, token, "GET", "/api/v1/me").status == HTTPStatus.OK


def is_active(gateway: Gateway) -> bool:
    people = {one["id"]: one for one in do(gateway, "GET", "/api/v1/people")}
    return bool(people[VOTER]["active"])
