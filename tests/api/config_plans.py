"""Changes of a configuration, and how people ask for them over the API."""

import base64
from typing import Any

from alos.control.revision_files import read_files
from tests.api.desk import Change, Desk

DAY = 86_400
SMALL: Change = ("alos.yaml", 'upstream_name: "smollm2-135m-instruct"', 'upstream_name: "smollm2"')
CLASSES: Change = ("alos.yaml", "[public, internal]", "[public, internal, pii]")
MONEY: Change = ("alos.yaml", "    monthly_budget_usd: 50", "    monthly_budget_usd: 500")
ROLES: Change = ("alos.yaml", "security: {groups: [security]}", "security: {groups: [builders]}")
PEOPLE: Change = (
    "people.yaml", "groups: [builders, engineering, staff]", "groups: [security, staff]"
)  # fmt: skip


def pack(desk: Desk, *changes: Change) -> dict[str, Any]:
    """The desk's folder with some changes, as the API takes it."""
    files = {path: raw.decode() for path, raw in read_files(desk.folder / "org").items()}
    for path, before, after in changes:
        assert before in files[path], f"{path} has no {before!r}"
        files[path] = files[path].replace(before, after, 1)
    return {
        "files": {path: base64.b64encode(text.encode()).decode() for path, text in files.items()}
    }


async def send(desk: Desk, person: str, path: str, body: Any = None) -> Any:
    """Ask as a person who has signed in."""
    token = (await desk.sign_in(person)).token
    answer = await desk.ask("POST", f"/api/v1/config/{path}", token=token, body=body)
    assert answer.status_code < 500, answer.text
    return answer.json() if answer.content else None


async def propose(desk: Desk, person: str, *changes: Change) -> Any:
    """Plan some changes of the desk's folder."""
    return await send(desk, person, "plans", pack(desk, *changes))


async def use_files_of(desk: Desk, number: int) -> None:
    """Go on from a revision, as somebody who pulled it into their folder."""
    for path, raw in (await desk.revisions.get_files(number)).items():
        (desk.folder / "org" / path).write_bytes(raw)
