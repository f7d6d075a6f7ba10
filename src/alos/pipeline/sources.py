"""Retrieved context: declared by the caller, and matched where its digest is found in the prompt.

A caller may give a source's digest with its id, ``kb/returns.md=sha256:<64 hex>``: SHA-256 of the
UTF-8 text as it stands in the prompt, either as a whole text (a message, a content part, a tool's
result) or between ``<source id="kb/returns.md">`` and ``</source>``, line breaks next to the tags
left out. The record then says *matched*. Without a digest, or where no text has it, the source
stays what it is: the caller's word.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from alos.domain.record import Evidence

_DIGEST: Final = re.compile(r"(?P<id>.+)=sha256:(?P<digest>[0-9a-f]{64})")
_TAGGED: Final = re.compile(r'<source id="[^"\n]{1,256}">\r?\n?(.*?)\r?\n?</source>', re.DOTALL)
_MOST_TAGGED: Final = 256


class Source(NamedTuple):
    """One source as the record shows it."""

    id: str
    evidence: Evidence


def match_sources(declared: Sequence[str], texts: Iterable[str]) -> list[Source]:
    """Say of each declared source whether its digest was found; nothing is hashed without one.

    Args:
        declared: entries of ``x-alos-sources``.
        texts: what was sent, in reading order; empty where it is not known to be unchanged.
    """
    read = [_read(one) for one in declared]
    wanted = {digest for _, digest in read if digest is not None}
    found = _find(wanted, texts) if wanted else frozenset()
    return [
        Source(name, Evidence.MATCHED if digest in found else Evidence.DECLARED)
        for name, digest in read
    ]


def _read(declared: str) -> tuple[str, str | None]:
    parts = _DIGEST.fullmatch(declared)
    return (declared, None) if parts is None else (parts["id"].strip(), parts["digest"])


def _find(wanted: set[str], texts: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for text in _list_candidates(texts):
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if digest in wanted:
            found.add(digest)
            if len(found) == len(wanted):
                break
    return frozenset(found)


def _list_candidates(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield text
        if "<source " in text:
            for number, tagged in enumerate(_TAGGED.finditer(text)):
                if number == _MOST_TAGGED:
                    break
                yield tagged[1]
