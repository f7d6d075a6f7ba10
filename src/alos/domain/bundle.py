"""The files of a workflow, and the one digest over them.

The format is specified byte by byte, with vectors, in ``docs/reference/digest.md``.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from alos.domain.golden import GoldenCase
from alos.domain.ids import Digest, WorkflowId
from alos.domain.workflow import Workflow

MANIFEST_HEADER = b"alos-bundle-v1\n"
LAST_CONTROL_CHARACTER = 0x1F
DELETE_CHARACTER = 0x7F


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """One line of a manifest.

    Attributes:
        path: relative to the workflow's folder, ``/`` between parts, in Unicode form NFC.
        size_bytes: length of the raw bytes.
        sha256: 64 lower-case hexadecimal characters.
    """

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A named, versioned template that becomes the system message of a call.

    Attributes:
        path: the template's file inside the bundle.
        template: its text, as written.
        variables: the names it uses, sorted.
    """

    name: str
    version: str
    path: str
    template: str
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry of the decision log; no field is empty or a placeholder."""

    path: str
    what_changed: str
    why: str
    expected_impact: str
    rollback_plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A workflow as its files say it, read whole and without an error.

    Attributes:
        files: the manifest, sorted as the digest sorts it.
        contents: the raw bytes of every file, by manifest path.
        decisions: the decision log, oldest file name first; the last one is this change's.
    """

    digest: Digest
    files: tuple[BundleFile, ...]
    contents: Mapping[str, bytes]
    workflow: Workflow
    prompts: Mapping[str, Prompt]
    cases: tuple[GoldenCase, ...]
    decisions: tuple[Decision, ...]

    @property
    def id(self) -> WorkflowId:
        """The workflow's slug."""
        return self.workflow.id


def to_manifest_path(path: str) -> str:
    """Write a relative path the way a manifest does: ``/`` between parts, Unicode form NFC.

    Raises:
        ValueError: an absolute or empty path, an empty, ``.`` or ``..`` part, a backslash, a
            control character, or a name that is not Unicode.
    """
    normal = unicodedata.normalize("NFC", path)
    if any(part in {"", ".", ".."} for part in normal.split("/")):
        raise ValueError("a path in a bundle is relative and has no empty, '.' or '..' part")
    if any(
        ord(char) <= LAST_CONTROL_CHARACTER or ord(char) == DELETE_CHARACTER for char in normal
    ):
        raise ValueError("a path in a bundle has no control character")
    if "\\" in normal:
        raise ValueError("a path in a bundle has no backslash")
    try:
        normal.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a path in a bundle is valid Unicode") from error
    return normal


def build_manifest(contents: Mapping[str, bytes]) -> tuple[BundleFile, ...]:
    """List the files of a bundle in the order of the digest.

    Raises:
        ValueError: a path that no manifest may hold, or two that are one in form NFC.
    """
    files: dict[str, BundleFile] = {}
    for given, raw in contents.items():
        path = to_manifest_path(given)
        if path in files:
            raise ValueError("two paths in a bundle are the same in Unicode form NFC")
        sha256 = hashlib.sha256(raw).hexdigest()
        files[path] = BundleFile(path=path, size_bytes=len(raw), sha256=sha256)
    return tuple(sorted(files.values(), key=lambda file: file.path.encode()))


def encode_manifest(files: tuple[BundleFile, ...]) -> bytes:
    """Write the bytes that the digest is taken over: a header, then one line per file."""
    lines = [f"{file.sha256} {file.size_bytes} {file.path}\n".encode() for file in files]
    return MANIFEST_HEADER + b"".join(lines)


def compute_digest(files: tuple[BundleFile, ...]) -> Digest:
    """The digest of a manifest from :func:`build_manifest`."""
    return Digest("sha256:" + hashlib.sha256(encode_manifest(files)).hexdigest())
