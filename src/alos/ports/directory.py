"""What the directory keeps: users, groups, and the tokens it is let in with.

The methods are synchronous and may block; callers run them in a thread. Each may raise
``StoreDown``, and then nothing was changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from alos.domain.ids import PersonId


class EntryKind(StrEnum):
    """What a directory provisions."""

    USER = "user"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEntry:
    """A provisioned user or group.

    Attributes:
        id: ours, random, for ever.
        name: the user name, or the group's name as ``alos.yaml`` writes it.
        title: a name for people.
        external_id: the directory's own id; empty where it sent none.
        person_id: by which files, keys and votes know a user; it never changes.
        addresses: a user's e-mail addresses as the directory wrote them.
        members: entry ids of a group's members.
        document: the whole SCIM resource, without any password; empty once deleted.
        version: counts up from 1 with every change.
        ended_at_unix: when the user stopped being active; ``None`` while active.
        deleted: only the identity is kept, so that nobody else can take it over.
    """

    id: str
    kind: EntryKind
    name: str
    title: str
    external_id: str
    person_id: PersonId | None
    addresses: tuple[str, ...]
    active: bool
    members: tuple[str, ...]
    document: Mapping[str, Any]
    version: int
    created_at_unix_ns: int
    modified_at_unix_ns: int
    ended_at_unix: int | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """What one request made of an entry; ``before`` is ``None`` for a new one."""

    before: DirectoryEntry | None
    after: DirectoryEntry


FindPerson = Callable[[str, Sequence[str]], PersonId | None]
"""(user name, addresses) → the id of the person whom the files know, or a new id; ``None`` where
the id is another person's, so that the user is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryToken:
    """A directory's way in; the token itself is nowhere."""

    id: str
    prefix: str
    secret_hash: bytes
    created_at_unix: int
    created_by: str
    revoked_at_unix: int | None = None


class IdentityTaken(Exception):  # noqa: N818 - a "no" to the directory
    """Another entry has one of the identities."""


class VersionPassed(Exception):  # noqa: N818 - a "no" to the directory
    """The entry was changed or deleted meanwhile."""


class DirectoryState(Protocol):
    """Durable directory entries; every change is committed on return."""

    def add_entry(self, entry: DirectoryEntry, identities: frozenset[str]) -> None:
        """Keep a new entry; identities of deleted ones pass on to it.

        Raises:
            IdentityTaken: a living entry has one of them.
        """

    def change_entry(self, entry: DirectoryEntry, identities: frozenset[str]) -> None:
        """Keep a newer version, the one after the kept one.

        Raises:
            IdentityTaken: another living entry has one of the identities.
            VersionPassed: the kept one is not the version before.
        """

    def get_entry(self, kind: EntryKind, entry_id: str) -> DirectoryEntry | None:
        """One living entry."""

    def find_entries(self, identity: str) -> Sequence[DirectoryEntry]:
        """Whoever has an identity, deleted ones too."""

    def list_entries(self, kind: EntryKind) -> Sequence[DirectoryEntry]:
        """Every living entry of a kind by id, documents included."""

    def list_all(self) -> Sequence[DirectoryEntry]:
        """Every entry, deleted ones too, without the documents."""

    def get_version(self) -> tuple[int, ...]:
        """Numbers that change with any entry or token; cheap to ask for."""

    def add_token(self, token: DirectoryToken) -> None:
        """Keep a new token."""

    def revoke_token(self, token_id: str, *, at_unix: int) -> bool:
        """Revoke; False where there is no such token."""

    def list_tokens(self) -> Sequence[DirectoryToken]:
        """Every token, oldest first."""
