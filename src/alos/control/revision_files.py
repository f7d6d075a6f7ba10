"""The files of a config revision: taken from a folder or an upload, and laid out again."""

import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from alos.control.bundle import read_contents
from alos.control.refused import ChangeRefused
from alos.control.registry import (
    MAXIMUM_WORKFLOWS,
    ORGANISATION_FILE,
    PEOPLE_FILE,
    WORKFLOWS_FOLDER,
)
from alos.domain.bundle import build_manifest, compute_digest, to_manifest_path
from alos.domain.ids import Digest

MAXIMUM_BYTES = 16 * 1024 * 1024
MAXIMUM_FILES = 5_000
_MOST_PARTS = 8


def read_files(folder: Path) -> dict[str, bytes]:
    """Every file of an organisation's folder that a revision holds, by path.

    What can't be read or has no place there is left out; reading the folder as an organisation
    names each such mistake.
    """
    files = {}
    for name in (ORGANISATION_FILE, PEOPLE_FILE):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    parent = folder / WORKFLOWS_FOLDER
    if parent.is_dir():
        for path in sorted(parent.iterdir())[:MAXIMUM_WORKFLOWS]:
            if path.is_symlink() or not path.is_dir():
                continue
            contents, _ = read_contents(path, label=path.name)
            for inner, raw in contents.items():
                files[f"{WORKFLOWS_FOLDER}/{path.name}/{inner}"] = raw
    return files


def check_files(files: Mapping[str, bytes]) -> None:
    """Check that uploaded files may be laid out.

    Raises:
        ChangeRefused: a path that leads elsewhere, too many files, or too large ones.
    """
    if ORGANISATION_FILE not in files:
        raise ChangeRefused(f"there is no {ORGANISATION_FILE} in it")
    if len(files) > MAXIMUM_FILES or sum(map(len, files.values())) > MAXIMUM_BYTES:
        raise ChangeRefused(f"at most {MAXIMUM_FILES} files of {MAXIMUM_BYTES} bytes together")
    for path in files:
        try:
            parts = to_manifest_path(path).split("/")
        except ValueError as error:
            raise ChangeRefused(str(error)) from error
        known = path in {ORGANISATION_FILE, PEOPLE_FILE} or (
            parts[0] == WORKFLOWS_FOLDER and 3 <= len(parts) <= _MOST_PARTS  # noqa: PLR2004
        )
        if not known:
            raise ChangeRefused("a revision holds alos.yaml, people.yaml and workflows/ only")


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Lay files out in a folder that does not exist yet; whole, or not at all.

    Raises:
        OSError: the disk refuses.
    """
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    for path, raw in files.items():
        target = draft / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_bytes(raw)
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)


def to_file_digest(raw: bytes) -> Digest:
    """The digest that a file is kept under."""
    return Digest(f"sha256:{sha256(raw).hexdigest()}")


def get_digest(files: Mapping[str, bytes]) -> Digest:
    """The revision's digest: of ``alos.yaml`` and ``people.yaml`` as they are, by the manifest.

    Bundles have digests of their own.
    """
    own = {path: raw for path, raw in files.items() if path in {ORGANISATION_FILE, PEOPLE_FILE}}
    return compute_digest(build_manifest(own))
