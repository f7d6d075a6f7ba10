"""Where uploaded bundles are kept, by digest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.domain.ids import Digest, WorkflowId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBundle:
    """An uploaded bundle as its bytes.

    Attributes:
        contents: raw bytes by manifest path.
        uploaded_by: a principal's id.
    """

    digest: Digest
    workflow: WorkflowId
    contents: Mapping[str, bytes]
    uploaded_by: str
    uploaded_at_unix: int


class BundleStore(Protocol):
    """Keeps bundles for good; every method may block and may raise ``StoreDown``."""

    def put(self, bundle: StoredBundle) -> None:
        """Keep it; a digest that is there already stays as it is."""

    def get(self, digest: Digest) -> StoredBundle | None:
        """The bundle of a digest; ``None`` where none was uploaded."""

    def list_digests(self, workflow: WorkflowId) -> Sequence[Digest]:
        """Digests of a workflow's bundles, oldest upload first."""

    def list_uploads(self, since_unix: int) -> Mapping[Digest, int]:
        """When each bundle was uploaded, of those uploaded since; oldest first."""


class MemoryBundles:
    """Bundles in memory, for tests and one-off runs."""

    def __init__(self) -> None:
        self._bundles: dict[Digest, StoredBundle] = {}

    def put(self, bundle: StoredBundle) -> None:
        """See :class:`BundleStore`."""
        self._bundles.setdefault(bundle.digest, bundle)

    def get(self, digest: Digest) -> StoredBundle | None:
        """See :class:`BundleStore`."""
        return self._bundles.get(digest)

    def list_digests(self, workflow: WorkflowId) -> Sequence[Digest]:
        """See :class:`BundleStore`."""
        return [one.digest for one in self._bundles.values() if one.workflow == workflow]

    def list_uploads(self, since_unix: int) -> Mapping[Digest, int]:
        """See :class:`BundleStore`."""
        return {
            one.digest: one.uploaded_at_unix
            for one in self._bundles.values()
            if one.uploaded_at_unix >= since_unix
        }
