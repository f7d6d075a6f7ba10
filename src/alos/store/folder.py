"""The journal folder: names of its files, and locks that tell a dead writer from a living one.

::

    <writer>-00000.alj   segments, numbered from 0
    <writer>.lock        held (flock) while the writer lives; removed when its calls are settled
    reserve              disk space kept for refusals
    newest               time of the newest entry of all settled writers
"""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alos.domain.ids import WriterId

SEGMENT_SUFFIX = ".alj"
LOCK_SUFFIX = ".lock"
RESERVE_NAME = "reserve"
_NEWEST_NAME = "newest"
_NUMBER_DIGITS = 5


def new_writer_id(unix_ns: int) -> WriterId:
    """Name a writer so that names sort by birth and never meet."""
    born = datetime.fromtimestamp(unix_ns / 1e9, tz=UTC)
    return WriterId(f"w-{born:%Y%m%dT%H%M%S}{born.microsecond:06d}-{secrets.token_hex(4)}")


def get_birth_name(writer: WriterId) -> str:
    """The part of a writer's name that sorts by birth."""
    return writer.rpartition("-")[0]


def segment_path(folder: Path, writer: WriterId, number: int) -> Path:
    """Where a segment stands."""
    return folder / f"{writer}-{number:0{_NUMBER_DIGITS}d}{SEGMENT_SUFFIX}"


def list_writers(folder: Path) -> list[WriterId]:
    """All writers with a segment in the folder, oldest name first."""
    cut = -(_NUMBER_DIGITS + len(SEGMENT_SUFFIX) + 1)
    return sorted({WriterId(path.name[:cut]) for path in folder.glob(f"*{SEGMENT_SUFFIX}")})


def list_segments(folder: Path, writer: WriterId) -> list[Path]:
    """A writer's segments in order."""
    digits = "[0-9]" * _NUMBER_DIGITS
    return sorted(folder.glob(f"{writer}-{digits}{SEGMENT_SUFFIX}"))


def find_folder(folders: Sequence[Path], writer: WriterId) -> Path | None:
    """The folder that holds a writer's segments."""
    return next((folder for folder in folders if list_segments(folder, writer)), None)


def sync_folder(folder: Path) -> None:
    """Make names of new and removed files durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_new_writer(folder: Path, writer: WriterId) -> int:
    """Create the writer's lock file, already locked when it gets its name; return its fd."""
    final = folder / f"{writer}{LOCK_SUFFIX}"
    draft = folder / f".{writer}{LOCK_SUFFIX}"
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        draft.rename(final)
    except OSError:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
        raise
    return descriptor


def list_unsettled(folder: Path) -> list[WriterId]:
    """Writers that live, or died without their calls being settled."""
    return sorted(
        WriterId(path.name.removesuffix(LOCK_SUFFIX)) for path in folder.glob(f"w*{LOCK_SUFFIX}")
    )


def mark_settled(folder: Path, writer: WriterId, last_unix_ns: int) -> None:
    """Note that nobody needs to look into this writer's journal again.

    When its last entry was made (``last_unix_ns``) is remembered first, so that a later start
    can compare its clock without reading the journals of writers long gone.
    """
    keep_newest(folder, last_unix_ns)
    (folder / f"{writer}{LOCK_SUFFIX}").unlink(missing_ok=True)
    sync_folder(folder)


def get_newest(folder: Path) -> int | None:
    """When the newest entry of the settled writers was made; nothing where that is not known."""
    try:
        return int((folder / _NEWEST_NAME).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def keep_newest(folder: Path, unix_ns: int) -> None:
    """Raise what :func:`get_newest` says, never lower it; several processes may do so at once."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = get_newest(folder)
        if known is not None and known >= unix_ns:
            return
        draft = folder / f".{_NEWEST_NAME}"
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{unix_ns}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / _NEWEST_NAME)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def claim_dead_writer(folder: Path, writer: WriterId) -> Iterator[bool]:
    """Hold a dead writer's lock for a while; yields false when it lives or is settled."""
    path = folder / f"{writer}{LOCK_SUFFIX}"
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield path.exists()
    finally:
        os.close(descriptor)
