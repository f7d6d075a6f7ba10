"""Prints precision, recall and F1 per type, and how many clean documents are flagged.

Run: PYTHONPATH=src:. python benchmarks/pii_accuracy.py [FOLDER …]
A folder adds the share of flagged pieces of real files.
"""

from __future__ import annotations

import collections
import gzip
import math
import random  # noqa: TID251 - a repeatable sample
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.pii import build_pii_pack
from tests.checks import pii_corpus_second, pii_corpus_third
from tests.checks.pii_corpus import Document, make_corpus

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
FULL_OF_SAMPLES = ("stdnum", "phonenumbers", "faker")
PIECES_OF_A_FILE = 3


def main(folders: list[str]) -> None:
    """Measure the tuning carriers, the held-out carriers, and the folders given."""
    scanner = build_scanner([build_pii_pack()])
    for name, held_out in (("tuning carriers", False), ("held-out carriers", True)):
        print(f"== {name}")
        measure(scanner, make_corpus(2024, 6000, held_out=held_out))
    print("== second corpus")
    measure(scanner, pii_corpus_second.make_corpus(61, 6000))
    print("== third corpus")
    measure(scanner, pii_corpus_third.make_corpus(71, 6000))
    if folders:
        print("== real files")
        measure_clean(scanner, pieces(map(Path, folders), random.Random(5)))  # noqa: S311


def measure(scanner: Scanner, documents: list[Document]) -> None:
    """Print the figures of a labelled corpus; a hit is an overlap of the same type."""
    right: collections.Counter[str] = collections.Counter()
    wrong: collections.Counter[str] = collections.Counter()
    missed: collections.Counter[str] = collections.Counter()
    flagged = clean = 0
    for document in documents:
        found = scanner.scan(document.text)
        spans = {(one.type, one.start, one.end) for one in found}
        clean += not document.spans
        flagged += not document.spans and bool(spans)
        for type_, start, end in document.spans:
            hit = any(t == type_ and s < end and start < e for t, s, e in spans)
            (right if hit else missed)[type_] += 1
        for type_, start, end in spans:
            if not any(t == type_ and s < end and start < e for t, s, e in document.spans):
                wrong[type_] += 1
    for type_ in sorted({*right, *wrong, *missed}):
        print(f"{type_:26}", line(right[type_], wrong[type_], missed[type_]))
    print(f"{'all':26}", line(right.total(), wrong.total(), missed.total()))
    print(f"look-alikes flagged {flagged}/{clean}, 95 % Wilson {wilson(flagged, clean)}")


def line(right: int, wrong: int, missed: int) -> str:
    """Return precision, recall and F1 as a line."""
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / (right + missed) if right + missed else 1.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    counts = f"({right} right, {wrong} wrong, {missed} missed)"
    return f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}  {counts}"


def measure_clean(scanner: Scanner, texts: Iterable[str]) -> None:
    """Print how many pieces are flagged, with and without those that hold an e-mail address."""
    total = flagged = plain = plain_flagged = 0
    for text in texts:
        hit = bool(scanner.scan(text))
        total += 1
        flagged += hit
        if not ADDRESS.search(text):
            plain += 1
            plain_flagged += hit
    print(f"all pieces: {flagged}/{total}, 95 % Wilson {wilson(flagged, total)}")
    print(f"without an @-address: {plain_flagged}/{plain}, Wilson {wilson(plain_flagged, plain)}")


def pieces(folders: Iterable[Path], dice: random.Random) -> Iterator[str]:
    """Yield pieces of 200 to 4,000 characters of the text files below the folders."""
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    for path in dice.sample(paths, min(len(paths), 8000)):
        if path.is_symlink() or any(name in str(path) for name in FULL_OF_SAMPLES):
            continue
        try:
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            text = raw[:400_000].decode()
        except (OSError, EOFError, UnicodeDecodeError, gzip.BadGzipFile):
            continue
        for _ in range(PIECES_OF_A_FILE if "\0" not in text else 0):
            start = dice.randrange(max(1, len(text) - 200))
            piece = text[start : start + dice.randrange(200, 4000)]
            if len(piece) >= 200:  # noqa: PLR2004 - as the docstring says
                yield piece


def wilson(hits: int, total: int) -> str:
    """Return the 95 % Wilson score interval in percent."""
    if not total:
        return "-"
    z = 1.96
    share = hits / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low, high = ((middle + s * spread) / (1 + z * z / total) for s in (-1, 1))
    return f"{100 * max(0.0, low):.3f}-{100 * high:.3f} %"


if __name__ == "__main__":
    main(sys.argv[1:])
