"""The handbook: the pull request template and each workflow's runbook, made from the files.

A page begins with a line that names the command and the SHA-256 of the rest. The same
configuration makes the same bytes anywhere: there is no time, no host and no release in them.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from alos.control.documents import Problem, Severity
from alos.control.pull_request_page import write_pull_request
from alos.control.registry import Loaded
from alos.control.runbook import write_runbook
from alos.domain.people import People

RUNBOOKS = "runbooks"
PULL_REQUEST = ".github/pull_request_template.md"
_BEGIN = "<!-- Written by `alos render` from the configuration; change that, not this. SHA-256 of"
_MOST_BYTES = 4 * 1024 * 1024
_NOBODY = People(persons=MappingProxyType({}), service_accounts=MappingProxyType({}))


class RenderRefused(Exception):  # noqa: N818 - a "no" to the person at the terminal
    """Nothing was written; the message says why and what to do."""


def build_handbook(loaded: Loaded, folder: Path) -> dict[str, bytes]:
    """Every page by its path relative to ``folder``, which holds ``alos.yaml``.

    The template stands at the top of the git repository around ``folder``, else in it.

    Args:
        loaded: what the folder holds, without an error.
        folder: absolute.
    """
    organisation = loaded.organisation
    if organisation is None:
        return {}
    people = loaded.people or _NOBODY
    bundles = [loaded.bundles[slug] for slug in sorted(loaded.bundles)]
    pages = {get_pull_request_path(folder): write_pull_request(bundles, people)}
    for bundle in bundles:
        pages[f"{RUNBOOKS}/{bundle.id}.md"] = write_runbook(bundle, organisation, people)
    return {path: _seal(text) for path, text in pages.items()}


def get_pull_request_path(folder: Path) -> str:
    """Where the code host looks for the template, relative to ``folder``."""
    top = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
    return Path(os.path.relpath(top / PULL_REQUEST, folder)).as_posix()


def check_handbook(loaded: Loaded, folder: Path) -> tuple[Problem, ...]:
    """Pages that differ from the configuration, and those that are missing.

    Where the configuration holds an error nothing can be said of its pages.
    """
    if not loaded.is_usable:
        return ()
    pages = build_handbook(loaded, folder)
    found = [_check_page(folder, path, raw) for path, raw in pages.items()]
    return (*(one for one in found if one is not None), *_list_orphans(folder, pages))


def write_handbook(folder: Path, pages: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write the pages that differ; a file that is not ours stops it before the first.

    Returns:
        The paths that were written.

    Raises:
        RenderRefused: somebody's own file is in the way, or the folder can't be written.
    """
    for path in pages:
        if (folder / path).parent.is_symlink():
            raise RenderRefused(f"The folder of {path} is a link; nothing was written through it.")
        if os.path.lexists(folder / path) and not _is_ours(_read(folder / path)):
            raise RenderRefused(
                f"{path} is there and was not written by `alos render`; nothing was written."
                " Move it away, then render again."
            )
    written = tuple(path for path, raw in pages.items() if _read(folder / path) != raw)
    try:
        for path in written:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.new")
            draft.unlink(missing_ok=True)
            draft.write_bytes(pages[path])
            draft.replace(target)
    except OSError as error:
        raise RenderRefused(f"{path} can't be written ({error.strerror}).") from error
    return written


def _check_page(folder: Path, path: str, wanted: bytes) -> Problem | None:
    if not os.path.lexists(folder / path):
        return Problem(
            severity=Severity.WARNING,
            path=path,
            message="is not written yet",
            mend="Run `alos render` and commit it.",
        )
    there = _read(folder / path)
    if there == wanted:
        return None
    if not _is_ours(there):
        message = "stands where `alos render` writes, and is not its page"
        mend = "Move it away, run `alos render`, and commit what it writes."
    elif there != _seal(_get_text(there)):
        message = "was changed by hand"
        mend = "Change the configuration instead, then run `alos render` and commit its page."
    else:
        message = "is older than the configuration"
        mend = "Run `alos render` and commit it."
    return Problem(severity=Severity.BLOCKS_RELEASE, path=path, message=message, mend=mend)


def _list_orphans(folder: Path, pages: Mapping[str, bytes]) -> Iterator[Problem]:
    for page in sorted((folder / RUNBOOKS).glob("*.md")):
        path = f"{RUNBOOKS}/{page.name}"
        if path not in pages and _is_ours(_read(page)):
            yield Problem(
                severity=Severity.BLOCKS_RELEASE,
                path=path,
                message="is the runbook of a workflow that is not here",
                mend="Delete it, or bring the workflow back.",
            )


def _seal(text: str) -> bytes:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{_BEGIN} the rest: {digest} -->\n{text}".encode()


def _get_text(page: bytes) -> str:
    return page.partition(b"\n")[2].decode(errors="replace")


def _is_ours(page: bytes) -> bool:
    return page.startswith(_BEGIN.encode())


def _read(path: Path) -> bytes:
    """A regular file's bytes; nothing of anything else, a link or what is too large."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return b""
    return path.read_bytes()
