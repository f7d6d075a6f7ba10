"""The :class:`alos.ports.revisions.RevisionState` on the store."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, select, update

from alos.domain.ids import Digest
from alos.domain.revision import Approval, ConfigChange, ConfigPlan, Revision, Section
from alos.ports.revisions import RevisionTaken
from alos.store.engine import Store
from alos.store.revision_tables import config_files, config_plans, config_revisions

_WAITING = "waiting"


class StoredRevisions:
    """Config revisions, their files and their plans."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_files(self, files: Mapping[Digest, bytes]) -> None:
        """Keep files by their digest; those kept already change nothing."""
        with self._store.write() as connection:
            kept = set(
                connection.scalars(
                    select(config_files.c.digest).where(config_files.c.digest.in_(files))
                )
            )
            new = [
                {"digest": digest, "content": content}
                for digest, content in files.items()
                if digest not in kept
            ]
            if new:
                connection.execute(insert(config_files), new)

    def get_files(self, digests: Sequence[Digest]) -> Mapping[Digest, bytes]:
        """The files that are kept; a digest that is not comes back missing."""
        statement = select(config_files).where(config_files.c.digest.in_(digests))
        with self._store.read() as connection:
            return {Digest(row.digest): row.content for row in connection.execute(statement)}

    def add_plan(self, plan: ConfigPlan) -> None:
        """Keep a new plan."""
        with self._store.write() as connection:
            connection.execute(insert(config_plans), {**_from_plan(plan), "state": _WAITING})

    def put_plan(self, plan: ConfigPlan) -> None:
        """Keep a plan's newest consents."""
        with self._store.write() as connection:
            connection.execute(
                update(config_plans)
                .where(config_plans.c.plan_id == plan.id)
                .values(approvals=_from_plan(plan)["approvals"])
            )

    def end_plan(self, plan_id: str, *, state: str) -> None:
        """Close a plan: ``applied``, ``withdrawn`` or ``stale``."""
        with self._store.write() as connection:
            connection.execute(
                update(config_plans).where(config_plans.c.plan_id == plan_id).values(state=state)
            )

    def list_plans(self) -> Sequence[ConfigPlan]:
        """Those that wait, oldest first."""
        self._store.ensure()
        statement = (
            select(config_plans)
            .where(config_plans.c.state == _WAITING)
            .order_by(config_plans.c.proposed_at_unix, config_plans.c.plan_id)
        )
        with self._store.read() as connection:
            return [_to_plan(row) for row in connection.execute(statement)]

    def add_revision(self, revision: Revision) -> None:
        """Keep the next revision.

        Raises:
            RevisionTaken: its number is not the next.
        """
        values = {
            "number": revision.number,
            "digest": revision.digest,
            "files": dict(revision.files),
            "applied_at_unix": revision.applied_at_unix,
            "applied_by": list(revision.applied_by),
            "envelope": revision.envelope,
        }
        with self._store.write() as connection:
            last = connection.scalar(select(func.max(config_revisions.c.number))) or 0
            if revision.number != last + 1:
                raise RevisionTaken(f"revision {revision.number} is not the next")
            connection.execute(insert(config_revisions), values)

    def get_last_number(self) -> int:
        """Number of the newest revision; 0 without any."""
        self._store.ensure()
        with self._store.read() as connection:
            return connection.scalar(select(func.max(config_revisions.c.number))) or 0

    def get_revision(self, number: int) -> Revision | None:
        """One revision."""
        statement = select(config_revisions).where(config_revisions.c.number == number)
        with self._store.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _to_revision(row)

    def list_revisions(self) -> Sequence[Revision]:
        """Every revision, newest first."""
        statement = select(config_revisions).order_by(config_revisions.c.number.desc())
        with self._store.read() as connection:
            return [_to_revision(row) for row in connection.execute(statement)]


def _from_plan(plan: ConfigPlan) -> dict[str, Any]:
    return {
        "plan_id": plan.id,
        "base": plan.base,
        "files": dict(plan.files),
        "changes": [
            {"path": one.path, "section": one.section, "before": one.before, "after": one.after}
            for one in plan.changes
        ],
        "proposed_by": plan.proposed_by,
        "proposed_at_unix": plan.proposed_at_unix,
        "approvals": [
            {
                "by": one.by,
                "identities": sorted(one.identities),
                "gives": sorted(one.gives),
                "confirms": one.confirms,
                "at_unix": one.at_unix,
                "known_by": dict(one.known_by),
            }
            for one in plan.approvals
        ],
    }


def _to_plan(row: Any) -> ConfigPlan:
    return ConfigPlan(
        id=row.plan_id,
        base=row.base,
        files={path: Digest(digest) for path, digest in row.files.items()},
        changes=tuple(
            ConfigChange(
                path=one["path"],
                section=Section(one["section"]),
                before=one["before"],
                after=one["after"],
            )
            for one in row.changes
        ),
        proposed_by=row.proposed_by,
        proposed_at_unix=row.proposed_at_unix,
        approvals=tuple(
            Approval(
                by=one["by"],
                identities=frozenset(one["identities"]),
                gives=frozenset(map(Section, one["gives"])),
                confirms=one["confirms"],
                at_unix=one["at_unix"],
                known_by=one["known_by"],
            )
            for one in row.approvals
        ),
    )


def _to_revision(row: Any) -> Revision:
    return Revision(
        number=row.number,
        digest=Digest(row.digest),
        files={path: Digest(digest) for path, digest in row.files.items()},
        applied_at_unix=row.applied_at_unix,
        applied_by=tuple(row.applied_by),
        envelope=row.envelope,
    )
