"""Kill switches and revocations as the notes tell of them, for a store that does not have them.

The journal outlives ``alos.db``, and takes what a store that is down does not: a switch that was
pulled and not taken back holds again once the notes have been read, and a revoked key stays so.
What the kill file holds is read from the file.
"""

from sqlalchemy import select, update

from alos.domain.record import NoteKind
from alos.domain.standing import Stop
from alos.store.control_state import StoredControlState
from alos.store.engine import Store
from alos.store.tables import keys, notes

KILL_FILE = "kill-file"
_NS = 1_000_000_000


def restore_stops(store: Store) -> list[Stop]:
    """Keep every switch whose last note says that it was pulled; those that were missing.

    Raises:
        StoreDown: it can't be read or written.
    """
    state = StoredControlState(store)
    kept = {(one.kind, one.target) for one in state.list_stops()}
    missing = [one for one in list_noted_stops(store) if (one.kind, one.target) not in kept]
    return [one for one in missing if state.add_stop(one)]


def list_noted_stops(store: Store) -> list[Stop]:
    """The switches that the notes alone say are pulled, oldest first.

    Raises:
        StoreDown: the notes can't be read.
    """
    columns = notes.c
    kinds = (NoteKind.STOPPED.value, NoteKind.REVIVED.value)
    statement = select(columns.kind, columns.at_unix_ns, columns.facts).where(
        columns.kind.in_(kinds)
    )
    with store.read() as connection:
        told = connection.execute(statement).all()
    pulled: dict[tuple[str, str], Stop] = {}
    for note in sorted(told, key=lambda one: (one.at_unix_ns, one.kind == NoteKind.STOPPED)):
        facts = note.facts
        if facts["by"] == KILL_FILE:
            continue
        key = (facts["kind"], facts["target"])
        if note.kind == NoteKind.REVIVED:
            pulled.pop(key, None)
        else:
            pulled[key] = Stop(
                kind=key[0],
                target=key[1],
                since_unix=note.at_unix_ns // _NS,
                by=facts["by"],
                reason="pulled before the store was lost; the journal says so",
                pulled_at_unix_ns=note.at_unix_ns,
            )
    return list(pulled.values())


def restore_revocations(store: Store) -> int:
    """Revoke every key whose revocation is noted and not kept; how many there were.

    Raises:
        StoreDown: it can't be read or written.
    """
    columns = notes.c
    statement = select(columns.at_unix_ns, columns.facts).where(
        columns.kind == NoteKind.KEY_REVOKED.value
    )
    with store.read() as connection:
        told = connection.execute(statement).all()
        alive = set(
            connection.scalars(select(keys.c.key_id).where(keys.c.revoked_at_unix.is_(None)))
        )
    missing = {one.facts["key"]: one for one in told if one.facts["key"] in alive}
    if missing:
        with store.write() as connection:
            for key, note in missing.items():
                values = {
                    "revoked_at_unix": note.at_unix_ns // _NS, "revoked_by": note.facts["by"],
                }  # fmt: skip
                connection.execute(update(keys).where(keys.c.key_id == key).values(values))
    return len(missing)
