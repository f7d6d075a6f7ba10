"""Who tried a workflow's drafts: they helped to make it, so they have no vote on it."""

import asyncio
from collections.abc import Callable

from alos.control.standing import Configuration
from alos.control.voters import get_identities
from alos.domain.ids import PersonId, WorkflowId
from alos.domain.record import ClosingEntry
from alos.ports.call_store import CallCursor, CallQuery, CallStore

_PAGE = 500
_MOST_CALLS = 20_000
"""Draft calls looked at, newest first; a draft has a small budget a day and two weeks of life."""


class Drafters:
    """Reads the draft calls of a workflow.

    Args:
        catch_up: returns once every call that was answered is in the index (blocks).
    """

    def __init__(
        self,
        calls: CallStore,
        *,
        configuration: Callable[[], Configuration],
        catch_up: Callable[[], object],
    ) -> None:
        self._calls = calls
        self._configuration = configuration
        self._catch_up = catch_up

    async def list_identities(self, workflow: WorkflowId) -> frozenset[str]:
        """Identities of everybody with draft calls on the lineage.

        Raises:
            StoreDown: they can't be read, so nobody can vote meanwhile.
        """
        principals = await asyncio.to_thread(self._list_principals, workflow)
        people = self._configuration().people.persons
        found: set[str] = set()
        for principal in principals:
            person = people.get(PersonId(principal))
            found |= get_identities(person) if person is not None else {principal}
        return frozenset(found)

    def _list_principals(self, workflow: WorkflowId) -> set[str]:
        self._catch_up()
        query = CallQuery(workflow=workflow, purpose="draft")
        found: set[str] = set()
        before: CallCursor | None = None
        for _ in range(_MOST_CALLS // _PAGE):
            rows = self._calls.search_calls(query, before=before, limit=_PAGE)
            for row in rows:
                found |= _get_principals(row.closing)
            if len(rows) < _PAGE:
                break
            before = CallCursor(rows[-1].opened_at_unix_ns, rows[-1].call_id)
        return found


def _get_principals(closing: ClosingEntry | None) -> set[str]:
    if closing is None:
        return set()
    return {one.value for one in closing.personal if one.name == "principal"}
