"""Measures precision, recall, span and false blocks of the secrets pack, 95 % intervals.

Run: PYTHONPATH=src:tests/checks python benchmarks/checks_accuracy.py [--clean FOLDER]

The labelled documents are generated (see tests/checks/corpus_*.py) from a seed that is printed.
Recall is told for all of them, for keys of everyday vendors (each stands within 80 characters of
its prefix, its vendor's name or a secret's noun) and for chat prose. Precision depends on how many
documents hold a credential at all, so that share is printed beside it.
`--clean` cuts the text files under the folders into pieces of 200 to 4,000 characters and reports
how many are blocked. Look at those by eye with `--show`: some hold real credentials.
"""

from __future__ import annotations

import argparse
import math
import random  # noqa: TID251 - seeded samples, not secrets
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import corpus_eighth
import corpus_eleventh
import corpus_fifth
import corpus_fourth
import corpus_held_out
import corpus_ninth
import corpus_secrets
import corpus_seventh
import corpus_sixth
import corpus_tenth
import corpus_third

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.secrets import secrets_pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVERYDAY = {*corpus_third.EVERYDAY, *corpus_fourth.EVERYDAY}
GROUPS: dict[str, Callable[[corpus_secrets.Document], bool]] = {
    "everyday vendors": lambda document: document.vendor in EVERYDAY,
    "chat prose": lambda document: "chat" in document.carrier or document.carrier == "slack",
}
SLACK_CHARACTERS, SLACK_SHARE = 6, 1.2
TEXT = re.compile(
    r"\.(?:py|md|txt|rst|js|ts|json|lock|toml|ya?ml|cfg|ini|sh|html|css|c|h|log|xml|csv|go|rs|pl|pm|"
    r"conf|svg|mjs|cjs|map)"
)


def wilson(hits: int, total: int) -> str:
    """Return `share [low, high]` in percent, the Wilson interval at 95 %."""
    if not total:
        return "no data"
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    half /= 1 + z * z / total
    return f"{share:7.2%} [{middle - half:7.2%}, {middle + half:7.2%}] of {total}"


def measure(scanner: Scanner, documents: list[corpus_secrets.Document], *, by: bool) -> None:
    """Print the figures of labelled documents."""
    true = false = found = whole = wanted = 0
    missed: Counter[str] = Counter()
    groups: dict[str, Counter[bool]] = {name: Counter() for name in GROUPS}
    for document in documents:
        findings = scanner.scan(document.text)
        for one in findings:
            right = any(one.start < end and start < one.end for start, end in document.spans)
            true, false = true + right, false + (not right)
        for start, end in document.spans:
            wanted += 1
            hits = [one for one in findings if one.start < end and start < one.end]
            found += bool(hits)
            missed[document.carrier] += not hits
            for name, belongs in GROUPS.items():
                if belongs(document):
                    groups[name][bool(hits)] += 1
            most = (end - start) * SLACK_SHARE + SLACK_CHARACTERS
            whole += any(
                one.start <= start and end <= one.end and one.end - one.start <= most
                for one in hits
            )
    share = sum(bool(document.spans) for document in documents) / len(documents)
    print("  precision       ", wilson(true, true + false), f"at {share:.0%} positives")
    print("  recall          ", wilson(found, wanted))
    for name, counts in groups.items():
        print(f"  {name:16}", wilson(counts[True], counts.total()))
    print("  span            ", wilson(whole, found))
    if by:
        print("  missed          ", dict(missed.most_common(8)))


def pieces(folders: list[Path], rng: random.Random, count: int) -> Iterator[tuple[Path, str]]:
    """Yield up to `count` pieces of the text files under `folders`."""
    paths = [
        path for folder in folders for path in folder.rglob("*") if TEXT.fullmatch(path.suffix)
    ]
    rng.shuffle(paths)
    for path in paths[:count]:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        size = rng.randint(200, 4000)
        start = rng.randint(0, max(0, len(text) - size))
        if len(text) > 200:  # noqa: PLR2004 - shorter is no document
            yield path, text[start : start + size]


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", nargs="*", type=Path, default=[])
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    scanner = build_scanner([secrets_pack()])
    rng = random.Random(chosen.seed)  # noqa: S311 - seeded
    print("seed", chosen.seed, "rules", scanner.digest[:12])
    for name, corpus in (
        ("tuned on", corpus_secrets),
        ("second corpus", corpus_held_out),
        ("third corpus", corpus_third),
        ("fourth corpus", corpus_fourth),
        ("fifth corpus", corpus_fifth),
        ("sixth corpus, conversations only", corpus_sixth),
        ("seventh corpus, conversations only", corpus_seventh),
        ("eighth corpus", corpus_eighth),
        ("ninth corpus", corpus_ninth),
        ("tenth corpus, conversations only", corpus_tenth),
        ("eleventh corpus, conversations only", corpus_eleventh),
    ):
        print(name)
        documents = corpus.positives(rng, chosen.count)
        documents += corpus.negatives(rng, chosen.count // 3)
        rng.shuffle(documents)
        measure(scanner, documents, by=True)
    if chosen.clean:
        blocked = total = 0
        for path, text in pieces(chosen.clean, rng, 5 * chosen.count):
            findings = scanner.scan(text)
            total, blocked = total + 1, blocked + bool(findings)
            if findings and chosen.show:
                print(f"  {path}: {', '.join(one.rule for one in findings)}")
        print("clean texts blocked", wilson(blocked, total))


if __name__ == "__main__":
    main()
