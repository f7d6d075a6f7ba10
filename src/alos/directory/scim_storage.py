"""Our storage behind the SCIM server: users and groups as directory entries.

One instance serves one request and remembers what it changed. No password is kept. An identity
(user name, e-mail address without ``+anything``, directory id, group name) belongs to one entry:
who has a second account is refused with 409.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import RLock
from typing import Any, cast

from scim2_models import (
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    ScimProvider,
    SearchRequest,
    UniquenessException,
)
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import ScimStorage, SearchPage
from scim2_server.utils import parametrize

from alos.directory.scim_entries import (
    list_identities,
    to_entry,
    to_identity,
    to_kind,
    write_document,
)
from alos.domain.ids import PersonId
from alos.ports.clock import Clock, to_datetime
from alos.ports.directory import (
    DirectoryEntry,
    DirectoryState,
    EntryChange,
    EntryKind,
    FindPerson,
    IdentityTaken,
    VersionPassed,
)


class DirectoryStorage(ScimStorage):
    """Reads and writes entries for one request (blocks).

    Args:
        lock: shared by all requests of the process.
    """

    def __init__(
        self,
        state: DirectoryState,
        provider: ScimProvider,
        *,
        clock: Clock,
        lock: RLock,
        find_person: FindPerson,
    ) -> None:
        self._state = state
        self._provider = provider
        self._clock = clock
        self._lock = lock
        self._find_person = find_person
        self.changes: list[EntryChange] = []

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Let one request at a time read, decide and write."""
        with self._lock:
            yield

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,  # noqa: ARG002 - we return all
    ) -> Resource[Any]:
        """One user or group."""
        return self._to_resource(resource_type, self._get(resource_type, resource_id))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ARG002 - cursors are not announced
    ) -> SearchPage:
        """A page by index; an ``eq`` on a name or directory id reads only what has it."""
        wanted = search_request.filter
        found = [
            self._to_resource(kind, entry)
            for kind in resource_types
            for entry in self._list_candidates(kind, wanted)
        ]
        if wanted is not None and found:
            if not wanted.models:
                models = parametrize(ScimFilter, _join_types(found))
                wanted = models(str(wanted))
            found = [one for one in found if wanted.match(one)]
        found.sort(
            key=lambda one: _get_sort_key(search_request, one),
            reverse=search_request.sort_order == SearchRequest.SortOrder.descending,
        )
        start = search_request.start_index_0 or 0
        end = None if search_request.count is None else start + search_request.count
        return SearchPage(len(found), found[start:end])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Keep a new user or group."""
        now_ns = self._clock.unix_ns()
        kind = to_kind(resource_type)
        document = write_document(resource)
        entry = to_entry(
            kind,
            document,
            entry_id=secrets.token_hex(16),
            version=1,
            created_at_unix_ns=now_ns,
            modified_at_unix_ns=now_ns,
        )
        if kind is EntryKind.USER:
            entry = replace(entry, person_id=self._name_person(entry))
            if not entry.active:
                entry = replace(entry, ended_at_unix=now_ns // 1_000_000_000)
        try:
            self._state.add_entry(entry, list_identities(entry))
        except IdentityTaken as error:
            raise UniquenessException(detail=_TAKEN) from error
        self.changes.append(EntryChange(before=None, after=entry))
        return self._to_resource(resource_type, entry)

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        """Keep the whole new state of a user or group."""
        before = self._get(resource_type, str(resource.id))
        _check_version(before, expected_version)
        now_ns = self._clock.unix_ns()
        after = to_entry(
            before.kind,
            write_document(resource),
            entry_id=before.id,
            version=before.version + 1,
            created_at_unix_ns=before.created_at_unix_ns,
            modified_at_unix_ns=now_ns,
        )
        ended = None if after.active else before.ended_at_unix or now_ns // 1_000_000_000
        after = replace(after, person_id=before.person_id, ended_at_unix=ended)
        self._change(before, after)
        return self._to_resource(resource_type, after)

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        """Forget all but the identity."""
        before = self._get(resource_type, resource_id)
        _check_version(before, expected_version)
        now_ns = self._clock.unix_ns()
        after = replace(
            before,
            active=False,
            deleted=True,
            document={},
            members=(),
            version=before.version + 1,
            modified_at_unix_ns=now_ns,
            ended_at_unix=before.ended_at_unix or now_ns // 1_000_000_000,
        )
        self._change(before, after)

    def _change(self, before: DirectoryEntry, after: DirectoryEntry) -> None:
        try:
            self._state.change_entry(after, list_identities(after))
        except IdentityTaken as error:
            raise UniquenessException(detail=_TAKEN) from error
        except VersionPassed as error:
            raise PreconditionFailedException from error
        self.changes.append(EntryChange(before=before, after=after))

    def _name_person(self, entry: DirectoryEntry) -> PersonId:
        """Whoever comes back is the person of before; else whom the files know, else a new one."""
        for identity in sorted(list_identities(entry), reverse=True):  # the user name first
            for former in self._state.find_entries(identity):
                if former.person_id is not None and former.deleted:
                    return former.person_id
        known = self._find_person(entry.name, entry.addresses)
        if known is None:
            raise UniquenessException(detail=_TAKEN)
        return known

    def _get(self, resource_type: ResourceType, entry_id: str) -> DirectoryEntry:
        entry = self._state.get_entry(to_kind(resource_type), entry_id)
        if entry is None:
            raise NotFoundException(detail=f"there is no such {resource_type.name}")
        return entry

    def _list_candidates(
        self, resource_type: ResourceType, wanted: ScimFilter[Any] | None
    ) -> Sequence[DirectoryEntry]:
        kind = to_kind(resource_type)
        node = wanted.ast if wanted is not None else None
        if (
            isinstance(node, Comparison)
            and node.op == CompareOperator.eq
            and isinstance(node.value, str)
            and (identity := to_identity(kind, str(node.attr_path), node.value)) is not None
        ):
            found = self._state.find_entries(identity)
            return [one for one in found if one.kind is kind and not one.deleted]
        return self._state.list_entries(kind)

    def _to_resource(self, resource_type: ResourceType, entry: DirectoryEntry) -> Resource[Any]:
        model = cast("type[Resource[Any]]", self._provider.model_for(resource_type))
        resource = model.model_validate(dict(entry.document))
        resource.id = entry.id
        resource.meta = Meta(
            resource_type=resource_type.name,
            created=to_datetime(entry.created_at_unix_ns),
            last_modified=to_datetime(entry.modified_at_unix_ns),
            version=_write_version(entry),
        )
        return resource


_TAKEN = "another user or group has this name, e-mail address or external id; one person has one"


def _write_version(entry: DirectoryEntry) -> str:
    return f'W/"{entry.version}"'


def _check_version(entry: DirectoryEntry, expected: str | None) -> None:
    if expected is not None and expected != _write_version(entry):
        raise PreconditionFailedException


def _join_types(resources: Sequence[Resource[Any]]) -> Any:
    joined: Any = None
    for kind in dict.fromkeys(map(type, resources)):
        joined = kind if joined is None else joined | kind
    return joined


def _get_sort_key(request: SearchRequest[Any], resource: Resource[Any]) -> tuple[bool, Any, str]:
    """Missing values come last, equal ones in the order of ids."""
    value = request.sort_value(resource)
    return value is None, "" if value is None else value, str(resource.id)
