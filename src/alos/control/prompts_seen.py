"""Which prompts the calls of a workflow used, from when until when, and how often.

Read from the records themselves, newest first, as far back as somebody asks: a client that owns
its prompt shows here when it changed it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from alos.domain.ids import CallId
from alos.domain.record import ClosingEntry, Evidence, Fact
from alos.ports.call_store import CallCursor, CallQuery, CallStore

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPrompt:
    """One prompt of one workflow.

    Attributes:
        version: as the record has it: ``name@version`` or ``observed@<digest>``.
        observed: digest of a system text that was not this prompt; empty where there was none.
        last_call: an example to look at.
    """

    version: str
    evidence: Evidence | None
    observed: str
    calls: int
    first_seen_unix_ns: int
    last_seen_unix_ns: int
    last_call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPrompts:
    """What was found, most recently used first.

    Attributes:
        calls: how many records were read.
        is_whole: false where there are older ones that were not read.
    """

    prompts: tuple[SeenPrompt, ...]
    calls: int
    is_whole: bool


def list_seen_prompts(
    store: CallStore, workflow: str, *, since_unix_ns: int | None, most: int
) -> SeenPrompts:
    """Go through at most ``most`` calls of a workflow, newest first."""
    found: dict[tuple[str, Evidence | None, str], SeenPrompt] = {}
    number = 0
    is_whole = True
    for closing in _list_closings(store, workflow, since_unix_ns):
        if number == most:
            is_whole = False
            break
        number += 1
        if closing.prompt_version is None:
            continue
        observed = dict(closing.facts).get(Fact.PROMPT_OBSERVED, "")
        key = closing.prompt_version, closing.prompt_evidence, observed
        found[key] = _count(found.get(key), closing, observed)
    prompts = sorted(found.values(), key=lambda one: one.last_seen_unix_ns, reverse=True)
    return SeenPrompts(prompts=tuple(prompts), calls=number, is_whole=is_whole)


def _list_closings(
    store: CallStore, workflow: str, since_unix_ns: int | None
) -> Iterator[ClosingEntry]:
    query = CallQuery(workflow=workflow, since_unix_ns=since_unix_ns)
    before: CallCursor | None = None
    while True:
        rows = store.search_calls(query, before=before, limit=_PAGE)
        yield from (row.closing for row in rows if row.closing is not None)
        if len(rows) < _PAGE:
            return
        before = CallCursor(rows[-1].opened_at_unix_ns, rows[-1].call_id)


def _count(seen: SeenPrompt | None, closing: ClosingEntry, observed: str) -> SeenPrompt:
    at = closing.opened_at_unix_ns
    if seen is not None:
        return replace(
            seen, calls=seen.calls + 1, first_seen_unix_ns=min(at, seen.first_seen_unix_ns)
        )
    return SeenPrompt(
        version=closing.prompt_version or "",
        evidence=closing.prompt_evidence,
        observed=observed,
        calls=1,
        first_seen_unix_ns=at,
        last_seen_unix_ns=at,
        last_call=closing.call_id,
    )
