"""Where a data folder keeps its ledger, and the parts that work on it, put together."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alos.ledger.keys import KeyChange
from alos.ledger.note import VerifyKey
from alos.ledger.report import LedgerReport
from alos.ledger.verify import DEV_ORIGIN
from alos.ports.clock import Clock
from alos.store.engine import Store
from alos.store.ledger_export import iterate_leaves
from alos.store.ledger_keys import KeyFile
from alos.store.ledger_outside import CheckpointFolder
from alos.store.ledger_reader import StoredLedger
from alos.store.ledger_verify import LedgerCheck, Progress
from alos.store.sealer import Sealer
from alos.store.sealer_job import SealerJob, TakeNote, Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHome:
    """The ledger of one data folder.

    Attributes:
        journal: folder of the journals.
        id: of the installation.
        gateway: of the data folder; holds the sealer's lease.
        others: journal folders of the installation's other gateways.
        is_dev: the folder was born for development.
    """

    path: Path
    journal: Path
    id: str
    gateway: str
    others: Sequence[Path] = ()
    is_dev: bool
    store: Store

    @property
    def origin(self) -> str:
        """The ledger's name, first line of each of its checkpoints."""
        return f"{DEV_ORIGIN if self.is_dev else 'alos/'}{self.id}"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints outside the database."""
        return self.path / "checkpoints"

    @property
    def key_file(self) -> KeyFile:
        """The signing key."""
        return KeyFile(self.path / "ledger.key", self.origin)

    def build_sealer(
        self, *, clock: Clock, note: TakeNote, witness: Witness | None = None
    ) -> SealerJob:
        """The job that seals what the shipper brings.

        Raises:
            KeyFileBadError: the key can't be used.
        """
        key, change = self.key_file.open()
        sealer = Sealer(
            self.store,
            CheckpointFolder(self.checkpoints),
            key,
            clock=clock,
            holder=self.gateway,
        )
        return SealerJob(
            sealer, self.store, clock=clock, note=note, change=change, witness=witness
        )

    @property
    def reader(self) -> StoredLedger:
        """Entries, proofs and heads."""
        return StoredLedger(self.store, self.journal, self.others)

    def check(
        self,
        *,
        outside: Sequence[Path],
        trusted: Sequence[VerifyKey],
        progress: Progress,
    ) -> LedgerReport:
        """Check everything again (blocks).

        Raises:
            StoreDown: the store can't be read.
            OSError: a file of checkpoints can't be read.
        """
        own = [self.checkpoints] if self.checkpoints.exists() else []
        check = LedgerCheck(
            self.store,
            self.journal,
            [*own, *outside],
            origin=self.origin,
            trusted=trusted,
            processes=os.cpu_count() or 1,
            others=self.others,
        )
        return check.run(progress)

    def export(self) -> Iterator[str]:
        """Every leaf as a line of JSON.

        Raises:
            StoreDown: the store can't be read.
        """
        return iterate_leaves(self.store, [self.journal, *self.others])

    def rotate_key(self) -> KeyChange:
        """Make the next key; in force at the next start.

        Raises:
            KeyFileBadError: there is no key to follow.
        """
        return self.key_file.rotate()
