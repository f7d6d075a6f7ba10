"""Shapes of credentials for the fourth corpus, written from vendors' documentation.


Each row of the table: id, whether it counts as an everyday vendor's, the expression that draws a
value, names it goes by in files, and what people call it in chat.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Vendor(NamedTuple):
    """One kind of credential: how it looks and what it is called."""

    id: str
    everyday: bool
    shape: str
    names: tuple[str, ...]
    spoken: str


def _vendor(line: str) -> Vendor:
    identifier, everyday, shape, names, spoken = line.split("\t")
    return Vendor(identifier, everyday == "yes", shape, tuple(names.split()), spoken)


_TABLE = Path(__file__).with_suffix(".tsv").read_text("utf-8")
VENDORS = tuple(_vendor(line) for line in _TABLE.splitlines() if not line.startswith("#"))
EVERYDAY = frozenset(one.id for one in VENDORS if one.everyday)
