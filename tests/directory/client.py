"""A directory as it talks to a real gateway."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.organisation import Change

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class ScimClient:
    """Sends what it is given, right or wrong."""

    port: int
    token: str

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/scim/v2"

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {"content-type": "application/scim+json", **(headers or {})}
            if self.token:
                named.setdefault("authorization", f"Bearer {self.token}")
            payload = json.dumps(body) if body is not None else None
            connection.request(method, f"/scim/v2{path}", payload, named)
            answer = connection.getresponse()
            data = answer.read()
            return Answer(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                json.loads(data) if data else None,
            )
        finally:
            connection.close()

    def add_user(self, name: str, **more: Any) -> Answer:
        email = more.pop("email", name)
        body = {
            "schemas": [USER],
            "userName": name,
            "active": True,
            "emails": [{"value": email, "type": "work", "primary": True}],
            **more,
        }
        return self.send("POST", "/Users", body)

    def add_group(self, name: str, *members: str, **more: Any) -> Answer:
        body = {
            "schemas": [GROUP],
            "displayName": name,
            "members": [{"value": member} for member in members],
            **more,
        }
        return self.send("POST", "/Groups", body)

    def patch(self, path: str, *operations: dict[str, Any], **more: Any) -> Answer:
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": operations}, **more)


def connect_directory(gateway: Gateway) -> ScimClient:
    """Make a token the way an operator does."""
    status, made = gateway.manage("POST", "/api/v1/directory/tokens")
    assert status == 201, made
    return ScimClient(gateway.port, made["token"])


@contextmanager
def run_directory(changes: tuple[Change, ...] = ()) -> Iterator[tuple[Gateway, ScimClient]]:
    """A gateway of its own with a directory connected."""
    with run_gateway(changes=changes) as gateway:
        yield gateway, connect_directory(gateway)
