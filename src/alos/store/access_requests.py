"""The :class:`alos.ports.access_requests.AccessRequestStore` on the database."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Column, String, Table, Text, insert, select

from alos.domain.access_request import AccessRequest
from alos.store.engine import Store
from alos.store.tables import metadata

access_requests: Final = Table(
    "access_requests",
    metadata,
    Column("request_id", String, primary_key=True),
    Column("at_unix", BigInteger, nullable=False, index=True),
    Column("request", Text, nullable=False),
)
"""``request``: JSON of the fields of ``domain.access_request.AccessRequest``."""


class StoredAccessRequests:
    """Access requests by time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, request: AccessRequest) -> None:
        """See :class:`alos.ports.access_requests.AccessRequestStore`."""
        values = {
            "request_id": request.id,
            "at_unix": request.at_unix,
            "request": msgspec.json.encode(request).decode(),
        }
        with self._store.write() as connection:
            connection.execute(insert(access_requests), values)

    def list_requests(self, *, most: int) -> Sequence[AccessRequest]:
        """See :class:`alos.ports.access_requests.AccessRequestStore`."""
        self._store.ensure()
        newest = (access_requests.c.at_unix.desc(), access_requests.c.request_id)
        statement = select(access_requests.c.request).order_by(*newest).limit(most)
        with self._store.read() as connection:
            return [
                msgspec.json.decode(row, type=AccessRequest)
                for row in connection.scalars(statement)
            ]
