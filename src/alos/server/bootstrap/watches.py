"""The jobs that run beside the calls."""

import asyncio

from alos.control.plane import ControlPlane
from alos.domain.fault import ChannelDown
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.current import Current
from alos.ports.stop_channel import NoChannel
from alos.server.jobs import Jobs
from alos.server.kill_file import KillFile
from alos.server.settings import Settings
from alos.store.engine import Store
from alos.store.journal import FileJournal

KILL_FILE_SECONDS = 0.25
_ANONYMOUS_SECONDS = 5.0
_ALONE_SECONDS = 1.0
"""How often a store is asked that no other gateway writes."""
_LOOK_SECONDS = 0.25
"""How often news of kill switches is looked for, whatever rings meanwhile."""
_SAVE_SECONDS = 1.0
_USES_SECONDS = 30.0


def start_jobs(
    jobs: Jobs,
    settings: Settings,
    plane: ControlPlane,
    journal: FileJournal,
    anonymous: Anonymous,
    heard: tuple[Store, Current],
) -> None:
    """Start them; they end with the tasks of the process.

    Args:
        jobs: starts each.
        settings: where the kill file is.
        plane: takes and keeps kill switches.
        journal: takes counts of anonymous requests.
        anonymous: counts them.
        heard: the store that is asked whether it is there, and who remembers when it last was.
    """
    kill_file = KillFile(settings.kill_file)

    async def watch_kill_file() -> None:
        targets = kill_file.read()
        await plane.switches.set_file(targets, kill_file.written_at_unix_ns)

    async def note_anonymous() -> None:
        for entry in anonymous.take_ended():
            await journal.note(entry)

    store, current = heard
    switches = plane.switches

    async def hear_from_store() -> None:
        await switches.hear_from_store()
        current.note_heard()

    async def hear_from_channel() -> None:
        try:
            await switches.hear_from_channel()
            current.note_heard()
            await switches.tell_rest()
            await switches.channel.wait(_LOOK_SECONDS)
        except ChannelDown:
            await asyncio.sleep(_LOOK_SECONDS)
            raise

    is_alone = store.path is not None
    jobs.every(
        _ALONE_SECONDS if is_alone else _LOOK_SECONDS, hear_from_store, name="hear from the store"
    )
    if not isinstance(switches.channel, NoChannel):
        jobs.every(0.0, hear_from_channel, name="hear from Valkey")
    jobs.every(KILL_FILE_SECONDS, watch_kill_file, name="watch the kill file")
    jobs.every(_ANONYMOUS_SECONDS, note_anonymous, name="note anonymous requests")
    jobs.every(_SAVE_SECONDS, plane.save, name="keep what is in force")
    jobs.every(_USES_SECONDS, plane.keys.save_uses, name="keep last uses of keys")
