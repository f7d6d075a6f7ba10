"""The :class:`alos.ports.control_state.ControlState` on the embedded store."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from alos.domain.ids import KeyId, PersonId, PrincipalId, WorkflowId, WorkspaceId
from alos.domain.people import Role
from alos.domain.revival import RevivalVote
from alos.domain.standing import KeyGrant, PrincipalKind, Stop
from alos.ports.control_state import KeyRow, RotationMark, StopNews
from alos.store.engine import Store
from alos.store.tables import keys, revival_votes, stops


class StoredControlState:
    """Keys and kill switches; every change is committed on return."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_key(self, row: KeyRow) -> None:
        """Keep a new key.

        Raises:
            StoreDown: it was not kept (also where id or prefix are taken).
        """
        with self._store.write() as connection:
            connection.execute(insert(keys), _to_key_values(row))

    def replace_key(self, row: KeyRow, *, old_ends_at_unix: int) -> None:
        """Keep the new key and let the one it follows end by then, both or neither."""
        ends_sooner = or_(
            keys.c.expires_at_unix.is_(None), keys.c.expires_at_unix > old_ends_at_unix
        )
        with self._store.write() as connection:
            connection.execute(insert(keys), _to_key_values(row))
            connection.execute(
                update(keys)
                .where(keys.c.key_id == row.follows, ends_sooner)
                .values(expires_at_unix=old_ends_at_unix)
            )
            connection.execute(
                update(keys)
                .where(keys.c.key_id == row.follows)
                .values(rotate_by_unix=None, rotate_reason=None)
            )

    def mark_key(self, mark: RotationMark) -> None:
        """Mark a key for rotation; a key marked before keeps its earlier mark."""
        with self._store.write() as connection:
            connection.execute(
                update(keys)
                .where(keys.c.key_id == mark.key, keys.c.rotate_by_unix.is_(None))
                .values(rotate_by_unix=mark.due_unix, rotate_reason=mark.reason)
            )

    def revoke_key(self, key_id: KeyId, *, by: str, at_unix: int) -> bool:
        """Revoke; False where there is no such key, True also where it was revoked before."""
        with self._store.write() as connection:
            connection.execute(
                update(keys)
                .where(keys.c.key_id == key_id, keys.c.revoked_at_unix.is_(None))
                .values(revoked_at_unix=at_unix, revoked_by=by)
            )
            found = connection.scalar(select(keys.c.key_id).where(keys.c.key_id == key_id))
        return found is not None

    def list_keys(self) -> Sequence[KeyRow]:
        """Every key, revoked ones too, oldest first."""
        self._store.ensure()
        with self._store.read() as connection:
            rows = connection.execute(
                select(keys).order_by(keys.c.created_at_unix, keys.c.key_id)
            ).all()
        return [_to_key_row(row) for row in rows]

    def get_key_version(self) -> tuple[int, ...]:
        """Numbers that change with any key; cheap to ask for."""
        self._store.ensure()
        columns = keys.c
        statement = select(
            func.count(),
            func.count(columns.revoked_at_unix),
            func.count(columns.rotate_by_unix),
            func.coalesce(func.sum(columns.expires_at_unix), 0),
        ).select_from(keys)
        with self._store.read() as connection:
            return tuple(int(one) for one in connection.execute(statement).one())

    def keep_uses(self, uses: Mapping[KeyId, int]) -> None:
        """Keep when keys were last used, in seconds; an earlier time changes nothing."""
        if not uses:
            return
        is_earlier = or_(
            keys.c.last_used_at_unix.is_(None), keys.c.last_used_at_unix < bindparam("at_unix")
        )
        with self._store.write() as connection:
            connection.execute(
                update(keys)
                .where(keys.c.key_id == bindparam("used"), is_earlier)
                .values(last_used_at_unix=bindparam("at_unix")),
                [{"used": key, "at_unix": at_unix} for key, at_unix in uses.items()],
            )

    def add_stop(self, stop: Stop) -> bool:
        """Keep a pulled kill switch; pulling it again changes nothing.

        Returns:
            False, and nothing is kept, where this pull or a later one was taken back already.
        """
        same = and_(stops.c.kind == stop.kind, stops.c.target == stop.target)
        with self._store.write() as connection:
            standing = connection.scalar(
                select(stops.c.number).where(_is_in_force(stop.kind, stop.target))
            )
            ended = connection.scalar(
                select(func.max(stops.c.pulled_at_unix_ns)).where(
                    same, stops.c.revived_at_unix.is_not(None)
                )
            )
            if ended is not None and stop.pulled_at_unix_ns <= ended:
                return False
            if standing is not None:  # so that taking it back ends every pull of it
                connection.execute(
                    update(stops)
                    .where(
                        stops.c.number == standing,
                        stops.c.pulled_at_unix_ns < stop.pulled_at_unix_ns,
                    )
                    .values(pulled_at_unix_ns=stop.pulled_at_unix_ns)
                )
            else:
                connection.execute(
                    insert(stops),
                    {
                        "kind": stop.kind,
                        "target": stop.target,
                        "since_unix": stop.since_unix,
                        "by": stop.by,
                        "reason": stop.reason,
                        "pulled_at_unix_ns": stop.pulled_at_unix_ns,
                    },
                )
        return True

    def end_stop(self, kind: str, target: str, *, by: str, at_unix: int) -> bool:
        """Mark it revived; False where nothing was stopped."""
        with self._store.write() as connection:
            done = connection.execute(
                update(stops)
                .where(_is_in_force(kind, target))
                .values(revived_at_unix=at_unix, revived_by=by)
            )
            return done.rowcount > 0

    def list_stops(self) -> Sequence[Stop]:
        """Those in force, oldest first."""
        return self.read_stop_news().stops

    def read_stop_news(self) -> StopNews:
        """Those in force, and when others were taken back."""
        self._store.ensure()
        in_force = select(stops).where(stops.c.revived_at_unix.is_(None)).order_by(stops.c.number)
        ended = (
            select(stops.c.kind, stops.c.target, func.max(stops.c.pulled_at_unix_ns))
            .where(stops.c.revived_at_unix.is_not(None))
            .group_by(stops.c.kind, stops.c.target)
        )
        with self._store.read() as connection:
            listed = [
                Stop(
                    kind=row.kind,
                    target=row.target,
                    since_unix=row.since_unix,
                    by=row.by,
                    reason=row.reason,
                    pulled_at_unix_ns=row.pulled_at_unix_ns,
                )
                for row in connection.execute(in_force)
            ]
            revived = {(kind, target): ns for kind, target, ns in connection.execute(ended)}
        return StopNews(stops=listed, revived=revived)

    def add_revival_vote(self, vote: RevivalVote) -> None:
        """Keep what a person said of a revival; it takes the place of what they said before."""
        said = {
            "digest": vote.digest,
            "identities": sorted(vote.identities),
            "roles": sorted(vote.roles),
            "is_owner": vote.is_owner,
            "is_author": vote.is_author,
            "at_unix": vote.at_unix,
        }
        place = {
            "kind": vote.kind,
            "target": vote.target,
            "since_unix": vote.since_unix,
            "person": vote.person,
        }
        same = and_(*(revival_votes.c[name] == value for name, value in place.items()))
        with self._store.write() as connection:
            connection.execute(delete(revival_votes).where(same))
            connection.execute(insert(revival_votes), {**place, **said})

    def list_revival_votes(self, kind: str, target: str) -> Sequence[RevivalVote]:
        """What people said about taking that kill switch back, whenever it was pulled."""
        statement = (
            select(revival_votes)
            .where(revival_votes.c.kind == kind, revival_votes.c.target == target)
            .order_by(revival_votes.c.at_unix, revival_votes.c.person)
        )
        with self._store.read() as connection:
            return [
                RevivalVote(
                    kind=row.kind,
                    target=row.target,
                    since_unix=row.since_unix,
                    digest=row.digest,
                    person=PersonId(row.person),
                    identities=frozenset(row.identities),
                    roles=frozenset(Role(one) for one in row.roles),
                    is_owner=row.is_owner,
                    is_author=row.is_author,
                    at_unix=row.at_unix,
                )
                for row in connection.execute(statement)
            ]


def _is_in_force(kind: str, target: str) -> Any:
    return and_(stops.c.kind == kind, stops.c.target == target, stops.c.revived_at_unix.is_(None))


def _to_key_values(row: KeyRow) -> dict[str, Any]:
    grant = row.grant
    return {
        "key_id": grant.id,
        "prefix": grant.prefix,
        "secret_hash": grant.secret_hash,
        "principal_id": grant.principal,
        "principal_kind": grant.principal_kind,
        "workspace": grant.workspace,
        "workflows": sorted(grant.workflows),
        "default_workflow": grant.default_workflow,
        "surface": grant.surface,
        "expires_at_unix": grant.expires_at_unix,
        "default_prompt": grant.default_prompt,
        "created_at_unix": row.created_at_unix,
        "created_by": row.created_by,
        "revoked_at_unix": row.revoked_at_unix,
        "revoked_by": row.revoked_by,
        "follows": row.follows,
    }


def _to_key_row(row: Any) -> KeyRow:
    grant = KeyGrant(
        id=KeyId(row.key_id),
        prefix=row.prefix,
        secret_hash=row.secret_hash,
        principal=PrincipalId(row.principal_id),
        principal_kind=PrincipalKind(row.principal_kind),
        workspace=WorkspaceId(row.workspace),
        workflows=frozenset(WorkflowId(slug) for slug in row.workflows),
        default_workflow=WorkflowId(row.default_workflow),
        surface=row.surface,
        expires_at_unix=row.expires_at_unix,
        revoked=row.revoked_at_unix is not None,
        active=True,
        default_prompt=row.default_prompt,
    )
    return KeyRow(
        grant=grant,
        created_at_unix=row.created_at_unix,
        created_by=row.created_by,
        revoked_at_unix=row.revoked_at_unix,
        revoked_by=row.revoked_by,
        rotation=(
            None
            if row.rotate_by_unix is None
            else RotationMark(
                key=KeyId(row.key_id), due_unix=row.rotate_by_unix, reason=row.rotate_reason
            )
        ),
        follows=KeyId(row.follows) if row.follows is not None else None,
        last_used_at_unix=row.last_used_at_unix,
    )
