"""What is kept of config revisions and of plans that wait.

The methods are synchronous and may block; callers run them in a thread. Each may raise
``StoreDown``, and then nothing was changed.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from alos.domain.ids import Digest
from alos.domain.revision import ConfigPlan, Revision


class RevisionTaken(Exception):  # noqa: N818 - a "no"
    """Another revision has this number: somebody was quicker."""


class RevisionState(Protocol):
    """Durable revisions and plans; every change is committed on return."""

    def add_files(self, files: Mapping[Digest, bytes]) -> None:
        """Keep files by their digest; those kept already change nothing."""

    def get_files(self, digests: Sequence[Digest]) -> Mapping[Digest, bytes]:
        """The files that are kept; a digest that is not comes back missing."""

    def add_plan(self, plan: ConfigPlan) -> None:
        """Keep a new plan."""

    def put_plan(self, plan: ConfigPlan) -> None:
        """Keep a plan's newest consents."""

    def end_plan(self, plan_id: str, *, state: str) -> None:
        """Close a plan: ``applied``, ``withdrawn`` or ``stale``."""

    def list_plans(self) -> Sequence[ConfigPlan]:
        """Those that wait, oldest first."""

    def add_revision(self, revision: Revision) -> None:
        """Keep the next revision.

        Raises:
            RevisionTaken: its number is not the next.
        """

    def get_last_number(self) -> int:
        """Number of the newest revision; 0 without any."""

    def get_revision(self, number: int) -> Revision | None:
        """One revision."""

    def list_revisions(self) -> Sequence[Revision]:
        """Every revision, newest first."""
