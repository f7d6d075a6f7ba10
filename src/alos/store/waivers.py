"""The :class:`alos.ports.waivers.WaiverStore` on the database."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select

from alos.domain.waiver import Waiver
from alos.store.engine import Store
from alos.store.release_tables import waivers


class StoredWaivers:
    """Waivers by id; few, so they are read whole."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, waiver: Waiver) -> None:
        """See :class:`alos.ports.waivers.WaiverStore`."""
        values = {
            "waiver_id": waiver.id,
            "requested_at_unix": waiver.requested_at_unix,
            "waiver": msgspec.json.encode(waiver).decode(),
        }
        with self._store.write() as connection:
            connection.execute(delete(waivers).where(waivers.c.waiver_id == waiver.id))
            connection.execute(insert(waivers), values)

    def list_waivers(self) -> Sequence[Waiver]:
        """See :class:`alos.ports.waivers.WaiverStore`."""
        self._store.ensure()
        statement = select(waivers.c.waiver).order_by(
            waivers.c.requested_at_unix, waivers.c.waiver_id
        )
        with self._store.read() as connection:
            return [msgspec.json.decode(row, type=Waiver) for row in connection.scalars(statement)]
