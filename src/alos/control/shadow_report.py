"""Adds up what rules on trial would have done to the calls that went through meanwhile."""

from dataclasses import dataclass, field

from alos.control.stored_bodies import list_calls
from alos.domain.record import Fact
from alos.ports.call_store import CallQuery, CallStore

MOST_CALLS = 5000
"""A report stops after so many near misses, the newest first, and says so."""
MOST_LISTED = 20


@dataclass(slots=True, kw_only=True)
class ShadowRule:
    """What one rule on trial would have done.

    Attributes:
        would: the action, ``block`` or another.
        newest: ids of the newest calls, twenty at most.
    """

    workflow: str
    data_class: str
    would: str
    calls: int = 0
    newest: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """The rules on trial that would have done something, the most frequent first.

    Attributes:
        calls: calls that any of them would have touched.
        blocked: of those, how many at least one would have blocked.
        is_complete: all calls of the span were looked at.
    """

    calls: int
    blocked: int
    rules: tuple[ShadowRule, ...]
    is_complete: bool


def report_shadows(store: CallStore, query: CallQuery) -> ShadowReport:
    """Read the records of the near misses that ``query`` finds (blocks); no text is read.

    Raises:
        StoreDown: the index or a journal can't be read.
    """
    rules: dict[tuple[str, str, str], ShadowRule] = {}
    seen = calls = blocked = 0
    is_complete = True
    for row in list_calls(store, query):
        if seen == MOST_CALLS:
            is_complete = False
            break
        seen += 1
        noted = dict(row.closing.facts).get(Fact.SHADOW, "") if row.closing else ""
        if row.closing is None or not noted:
            continue
        calls += 1
        would = [one.partition(":") for one in noted.split(",")]
        blocked += any(action == "block" for action, _, _ in would)
        for action, _, name in would:
            workflow = str(row.closing.workflow)
            rule = rules.setdefault(
                (workflow, name, action),
                ShadowRule(workflow=workflow, data_class=name, would=action),
            )
            rule.calls += 1
            if len(rule.newest) < MOST_LISTED:
                rule.newest.append(row.call_id)
    ordered = sorted(rules.values(), key=lambda one: (-one.calls, one.workflow, one.data_class))
    return ShadowReport(
        calls=calls, blocked=blocked, rules=tuple(ordered), is_complete=is_complete
    )
