"""The :class:`alos.ports.directory.DirectoryState` on the embedded store."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from alos.domain.ids import PersonId
from alos.ports.directory import (
    DirectoryEntry,
    DirectoryToken,
    EntryKind,
    IdentityTaken,
    VersionPassed,
)
from alos.store.directory_tables import (
    directory_entries,
    directory_identities,
    directory_tokens,
)
from alos.store.engine import Store

_ENTRY = directory_entries.c
_IDENTITY = directory_identities.c


class StoredDirectory:
    """Users, groups and tokens of the directory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_entry(self, entry: DirectoryEntry, identities: frozenset[str]) -> None:
        """Keep a new entry; identities of deleted ones pass on to it.

        Raises:
            IdentityTaken: a living entry has one of them.
        """
        with self._store.write() as connection:
            _take_identities(connection, entry, identities)
            connection.execute(insert(directory_entries), _to_values(entry))

    def change_entry(self, entry: DirectoryEntry, identities: frozenset[str]) -> None:
        """Keep a newer version, the one after the kept one.

        Raises:
            IdentityTaken: another living entry has one of the identities.
            VersionPassed: the kept one is not the version before.
        """
        with self._store.write() as connection:
            _take_identities(connection, entry, identities)
            changed = connection.execute(
                update(directory_entries)
                .where(
                    _ENTRY.entry_id == entry.id,
                    _ENTRY.version == entry.version - 1,
                    _ENTRY.deleted.is_(False),
                )
                .values(_to_values(entry))
            )
            if changed.rowcount != 1:
                raise VersionPassed(entry.id)

    def get_entry(self, kind: EntryKind, entry_id: str) -> DirectoryEntry | None:
        """One living entry."""
        statement = select(directory_entries).where(
            _ENTRY.entry_id == entry_id, _ENTRY.kind == kind, _ENTRY.deleted.is_(False)
        )
        with self._store.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _to_entry(row)

    def find_entries(self, identity: str) -> Sequence[DirectoryEntry]:
        """Whoever has an identity, deleted ones too."""
        statement = select(directory_entries).where(
            _ENTRY.entry_id.in_(select(_IDENTITY.entry_id).where(_IDENTITY.identity == identity))
        )
        with self._store.read() as connection:
            return [_to_entry(row) for row in connection.execute(statement)]

    def list_entries(self, kind: EntryKind) -> Sequence[DirectoryEntry]:
        """Every living entry of a kind by id, documents included."""
        statement = (
            select(directory_entries)
            .where(_ENTRY.kind == kind, _ENTRY.deleted.is_(False))
            .order_by(_ENTRY.entry_id)
        )
        with self._store.read() as connection:
            return [_to_entry(row) for row in connection.execute(statement)]

    def list_all(self) -> Sequence[DirectoryEntry]:
        """Every entry, deleted ones too, without the documents."""
        self._store.ensure()
        columns = [column for column in _ENTRY if column.name != "document"]
        with self._store.read() as connection:
            rows = connection.execute(select(*columns).order_by(_ENTRY.entry_id)).all()
        return [_to_entry(row) for row in rows]

    def get_version(self) -> tuple[int, ...]:
        """Numbers that change with any entry or token; cheap to ask for."""
        self._store.ensure()
        revoked = func.count(directory_tokens.c.revoked_at_unix)
        with self._store.read() as connection:
            entries = select(func.count(), func.coalesce(func.sum(_ENTRY.version), 0))
            tokens = select(func.count(), revoked)
            return (
                *map(int, connection.execute(entries.select_from(directory_entries)).one()),
                *map(int, connection.execute(tokens.select_from(directory_tokens)).one()),
            )

    def add_token(self, token: DirectoryToken) -> None:
        """Keep a new token."""
        with self._store.write() as connection:
            connection.execute(
                insert(directory_tokens),
                {
                    "token_id": token.id,
                    "prefix": token.prefix,
                    "secret_hash": token.secret_hash,
                    "created_at_unix": token.created_at_unix,
                    "created_by": token.created_by,
                },
            )

    def revoke_token(self, token_id: str, *, at_unix: int) -> bool:
        """Revoke; False where there is no such token."""
        with self._store.write() as connection:
            done = connection.execute(
                update(directory_tokens)
                .where(directory_tokens.c.token_id == token_id)
                .where(directory_tokens.c.revoked_at_unix.is_(None))
                .values(revoked_at_unix=at_unix)
            )
            return done.rowcount > 0

    def list_tokens(self) -> Sequence[DirectoryToken]:
        """Every token, oldest first."""
        self._store.ensure()
        statement = select(directory_tokens).order_by(
            directory_tokens.c.created_at_unix, directory_tokens.c.token_id
        )
        with self._store.read() as connection:
            return [
                DirectoryToken(
                    id=row.token_id,
                    prefix=row.prefix,
                    secret_hash=row.secret_hash,
                    created_at_unix=row.created_at_unix,
                    created_by=row.created_by,
                    revoked_at_unix=row.revoked_at_unix,
                )
                for row in connection.execute(statement)
            ]


def _take_identities(
    connection: Connection, entry: DirectoryEntry, identities: frozenset[str]
) -> None:
    """Make the identities the entry's own; a deleted entry keeps those nobody else takes."""
    owners = connection.execute(
        select(_IDENTITY.identity, _ENTRY.entry_id, _ENTRY.deleted)
        .join(directory_entries, _ENTRY.entry_id == _IDENTITY.entry_id)
        .where(_IDENTITY.identity.in_(identities))
    ).all()
    if any(owner.entry_id != entry.id and not owner.deleted for owner in owners):
        raise IdentityTaken(entry.id)
    if not entry.deleted:
        connection.execute(delete(directory_identities).where(_IDENTITY.entry_id == entry.id))
    connection.execute(delete(directory_identities).where(_IDENTITY.identity.in_(identities)))
    if identities:
        connection.execute(
            insert(directory_identities),
            [{"identity": one, "entry_id": entry.id} for one in sorted(identities)],
        )


def _to_values(entry: DirectoryEntry) -> dict[str, Any]:
    return {
        "entry_id": entry.id,
        "kind": entry.kind.value,
        "name": entry.name,
        "title": entry.title,
        "external_id": entry.external_id,
        "person_id": entry.person_id,
        "addresses": list(entry.addresses),
        "active": entry.active,
        "members": list(entry.members),
        "document": dict(entry.document),
        "version": entry.version,
        "created_at_unix_ns": entry.created_at_unix_ns,
        "modified_at_unix_ns": entry.modified_at_unix_ns,
        "ended_at_unix": entry.ended_at_unix,
        "deleted": entry.deleted,
    }


def _to_entry(row: Any) -> DirectoryEntry:
    return DirectoryEntry(
        id=row.entry_id,
        kind=EntryKind(row.kind),
        name=row.name,
        title=row.title,
        external_id=row.external_id,
        person_id=PersonId(row.person_id) if row.person_id is not None else None,
        addresses=tuple(row.addresses),
        active=bool(row.active),
        members=tuple(row.members),
        document=getattr(row, "document", {}),
        version=row.version,
        created_at_unix_ns=row.created_at_unix_ns,
        modified_at_unix_ns=row.modified_at_unix_ns,
        ended_at_unix=row.ended_at_unix,
        deleted=bool(row.deleted),
    )
