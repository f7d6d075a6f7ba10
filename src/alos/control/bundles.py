"""Uploaded bundles: taken in by their bytes, found again by their digest."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alos.control.bundle import (
    MAXIMUM_BUNDLE_BYTES,
    MAXIMUM_FILES,
    read_bundle,
)
from alos.control.documents import Problem
from alos.domain.bundle import Bundle, build_manifest, compute_digest
from alos.domain.ids import Digest
from alos.ports.bundles import BundleStore, StoredBundle
from alos.ports.clock import Clock

_KEPT = 256
"""Parsed bundles kept in memory; a bundle is some tens of kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What came of reading an uploaded bundle.

    Attributes:
        bundle: ``None`` where its files hold errors; such a bundle is not kept.
        problems: everything that ``alos check`` would say of the bundle alone.
    """

    digest: Digest | None
    bundle: Bundle | None
    problems: tuple[Problem, ...]


class Bundles:
    """Takes bundles in and hands them out; the digest is always computed here, never believed.

    Args:
        kept: told of every bundle that was kept, and when (unix seconds).
    """

    def __init__(
        self,
        store: BundleStore,
        *,
        clock: Clock,
        kept: Callable[[Bundle, int], None] = lambda _bundle, _at_unix: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._kept = kept
        self._parsed: OrderedDict[Digest, Bundle] = OrderedDict()

    async def read(self, contents: Mapping[str, bytes]) -> Upload:
        """Read a bundle and keep nothing."""
        size = sum(map(len, contents.values()))
        if len(contents) > MAXIMUM_FILES or size > MAXIMUM_BUNDLE_BYTES:
            message = f"more than {MAXIMUM_FILES} files or {MAXIMUM_BUNDLE_BYTES} bytes"
            problem = Problem(path="bundle", message=message, mend="Leave out what is not part.")
            return Upload(digest=None, bundle=None, problems=(problem,))
        reading = await asyncio.to_thread(read_bundle, contents, label="bundle")
        return Upload(digest=reading.digest, bundle=reading.bundle, problems=reading.problems)

    async def keep(self, bundle: Bundle, *, by: str) -> None:
        """Keep a bundle that was read; the same bytes again change nothing.

        Raises:
            StoreDown: it was not kept.
        """
        stored = StoredBundle(
            digest=bundle.digest,
            workflow=bundle.id,
            contents=bundle.contents,
            uploaded_by=by,
            uploaded_at_unix=self._clock.unix_ns() // 1_000_000_000,
        )
        await asyncio.to_thread(self._store.put, stored)
        self._remember(bundle)
        self._kept(bundle, stored.uploaded_at_unix)

    async def get(self, digest: Digest) -> Bundle | None:
        """The bundle of a digest, or ``None``.

        Raises:
            StoreDown: it can't be read now.
        """
        known = self._parsed.get(digest)
        if known is not None:
            self._parsed.move_to_end(digest)
            return known
        stored = await asyncio.to_thread(self._store.get, digest)
        if stored is None:
            return None
        bundle = await asyncio.to_thread(_parse, stored)
        if bundle is not None:
            self._remember(bundle)
        return bundle

    async def get_problems(self, digest: Digest) -> tuple[Problem, ...]:
        """What ``alos check`` says of the bundle alone."""
        stored = await asyncio.to_thread(self._store.get, digest)
        if stored is None:
            return ()
        reading = await asyncio.to_thread(read_bundle, stored.contents, label="bundle")
        return reading.problems

    def _remember(self, bundle: Bundle) -> None:
        self._parsed[bundle.digest] = bundle
        self._parsed.move_to_end(bundle.digest)
        while len(self._parsed) > _KEPT:
            self._parsed.popitem(last=False)


def _parse(stored: StoredBundle) -> Bundle | None:
    """Read stored bytes; whatever no longer matches its digest is not handed out."""
    if compute_digest(build_manifest(stored.contents)) != stored.digest:
        return None
    return read_bundle(stored.contents, label="bundle").bundle
