"""Measures what `alos scan --names` guesses: names and places in sentences of six kinds.

Run: PYTHONPATH=src python benchmarks/pii_names.py
The names were written down by hand, from many countries, without a look at the lists; so were the
places. A hit is an overlap of the same type.
"""

from __future__ import annotations

import random  # noqa: TID251 - a repeatable sample
from collections import Counter

from alos.checks.names import load_names

Span = tuple[str, int, int]

PEOPLE = {
    "English": (
        *("Emma Whitfield", "James O'Connor", "Oliver Bennett"),
        *("Sarah Klein", "Thomas Reid", "Margaret Shaw"),
        *("Ethan Brooks", "Chloe Fairbanks", "Daniel Murphy"),
        "Rebecca Stone",
    ),
    "European": (
        *("Jürgen Krause", "Annika Lindqvist", "Giulia Ferrari"),
        *("Piotr Nowak", "Sophie Lefebvre", "Miguel Santos"),
        *("Eva Novotná", "Lars Jensen", "Katarzyna Wójcik"),
        "Stefan Bauer",
    ),
    "elsewhere": (
        *("Priya Raghunathan", "Wei Zhang", "Mohammed Al-Farsi"),
        *("Chinwe Okafor", "Yuki Tanaka", "Nguyen Thi Hoa"),
        *("Fatima Benali", "Rahul Mehta", "Kwame Mensah"),
        "Sun-hee Park",
    ),
}
PLACES = (
    *("Berlin", "Nairobi", "Portugal"),
    *("Lyon", "Manchester", "Kyoto"),
    *("New Zealand", "Buenos Aires", "Leeds"),
    *("Ghana", "Marseille", "Toronto"),
)
TEMPLATES = (
    "<p> called this morning about the invoice.",
    "Please forward it to <p>, who sits in <l>.",
    "Dear <p>, thank you for your visit to <l>.",
    "The contract was signed by <p> on Tuesday.",
    "My neighbour <p> moved to <l> last year.",
    "Patient: <p>\nWard: 4",
    "In <l> the weather was fine, said <p>.",
    "Is <p> still with us? Ask Human Resources.",
    "Minutes: present <p>, absent nobody.",
    "We open an office in <l> in June.",
)
CLEAN = (
    "The Quarterly Report lists Revenue and Gross Margin for May.",
    "Google Cloud and Microsoft Azure raised prices on Monday.",
    "Please read the User Guide, chapter Getting Started.",
    "Visual Studio Code opens faster than Eclipse.",
    "Will you mark the Mission Statement as final?",
    "The Data Protection Officer reads General Terms once a year.",
    "Harry Potter is a series of novels; Washington Post is a newspaper.",
    "Docker Compose, Kubernetes and Apache Kafka are installed.",
    "Happy New Year from all of us at Northwind Books!",
    "Error: Connection Refused by Remote Host",
    "Black Friday and Cyber Monday discounts end on Sunday.",
    "The Thames and the Rhine rise in March.",
)


def main() -> None:
    """Print precision, recall and F1 by type, recall by origin, and flagged clean sentences."""
    rng, names = random.Random(8), load_names()  # noqa: S311 - seeded
    counts: Counter[tuple[str, str]] = Counter()
    for _ in range(3000):
        origin = rng.choice(tuple(PEOPLE))
        values = {"PERSON": rng.choice(PEOPLE[origin]), "LOCATION": rng.choice(PLACES)}
        template = rng.choice(TEMPLATES)
        text = template.replace("<p>", values["PERSON"]).replace("<l>", values["LOCATION"])
        wanted = [
            (type_, text.find(value), text.find(value) + len(value))
            for type_, value in values.items()
            if value in text
        ]
        _count(
            counts, wanted, [(one.type, one.start, one.end) for one in names.find(text)], origin
        )
    for type_ in ("PERSON", "LOCATION"):
        right, wrong, missed = (counts[type_, how] for how in ("right", "wrong", "missed"))
        precision, recall = right / max(1, right + wrong), right / (right + missed)
        score = 2 * precision * recall / (precision + recall)
        print(f"{type_:9} precision {precision:.3f}  recall {recall:.3f}  F1 {score:.3f}")
    for origin in PEOPLE:
        hits, misses = counts[origin, "right"], counts[origin, "missed"]
        print(f"  PERSON, {origin}: recall {hits / (hits + misses):.3f}")
    flagged = [text for text in CLEAN if any(names.find(text))]
    print(f"sentences without a name flagged: {len(flagged)} of {len(CLEAN)}")


def _count(
    counts: Counter[tuple[str, str]], wanted: list[Span], found: list[Span], origin: str
) -> None:
    """Count what was found, missed and made up in one sentence."""
    for one in wanted:
        how = "right" if any(_overlap(one, other) for other in found) else "missed"
        counts[one[0], how] += 1
        if one[0] == "PERSON":
            counts[origin, how] += 1
    for one in found:
        counts[one[0], "wrong"] += not any(_overlap(one, other) for other in wanted)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


if __name__ == "__main__":
    main()
