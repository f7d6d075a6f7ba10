"""The :class:`alos.ports.role_gains.RoleGains` on the store."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, insert, select

from alos.domain.ids import PersonId
from alos.domain.people import Role
from alos.ports.role_gains import RoleGain
from alos.store.engine import Store
from alos.store.role_tables import role_gains


class StoredRoleGains:
    """Since when people have held their roles."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list_gains(self) -> Sequence[RoleGain]:
        """Every role that somebody holds."""
        self._store.ensure()
        with self._store.read() as connection:
            return [
                RoleGain(
                    person=PersonId(row.person),
                    role=Role(row.role),
                    gained_at_unix=row.gained_at_unix,
                    founding=bool(row.founding),
                )
                for row in connection.execute(select(role_gains))
            ]

    def change_gains(
        self, gained: Sequence[RoleGain], lost: Sequence[tuple[PersonId, Role]]
    ) -> None:
        """Keep new ones and forget lost ones, all or none; one kept already stays as it is."""
        with self._store.write() as connection:
            for person, role in lost:
                connection.execute(delete(role_gains).where(_is(person, role)))
            for gain in gained:
                kept = select(role_gains.c.person).where(_is(gain.person, gain.role))
                if connection.scalar(kept) is None:
                    connection.execute(
                        insert(role_gains),
                        {
                            "person": gain.person,
                            "role": gain.role,
                            "gained_at_unix": gain.gained_at_unix,
                            "founding": gain.founding,
                        },
                    )


def _is(person: PersonId, role: Role) -> ColumnElement[bool]:
    return and_(role_gains.c.person == person, role_gains.c.role == role)
