"""Words that the handbook's pages share, with everything from a file made harmless in Markdown.

Texts of ``alos.yaml`` and of bundles come from many hands. On a page each is one line, stands
after words of ours, and begins no heading, comment, link or mark-up of its own.
"""

import re
import unicodedata
from collections.abc import Sequence

from alos.domain.ids import PersonId
from alos.domain.people import Party, PartyKind, People
from alos.domain.rollout_plan import Guard, GuardAction, GuardMetric
from alos.domain.workflow import VerificationKind, VerificationRule

_MARKS = re.compile(r"([\\`*_\[\]<>#|~&!$])")
_BIDIRECTIONAL = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_BACKTICKS = re.compile(r"`+")


def to_line(text: str) -> str:
    """One line without control characters and without what turns the reading direction."""
    shown = (
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in text
        if char not in _BIDIRECTIONAL
    )
    return " ".join("".join(shown).split())


def escape(text: str) -> str:
    """A text of somebody else's as plain words inside a line of Markdown.

    An ``@`` loses its power to call a person or a team of the code host.
    """
    return _MARKS.sub(r"\\\1", to_line(text)).replace("@", "@<!-- -->")


def to_code(text: str) -> str:
    """A text of somebody else's as a code span."""
    line = to_line(text)
    longest = max((len(run) for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def describe_person(person: PersonId, people: People) -> str:
    """Name, id and address, as far as the files know them."""
    found = people.persons.get(person)
    if found is None:
        return to_code(person)
    known = [to_code(person), *([to_code(found.email)] if found.email else [])]
    gone = "" if found.active else ", no longer active"
    return f"{escape(found.name)} ({', '.join(known)}{gone})"


def describe_parties(parties: Sequence[Party], people: People) -> str:
    """People by name, groups by what they are called in the directory."""
    said = [
        f"the group {to_code(party.name)}"
        if party.kind is PartyKind.GROUP
        else describe_person(PersonId(party.name), people)
        for party in parties
    ]
    return ", ".join(said) or "nobody"


def describe_rule(rule: VerificationRule, people: People) -> str:
    """What a verification rule is about, and who may accept."""
    about = _ABOUT[rule.kind]
    if rule.tools:
        about += f"; every call of {', '.join(map(to_code, rule.tools))}"
    if rule.pattern:
        about += f"; every answer that matches {to_code(rule.pattern)}"
    elif not rule.tools:
        about += "; every answer"
    return (
        f"{to_code(rule.name)}: {about}. Accepted by {describe_parties(rule.acceptors, people)}."
    )


_ABOUT = {
    VerificationKind.PRODUCTION_CHANGE: "a change of production",
    VerificationKind.CUSTOMER_FACING_CLAIM: "a claim that a customer reads",
    VerificationKind.AUTOMATED_ACTION: "an action without a person",
}


def describe_guard(guard: Guard) -> str:
    """What a guard watches, when it acts, and what it does then."""
    metric = _METRICS.get(guard.metric, guard.metric.replace("_", " "))
    bound = f"{guard.above:.4g}{_UNITS.get(guard.metric, '')}"
    return (
        f"{to_code(guard.name)}: {metric} above {bound} within"
        f" {guard.window_minutes} minutes (of at least {guard.minimum_calls} calls)"
        f" {_ACTIONS[guard.action]}."
    )


_UNITS = {GuardMetric.LATENCY_P95_SECONDS: " s", GuardMetric.COST_PER_CALL_USD: " US dollars"}
_METRICS = {
    GuardMetric.ERROR_RATE: "the share of calls that fail",
    GuardMetric.REFUSAL_RATE: "the share of calls that are refused",
    GuardMetric.FINDING_RATE: "the share of calls in which a check finds something",
    GuardMetric.ANSWER_BLOCKED_RATE: "the share of answers that are withheld",
    GuardMetric.REJECTION_RATE: "the share of answers that people reject",
    GuardMetric.LATENCY_P95_SECONDS: "the time that 95 of 100 calls stay below",
    GuardMetric.COST_PER_CALL_USD: "the mean cost of a call",
}
_ACTIONS = {
    GuardAction.ALERT: "raises an alert; nothing is stopped",
    GuardAction.HALT: "halts the release; the one before serves until somebody resumes",
    GuardAction.KILL: "pulls the workflow's kill switch",
}
