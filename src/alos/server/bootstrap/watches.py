"""The jobs that run beside the calls."""

import asyncio

from alos.control.plane import ControlPlane
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.current import Current
from alos.server.jobs import Jobs
from alos.server.kill_file import KillFile
from alos.server.settings import Settings
from alos.store.engine import Store
from alos.store.journal import FileJournal

KILL_FILE_SECONDS = 0.25
_ANONYMOUS_SECONDS = 5.0
_LISTEN_SECONDS = 1.0
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
        await plane.set_file_stops(kill_file.read())

    async def note_anonymous() -> None:
        for entry in anonymous.take_ended():
            await journal.note(entry)

    store, current = heard

    def look() -> None:
        with store.read() as connection:
            connection.exec_driver_sql("SELECT 1 FROM stops LIMIT 1")

    async def hear() -> None:
        await asyncio.to_thread(look)
        current.note_heard()

    jobs.every(_LISTEN_SECONDS, hear, name="hear from the store")
    jobs.every(KILL_FILE_SECONDS, watch_kill_file, name="watch the kill file")
    jobs.every(_ANONYMOUS_SECONDS, note_anonymous, name="note anonymous requests")
    jobs.every(_SAVE_SECONDS, plane.save, name="keep what is in force")
    jobs.every(_USES_SECONDS, plane.keys.save_uses, name="keep last uses of keys")
