"""Chooses what a process serves: the newest revision that can be read, else the folder given.

``serve --config`` only seeds an empty store; after that the applied revision wins on every host.
"""

import logging
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alos.checks.catalogue import Scanner
from alos.control.detectors import build_detectors
from alos.control.directory import check_file_people, merge_people
from alos.control.refused import ChangeRefused
from alos.control.registry import load_organisation
from alos.control.revision_files import get_digest, read_files, write_files
from alos.control.revisions import load_files
from alos.control.standing import Configuration
from alos.domain.organisation import Organisation
from alos.domain.people import People
from alos.ports.directory import DirectoryEntry
from alos.ports.revisions import RevisionState

BuildDetectors = Callable[[Organisation], Scanner]

_logger = logging.getLogger(__name__)


class ConfigurationProblems(Exception):  # noqa: N818 - a "no" to the operator
    """The files hold errors, so nothing may be served from them."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(f"{len(lines)} problems")
        self.lines = lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Files that were read without an error, and what is built from them."""

    files: Mapping[str, bytes]
    configuration: Configuration
    scanner: Scanner


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a start serves.

    Attributes:
        number: of the revision; 0 where the folder seeds an empty store.
        trouble: why a newer revision is not the one; empty where it is the newest.
    """

    prepared: Prepared
    number: int
    trouble: str = ""


def choose_configuration(
    folder: Path,
    state: RevisionState,
    entries: Sequence[DirectoryEntry],
    build: BuildDetectors = build_detectors,
) -> Chosen:
    """Choose what to serve (blocks).

    Args:
        folder: what ``--config`` names; only an empty store is seeded from it.
        state: the revisions kept.
        entries: the directory's, whose people the files may name.
        build: compiles the detectors.

    Raises:
        ConfigurationProblems: every error, one line each.
        StoreDown: the store can't be read.
    """
    troubles = []
    for revision in state.list_revisions():
        try:
            prepared = prepare_files(load_files(state, revision), entries, build)
        except ChangeRefused as refused:
            troubles.append(f"revision {revision.number} can't be read: {refused}")
            _logger.warning("%s; the one before stays in force", troubles[-1])
            continue
        _say_where_it_differs(folder, prepared, revision.number)
        trouble = troubles[0] if troubles else ""
        return Chosen(prepared=prepared, number=revision.number, trouble=trouble)
    if troubles:
        raise ConfigurationProblems(troubles)
    return Chosen(prepared=_read(folder, read_files(folder), entries, build), number=0)


def prepare_files(
    files: Mapping[str, bytes],
    entries: Sequence[DirectoryEntry],
    build: BuildDetectors = build_detectors,
) -> Prepared:
    """Read files and build what follows from them (blocks; about a second).

    Raises:
        ChangeRefused: they hold errors; the message has a line for each.
    """
    with tempfile.TemporaryDirectory(prefix="alos-config-") as parent:
        folder = Path(parent) / "files"
        write_files(files, folder)
        try:
            return _read(folder, files, entries, build)
        except ConfigurationProblems as problems:
            raise ChangeRefused("\n".join(problems.lines)) from problems


def _read(
    folder: Path,
    files: Mapping[str, bytes],
    entries: Sequence[DirectoryEntry],
    build: BuildDetectors,
) -> Prepared:
    def lay_over(people: People) -> People:
        return merge_people(people, entries)

    loaded = load_organisation(folder, lay_over=lay_over)
    if not loaded.is_usable or loaded.organisation is None or loaded.people is None:
        raise ConfigurationProblems([str(one) for one in loaded.problems if one.is_error])
    if clashes := check_file_people(loaded.people, entries):
        raise ConfigurationProblems(clashes)
    if unread := list(_list_unread_authorities(loaded.organisation)):
        raise ConfigurationProblems(unread)
    return Prepared(
        files=files,
        scanner=build(loaded.organisation),
        configuration=Configuration(
            organisation=loaded.organisation,
            people=loaded.people,
            bundles=loaded.bundles,
            policy=get_digest(files),
        ),
    )


def _list_unread_authorities(organisation: Organisation) -> Iterator[str]:
    """Vendors whose CA file is not on this machine or no PEM; a client can't be built for them."""
    for vendor in organisation.vendors.values():
        if vendor.ca_file is None:
            continue
        try:
            ssl.create_default_context().load_verify_locations(cafile=vendor.ca_file)
        except OSError as error:
            yield (
                f"alos.yaml: `vendors.{vendor.name}.ca_file` can't be read on this machine"
                f" ({error.strerror or error}). Put the PEM file there, or mend the path."
            )


def _say_where_it_differs(folder: Path, prepared: Prepared, number: int) -> None:
    if not (folder / "alos.yaml").is_file():
        return
    given = read_files(folder)
    if any(prepared.files.get(path) != raw for path, raw in given.items()):
        _logger.warning(
            "%s differs from revision %d, which stays in force; `alos config apply %s` changes it",
            folder,
            number,
            folder,
        )
