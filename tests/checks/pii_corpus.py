"""Makes labelled documents of invented people's data, and look-alikes, from a seed."""

from __future__ import annotations

import random  # noqa: TID251 - a corpus is repeatable
from collections.abc import Sequence
from dataclasses import dataclass

from tests.checks.pii_corpus_carriers import CARRIERS, HELD_OUT_CARRIERS, NEAR_MISSES, PROSE
from tests.checks.pii_corpus_kinds import KINDS
from tests.checks.pii_corpus_values import FIRST, LAST, digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text and the spans in it that are personal data."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


def make_corpus(seed: int, count: int, *, held_out: bool = False) -> list[Document]:
    """Make `count` documents; half hold personal data, half only look-alikes."""
    dice = random.Random(seed)  # noqa: S311 - a corpus is repeatable
    carriers = HELD_OUT_CARRIERS if held_out else CARRIERS
    return [
        _document(dice, carriers) if index % 2 else _look_alike(dice) for index in range(count)
    ]


def _document(dice: random.Random, carriers: Sequence[str]) -> Document:
    text, spans = "", []
    for _ in range(dice.choice([1, 1, 2, 3])):
        kind = dice.choice(KINDS)
        label, value = dice.choice(kind.labels), kind.make(dice)
        carrier = dice.choice(carriers)
        key = label.lower().replace(" ", "_").replace("'", "").replace("-", "_")
        camel = "".join(word.title() for word in key.split("_"))
        filled = (
            carrier.replace("<label>", label)
            .replace("<key>", key)
            .replace("<Key>", camel[:1].lower() + camel[1:])
            .replace("<name>", f"{dice.choice(FIRST)} {dice.choice(LAST)}")
            .replace("<n>", str(dice.randrange(10, 999)))
        )
        text += dice.choice(["", dice.choice(PROSE) + "\n"])
        at = len(text) + filled.index("<value>")
        text += filled.replace("<value>", value) + dice.choice(["\n", "\n\n"])
        spans.append((kind.type, at, at + len(value)))
        if dice.random() < 0.3:
            text += digits(dice.choice(NEAR_MISSES))(dice) + "\n"
    return Document(text=text, spans=tuple(spans))


def _look_alike(dice: random.Random) -> Document:
    lines = [digits(dice.choice(NEAR_MISSES))(dice) for _ in range(dice.randrange(2, 7))]
    lines += [dice.choice(PROSE) for _ in range(dice.randrange(3))]
    dice.shuffle(lines)
    return Document(text="\n".join(lines), spans=())
