"""The people in force: those of ``people.yaml`` with those of the directory on top.

A directory's user replaces the person of ``people.yaml`` with the same id; whoever it deactivated
or deleted stays inactive whatever the file says.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from alos.control.change_notes import ChangeNotes
from alos.control.people import PERSON_ID
from alos.domain.ids import PersonId
from alos.domain.key import make_key
from alos.domain.people import People, Person, PersonSource, fold_name, to_plain_address
from alos.domain.record import NoteKind
from alos.ports.clock import Clock
from alos.ports.directory import (
    DirectoryEntry,
    DirectoryState,
    DirectoryToken,
    EntryChange,
    EntryKind,
)


class PutPeople(Protocol):
    """Puts the people that :meth:`Directory.merge` now makes into force."""

    def __call__(self, by: str, *, is_news: bool = False) -> Awaitable[None]:
        """Do it.

        Args:
            by: who caused it.
            is_news: another gateway did it, and noted what followed from it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A directory's token at the only moment when it can be read."""

    token: str
    row: DirectoryToken


class Directory:
    """Directory entries and tokens in memory, and the people that follow from them.

    Args:
        filed: the people of ``people.yaml`` now.
        put_people: called after every change, before its request is answered.
    """

    def __init__(
        self,
        state: DirectoryState,
        *,
        notes: ChangeNotes,
        clock: Clock,
        filed: Callable[[], People],
        put_people: PutPeople,
    ) -> None:
        self._state = state
        self._notes = notes
        self._clock = clock
        self._filed = filed
        self._put_people = put_people
        self._entries: dict[str, DirectoryEntry] = {}
        self._tokens: dict[str, DirectoryToken] = {}
        self._version: tuple[int, ...] = ()

    @property
    def tokens(self) -> Mapping[str, DirectoryToken]:
        """Every token by its printable prefix, revoked ones too."""
        return self._tokens

    @property
    def is_connected(self) -> bool:
        """Whether a directory has provisioned anybody; until then ``people.yaml`` is all."""
        return any(one.kind is EntryKind.USER for one in self._entries.values())

    async def load(self) -> None:
        """Read everything from the store; nothing takes force by it.

        Raises:
            StoreDown: the store can't be read.
        """
        entries = await asyncio.to_thread(self._state.list_all)
        tokens = await asyncio.to_thread(self._state.list_tokens)
        self._entries = {entry.id: entry for entry in entries}
        self._tokens = {token.prefix: token for token in tokens}

    async def catch_up(self) -> bool:
        """Put into force what the directory told other gateways; True where that was anything.

        Raises:
            StoreDown: the store can't be read.
        """
        version = await asyncio.to_thread(self._state.get_version)
        if version == self._version:
            return False
        entries = await asyncio.to_thread(self._state.list_all)
        tokens = await asyncio.to_thread(self._state.list_tokens)
        is_new = False
        for entry in entries:
            known = self._entries.get(entry.id)
            if known is None or known.version < entry.version:  # ours may be newer by now
                self._entries[entry.id], is_new = entry, True
        for token in tokens:
            known_token = self._tokens.get(token.prefix)
            if known_token is None or known_token.revoked_at_unix is None:
                self._tokens[token.prefix] = token
        self._version = version
        if is_new:
            await self._put_people("the directory, at another gateway", is_news=True)
        return is_new

    def merge(self, filed: People) -> People:
        """The people in force with these in the file."""
        return merge_people(filed, self._entries.values())

    def list_entries(self) -> list[DirectoryEntry]:
        """Every entry, deleted ones too, without the documents."""
        return list(self._entries.values())

    def find_person(self, user_name: str, addresses: Sequence[str]) -> PersonId | None:
        """Name the person of a new user: known to the file by an address, else by user name.

        Returns:
            ``None`` where the id is another person's or a service account's.
        """
        filed = self._filed()
        plain = frozenset(map(to_plain_address, addresses))
        for person in filed.persons.values():
            if person.plain_addresses & plain:
                return person.id
        wanted = fold_name(user_name)
        if not PERSON_ID.fullmatch(wanted):
            wanted = f"person-{secrets.token_hex(8)}"
        if wanted in {fold_name(one) for one in (*filed.persons, *filed.service_accounts)}:
            return None
        if wanted in {fold_name(e.person_id) for e in self._entries.values() if e.person_id}:
            wanted = f"{wanted}-{secrets.token_hex(3)}"  # of somebody who was renamed since
        return PersonId(wanted)

    async def apply(self, changes: Sequence[EntryChange], by: str) -> None:
        """Put kept changes into force, then note them."""
        for change in changes:
            self._entries[change.after.id] = change.after
            self._add_note(change, by)
        await self._put_people(by)
        await self._notes.flush()

    async def create_token(self, *, by: str) -> NewToken:
        """Make a token for a directory; it is shown once and kept as a hash.

        Raises:
            StoreDown, JournalDown: there is no new token.
        """
        token, prefix, secret_hash = make_key(secrets.token_bytes(40), "scim")
        row = DirectoryToken(
            id="dir_" + secrets.token_hex(8),
            prefix=prefix,
            secret_hash=secret_hash,
            created_at_unix=self._clock.unix_ns() // 1_000_000_000,
            created_by=by,
        )
        await self._notes.note(NoteKind.DIRECTORY_TOKEN, {"token": row.id, "what": "made"}, by=by)
        await asyncio.to_thread(self._state.add_token, row)
        self._tokens[prefix] = row
        return NewToken(token=token, row=row)

    async def revoke_token(self, id_or_prefix: str, *, by: str) -> DirectoryToken | None:
        """Revoke a token; ``None`` where there is none of that id or prefix.

        Raises:
            StoreDown: it is still good.
        """
        found = next(
            (one for one in self._tokens.values() if id_or_prefix in {one.id, one.prefix}), None
        )
        if found is None:
            return None
        now_unix = self._clock.unix_ns() // 1_000_000_000
        await asyncio.to_thread(self._state.revoke_token, found.id, at_unix=now_unix)
        self._tokens = {
            token.prefix: token for token in await asyncio.to_thread(self._state.list_tokens)
        }
        self._notes.add(NoteKind.DIRECTORY_TOKEN, {"token": found.id, "what": "revoked"}, by=by)
        await self._notes.flush()
        return found

    def _add_note(self, change: EntryChange, by: str) -> None:
        before, after = change.before, change.after
        what = "created" if before is None else "deleted" if after.deleted else "changed"
        if before is not None and before.active != after.active and not after.deleted:
            what = "activated" if after.active else "deactivated"
        facts = {"entry": after.id, "kind": after.kind.value, "what": what}
        if after.kind is EntryKind.GROUP:
            was = before.members if before is not None else ()
            facts |= {
                "group": after.name,
                "joined": str(len(set(after.members) - set(was))),
                "left": str(len(set(was) - set(after.members))),
            }
        personal = {"person": str(after.person_id)} if after.person_id else None
        self._notes.add(NoteKind.DIRECTORY_CHANGED, facts, by=by, personal=personal)


def merge_people(filed: People, entries: Iterable[DirectoryEntry]) -> People:
    """Lay the directory's users over the persons of the file."""
    known = list(entries)
    users = [entry for entry in known if entry.kind is EntryKind.USER]
    if not users:
        return filed
    groups = [entry for entry in known if entry.kind is EntryKind.GROUP]
    memberships: dict[str, set[str]] = {}
    for group in groups:
        if group.name and not group.deleted:
            for member in group.members:
                memberships.setdefault(member, set()).add(group.name)
    persons = dict(filed.persons)
    users.sort(key=lambda user: not user.deleted)  # who came back replaces who was deleted
    for user in users:
        if user.person_id is not None:
            persons[user.person_id] = _to_person(user, memberships.get(user.id, set()))
    return People(persons=MappingProxyType(persons), service_accounts=filed.service_accounts)


def check_file_people(filed: People, entries: Iterable[DirectoryEntry]) -> list[str]:
    """Say which persons of the file are somebody else's second account.

    A person of the directory keeps the id that the directory's entry was given; a file that
    names the same address under another id would make two people of one.
    """
    owners = {
        address: entry.person_id
        for entry in entries
        if entry.kind is EntryKind.USER and entry.person_id is not None
        for address in map(to_plain_address, entry.addresses)
    }
    return [
        f"people.yaml: `persons.{person.id}.email` is the address of `{owner}` of the directory;"
        " one person has one id. Remove the entry, or name that id."
        for person in filed.persons.values()
        for owner in {owners.get(address, person.id) for address in person.plain_addresses}
        if owner != person.id
    ]


def _to_person(user: DirectoryEntry, groups: set[str]) -> Person:
    return Person(
        id=PersonId(str(user.person_id)),
        name=user.title,
        email=user.addresses[0] if user.addresses else "",
        groups=frozenset(groups) if user.active else frozenset(),
        active=user.active and not user.deleted,
        addresses=user.addresses,
        directory_id=user.external_id,
        source=PersonSource.DIRECTORY,
    )
