"""Keys as the notes tell of them, for a store that does not have them.

A key's note holds all that it is but the key itself: its hash, whose it is, what it is for, when
it ends. Keys are never deleted, so one that is noted and missing was lost with its store. One
whose holder was erased is not made again.
"""

from typing import Any, Final

from sqlalchemy import insert, or_, select, update

from alos.domain.record import NoteKind
from alos.store.engine import Store
from alos.store.tables import keys, notes

_NS: Final = 1_000_000_000
_MADE: Final = (NoteKind.KEY_CREATED.value, NoteKind.KEY_ROTATED.value)


def restore_keys(store: Store) -> int:
    """Make every key again that is noted and not kept; how many there were.

    What was revoked since is for :func:`alos.store.noted_ends.restore_revocations`, afterwards.

    Raises:
        StoreDown: they can't be read or written; nothing was changed.
    """
    columns = notes.c
    statement = (
        select(columns.at_unix_ns, columns.facts, columns.personal)
        .where(columns.kind.in_(_MADE))
        .order_by(columns.at_unix_ns)
    )
    with store.read() as connection:
        told = connection.execute(statement).all()
        kept = set(connection.scalars(select(keys.c.key_id)))
    missing = [
        values
        for note in told
        if note.facts["key"] not in kept and (values := _to_values(note)) is not None
    ]
    if missing:
        with store.write() as connection:
            connection.execute(insert(keys), missing)
            for note in told:
                _end_rotated(connection, note.facts)
    return len(missing)


def _to_values(note: Any) -> dict[str, Any] | None:
    facts = note.facts
    holder = {name: value for name, _, value in note.personal or ()}.get("principal")
    if holder is None or "secret_hash" not in facts:  # erased; or noted before notes held enough
        return None
    return {
        "key_id": facts["key"],
        "prefix": facts["prefix"],
        "secret_hash": bytes.fromhex(facts["secret_hash"]),
        "principal_id": holder,
        "principal_kind": facts["principal_kind"],
        "workspace": facts["workspace"],
        "workflows": facts["workflows"].split(","),
        "default_workflow": facts["default_workflow"],
        "surface": facts["surface"],
        "expires_at_unix": int(facts["expires_at_unix"]) if facts["expires_at_unix"] else None,
        "default_prompt": facts["default_prompt"] or None,
        "created_at_unix": note.at_unix_ns // _NS,
        "created_by": facts["by"],
        "follows": facts.get("old"),
    }


def _end_rotated(connection: Any, facts: dict[str, str]) -> None:
    """A key that was rotated ends when its note says, or sooner."""
    if "old" not in facts:
        return
    ends = int(facts["old_ends_at_unix"])
    is_later = or_(keys.c.expires_at_unix.is_(None), keys.c.expires_at_unix > ends)
    connection.execute(
        update(keys).where(keys.c.key_id == facts["old"], is_later).values(expires_at_unix=ends)
    )
