"""The :class:`alos.ports.bundles.BundleStore` on the database."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import insert, select

from alos.domain.ids import Digest, WorkflowId
from alos.ports.bundles import StoredBundle
from alos.store.engine import Store
from alos.store.release_tables import bundles

_decode: Final = msgspec.msgpack.Decoder(dict[str, bytes]).decode
_LARGEST_BYTES: Final = 64 * 1024 * 1024


class StoredBundles:
    """Bundles by digest, kept for good."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, bundle: StoredBundle) -> None:
        """See :class:`alos.ports.bundles.BundleStore`."""
        packed = zlib.compress(msgspec.msgpack.encode(dict(sorted(bundle.contents.items()))))
        with self._store.write() as connection:
            known = connection.scalar(
                select(bundles.c.digest).where(bundles.c.digest == bundle.digest)
            )
            if known is None:
                values = {
                    "digest": bundle.digest,
                    "workflow": bundle.workflow,
                    "contents": packed,
                    "uploaded_by": bundle.uploaded_by,
                    "uploaded_at_unix": bundle.uploaded_at_unix,
                }
                connection.execute(insert(bundles), values)

    def get(self, digest: Digest) -> StoredBundle | None:
        """See :class:`alos.ports.bundles.BundleStore`."""
        self._store.ensure()
        with self._store.read() as connection:
            row = connection.execute(select(bundles).where(bundles.c.digest == digest)).first()
        if row is None:
            return None
        contents = zlib.decompressobj().decompress(row.contents, _LARGEST_BYTES)
        return StoredBundle(
            digest=Digest(row.digest),
            workflow=WorkflowId(row.workflow),
            contents=_decode(contents),
            uploaded_by=row.uploaded_by,
            uploaded_at_unix=row.uploaded_at_unix,
        )

    def list_digests(self, workflow: WorkflowId) -> Sequence[Digest]:
        """See :class:`alos.ports.bundles.BundleStore`."""
        self._store.ensure()
        statement = (
            select(bundles.c.digest)
            .where(bundles.c.workflow == workflow)
            .order_by(bundles.c.uploaded_at_unix, bundles.c.digest)
        )
        with self._store.read() as connection:
            return [Digest(digest) for digest in connection.scalars(statement)]

    def list_uploads(self, since_unix: int) -> Mapping[Digest, int]:
        """See :class:`alos.ports.bundles.BundleStore`."""
        self._store.ensure()
        columns = bundles.c
        statement = (
            select(columns.digest, columns.uploaded_at_unix)
            .where(columns.uploaded_at_unix >= since_unix)
            .order_by(columns.uploaded_at_unix, columns.digest)
        )
        with self._store.read() as connection:
            return {Digest(digest): at_unix for digest, at_unix in connection.execute(statement)}
