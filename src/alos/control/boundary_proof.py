"""Proves that a boundary catches what it forbids, on a corpus made for it (R47).

For each forbidden class the corpus holds fresh canaries of its detectors and entries of its
dictionaries, each with a twin that must pass. What is handled by hand has nothing to prove.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from alos.checks.canaries import make_canaries
from alos.checks.catalogue import Scanner
from alos.domain.boundary import DataClass
from alos.domain.organisation import Organisation
from alos.domain.workflow import Workflow

ENTRIES_TRIED = 5
"""Entries of a dictionary that are tried: the first, the last, and some between."""
_SENTENCE = "Please write two lines about <value> for the meeting."
_KIND = {"secrets": "secret", "pii": "pii", "injection": "injection"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A text of the corpus with which the boundary fails; never the text itself.

    Attributes:
        data_class: the class it belongs to.
        bound: the detector or dictionary.
        message: what happened.
    """

    data_class: DataClass
    bound: str
    message: str


def prove_boundary(
    workflow: Workflow,
    organisation: Organisation,
    scanner: Scanner,
    *,
    choose: Callable[[Sequence[str]], str] = secrets.choice,
) -> Iterator[Gap]:
    """Run the corpus of every forbidden class; nothing is yielded where all of it holds.

    Raises:
        ScannerFault: a detector failed.
    """
    for data_class, rule in workflow.boundary.forbidden.items():
        for family in rule.detectors:
            for canary in make_canaries(family, choose):
                found = {one.kind for one in scanner.scan(canary.text)}
                if _KIND[family] not in found:
                    yield Gap(
                        data_class=data_class,
                        bound=family,
                        message=f"a fresh {canary.name} is not found",
                    )
                if any(one.kind == _KIND[family] for one in scanner.scan(canary.twin)):
                    yield Gap(
                        data_class=data_class,
                        bound=family,
                        message=f"the harmless twin of a {canary.name} is caught as well",
                    )
        for name in rule.dictionaries:
            yield from _prove_dictionary(data_class, name, organisation, scanner)


def _prove_dictionary(
    data_class: DataClass, name: str, organisation: Organisation, scanner: Scanner
) -> Iterator[Gap]:
    entries = organisation.dictionaries.get(name, ())
    if not entries:
        yield Gap(data_class=data_class, bound=name, message="the dictionary is empty")
        return
    step = max(1, (len(entries) - 1) // (ENTRIES_TRIED - 1))
    for number in sorted({*range(0, len(entries), step), len(entries) - 1}):
        text = _SENTENCE.replace("<value>", entries[number])
        if not any(one.type == name for one in scanner.scan(text)):
            yield Gap(
                data_class=data_class, bound=name, message=f"entry {number + 1} is not found"
            )
    if any(one.type == name for one in scanner.scan(_SENTENCE.replace("<value>", "the plan"))):
        yield Gap(data_class=data_class, bound=name, message="a harmless sentence is caught")
