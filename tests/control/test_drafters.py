"""Who tried the drafts of a workflow."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from alos.control.drafters import Drafters
from alos.control.voters import get_identities
from alos.domain.ids import PersonId, WorkflowId
from alos.domain.people import Person
from alos.domain.record import Personal
from alos.ports.call_store import CallCursor, CallQuery
from tests.control.release_desk import SUPPORT, ReleaseDesk


class Calls:
    """A call store with the draft calls of some principals."""

    def __init__(self, *principals: str) -> None:
        self.principals = principals
        self.asked: list[CallQuery] = []

    def search_calls(
        self, query: CallQuery, *, before: CallCursor | None, limit: int
    ) -> list[Any]:
        assert before is None
        self.asked.append(query)
        return [
            SimpleNamespace(
                call_id=f"call_{name}",
                opened_at_unix_ns=1,
                closing=SimpleNamespace(personal=(Personal("principal", b"", name),)),
            )
            for name in self.principals[:limit]
        ]


async def test_draft_users_are_known_by_all_their_identities(tmp_path: Path) -> None:
    desk = ReleaseDesk(tmp_path)
    calls, caught_up = Calls("dan", "a-machine"), []
    drafters = Drafters(
        calls,  # type: ignore[arg-type]
        configuration=lambda: desk.plane.configuration,
        catch_up=lambda: caught_up.append(1),
    )
    found = await drafters.list_identities(WorkflowId(SUPPORT))
    assert found == {"dan", "dan@example.com", "mail:dan@example.com", "a-machine"}
    assert (calls.asked[0].workflow, calls.asked[0].purpose) == (SUPPORT, "draft")
    assert caught_up


def test_one_human_is_known_by_every_address_and_by_the_directorys_id() -> None:
    first = Person(id=PersonId("dan"), name="Dan", email="Dan+x@acme.io", directory_id="00u1")
    second = Person(
        id=PersonId("dan2"), name="D", email="d@acme.io", addresses=("other@acme.io",),
        directory_id="00u1",
    )  # fmt: skip
    stranger = Person(id=PersonId("eve"), name="Eve", email="eve@acme.io")
    assert not get_identities(first).isdisjoint(get_identities(second))
    assert "dan@acme.io" in get_identities(first)
    assert "other@acme.io" in get_identities(second)
    assert get_identities(first).isdisjoint(get_identities(stranger))
