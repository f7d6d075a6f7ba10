"""A Tier 3 release and people who sign their votes by a login of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from alos.domain.release_events import ReleaseId
from alos.domain.sign_on import to_challenge
from tests.api.desk import SUPPORT, Desk, open_desk
from tests.api.test_sign_on import SECTION, VERIFIER, Browser
from tests.control.issuer import TestIssuer

ROLES = {"emil": "pm", "dan": "security", "gus": "legal"}
CHANGES = (
    ("alos.yaml", "roles:\n", SECTION + "roles:\n"),
    (f"workflows/{SUPPORT}/workflow.yaml", "tier: 2 ", "tier: 3 "),
)


class Person:
    """Somebody with a session of their own and a browser."""

    def __init__(self, desk: Desk, name: str, release: ReleaseId, token: str) -> None:
        self.desk = desk
        self.name = name
        self.path = f"/api/v1/releases/{release}"
        self.token = token
        self.browser = Browser(desk)

    async def ask(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        return await self.desk.ask(method, self.path + path, body=body, token=self.token)

    async def show(self) -> Any:
        return (await self.ask("GET", "")).json()

    async def write(self, **changes: Any) -> dict[str, Any]:
        """What the person wants to say, about what they are shown."""
        shown = await self.show()
        return {
            "role": ROLES[self.name],
            "approve": True,
            "digest": shown["digest"],
            "policy": shown["policy"],
            "lane": shown["lane_version"],
            **changes,
        }

    async def lay_down(self, vote: dict[str, Any]) -> dict[str, Any]:
        answer = await self.ask("POST", "/statement", vote)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def begin(self, ballot: str, verifier: str = VERIFIER) -> dict[str, str]:
        """Open the login; what the provider is asked for."""
        query = {"port": 0, "challenge": to_challenge(verifier), "ballot": ballot}
        address = await self.browser.begin(**query)
        self.address = address
        return {name: given[0] for name, given in parse_qs(urlsplit(address).query).items()}

    async def finish(self, **claims: Any) -> httpx2.Response:
        """Log in at the provider; the page that the browser ends on."""
        known = {
            "sub": f"sub-{self.name}",
            "email": f"{self.name}@example.com",
            "auth_time": self.desk.clock.seconds,
        }
        brought = self.desk.issuer.authorize(self.address, **{**known, **claims})
        return await self.browser.get("/api/v1/login/callback", **brought)

    async def sign(self, ballot: str, **claims: Any) -> str:
        await self.begin(ballot)
        page = await self.finish(**claims)
        assert page.status_code == 200, page.text
        return page.text.partition("<code>")[2].partition("</code>")[0]

    async def cast(
        self, vote: dict[str, Any], ballot: str, code: str, verifier: str = VERIFIER
    ) -> httpx2.Response:
        proof = {"ballot": ballot, "code": code, "verifier": verifier}
        return await self.ask("POST", "/votes", {**vote, "proof": proof})

    async def vote(self, **changes: Any) -> httpx2.Response:
        """The whole way."""
        vote = await self.write(**changes)
        ballot = (await self.lay_down(vote))["ballot"]
        return await self.cast(vote, ballot, await self.sign(ballot))


class Polls:
    """A release that waits for personal votes."""

    def __init__(self, desk: Desk, release: ReleaseId) -> None:
        self.desk = desk
        self.release = release

    async def send(self, name: str) -> Person:
        token = (await self.desk.sign_in(name)).token
        return Person(self.desk, name, self.release, token)


@asynccontextmanager
async def open_polls(folder: Path) -> AsyncIterator[Polls]:
    async with open_desk(folder, changes=CHANGES, issuer=TestIssuer()) as desk:
        yield Polls(desk, await desk.submit(SUPPORT))
