"""The jobs that run beside the calls."""

from alos.control.plane import ControlPlane
from alos.pipeline.anonymous import Anonymous
from alos.server.jobs import Jobs
from alos.server.kill_file import KillFile
from alos.server.settings import Settings
from alos.store.journal import FileJournal

KILL_FILE_SECONDS = 0.25
_ANONYMOUS_SECONDS = 5.0
_SAVE_SECONDS = 1.0
_USES_SECONDS = 30.0


def start_jobs(
    jobs: Jobs,
    settings: Settings,
    plane: ControlPlane,
    journal: FileJournal,
    anonymous: Anonymous,
) -> None:
    """Start them; they end with the tasks of the process."""
    kill_file = KillFile(settings.kill_file)

    async def watch_kill_file() -> None:
        await plane.set_file_stops(kill_file.read())

    async def note_anonymous() -> None:
        for entry in anonymous.take_ended():
            await journal.note(entry)

    jobs.every(KILL_FILE_SECONDS, watch_kill_file, name="watch the kill file")
    jobs.every(_ANONYMOUS_SECONDS, note_anonymous, name="note anonymous requests")
    jobs.every(_SAVE_SECONDS, plane.save, name="keep what is in force")
    jobs.every(_USES_SECONDS, plane.keys.save_uses, name="keep last uses of keys")
