"""The four questions that anybody may ask of a call, answered from its record alone.

Which model ran, what data it saw, which tools it called, who approved the workflow; and besides
them what it cost and how it ended. Where the record does not know, the answer says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from alos.control.approvals import (
    Approval,
    prove_approval,
    say_approval,
    say_vote,
    to_plain_approval,
)
from alos.control.calls import NameOf, get_sentence, no_name, say_elsewhere
from alos.control.evidence import Unproven, prove_call
from alos.control.stored_bodies import get_references
from alos.domain.ids import CallId
from alos.domain.money import to_usd_text
from alos.domain.record import ClosingEntry, Evidence, Fact
from alos.ledger.checkpoint import read_checkpoint
from alos.ledger.verify import verify_evidence
from alos.ports.call_store import CallRow, CallStore
from alos.ports.ledger import Ledger

Proof = dict[str, Any] | Unproven
"""The evidence of a call, or why there is none (yet)."""

_EVIDENCE_WORDS = {
    Evidence.DECLARED: "declared by the caller, not checked",
    Evidence.DEFAULT: "the default: nobody named one",
    Evidence.MATCHED: "matched: it was found in what was sent",
    Evidence.OBSERVED: "observed by the gateway",
}
_NOBODY = "nobody (unreleased)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question, one sentence, and the facts behind it as (label, value) pairs."""

    key: str
    question: str
    answer: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReasons:
    """Why a call went as it did.

    Attributes:
        proof: the evidence file of the call (``docs/reference/evidence-file.md``), once sealed.
        approval: the same of the release: who voted for it.
    """

    call_id: CallId
    headline: str
    answers: tuple[Answer, ...]
    proof: dict[str, Any] | None = None
    approval: Approval | None = None


def explain_call(
    store: CallStore, call_id: CallId, name_of: NameOf = no_name, ledger: Ledger | None = None
) -> CallReasons | None:
    """Answer for one call, or nothing where it is not known; with its proof from ``ledger``."""
    row = store.get_call(call_id)
    if row is None:
        return None
    if ledger is None:
        return to_reasons(row, name_of)
    approval = prove_approval(ledger, row.closing)
    return to_reasons(row, name_of, prove_call(ledger, call_id), approval)


def to_plain(reasons: CallReasons) -> dict[str, Any]:
    """The answers for machines; facts are [label, value] pairs, because labels repeat."""
    return {
        "proof": reasons.proof,
        "approval": to_plain_approval(reasons.approval),
        "call_id": reasons.call_id,
        "headline": reasons.headline,
        "answers": {
            one.key: {
                "question": one.question,
                "answer": one.answer,
                "facts": [list(fact) for fact in one.facts],
            }
            for one in reasons.answers
        },
    }


def to_reasons(
    row: CallRow,
    name_of: NameOf = no_name,
    proof: Proof | None = None,
    approval: Approval | None = None,
) -> CallReasons:
    """Answer from a call's row, and from its proofs where there are some."""
    closing = row.closing
    if row.elsewhere is not None:
        headline = say_elsewhere(row.elsewhere)
        return CallReasons(call_id=row.call_id, headline=headline, answers=())
    if closing is None:
        workflow = row.opening.workflow if row.opening is not None else "an unknown workflow"
        return CallReasons(
            call_id=row.call_id,
            headline=f"A call of {workflow} that is still running; its record is not closed yet.",
            answers=(),
        )
    return CallReasons(
        call_id=row.call_id,
        headline=_get_headline(closing, name_of),
        answers=(
            _explain_model(closing),
            _explain_data(closing),
            _explain_tools(closing),
            _explain_approval(closing, name_of, approval),
            _explain_outcome(closing),
            _explain_evidence(row, proof),
        ),
        proof=proof if isinstance(proof, dict) else None,
        approval=approval,
    )


def _get_headline(closing: ClosingEntry, name_of: NameOf) -> str:
    who = next((one.value for one in closing.personal if one.name == "principal"), None)
    caller = _name(who, name_of) if who is not None else "A caller who is not on record"
    workflow = closing.workflow or "no workflow"
    return f"{caller} called {workflow}. {get_sentence(closing)}"


def _explain_model(closing: ClosingEntry) -> Answer:
    if closing.model is None:
        answer = "No model ran."
    else:
        answer = f"{closing.model} of {closing.vendor or 'an unknown vendor'}"
        tries = sum(not note.result.startswith("skipped") for note in closing.attempts)
        answer += f", at attempt {tries}." if tries > 1 else "."
    attempts = [
        f"{number}. {note.model} ({note.vendor}): {_say_result(note.result)},"
        f" {note.duration_ms} ms"
        for number, note in enumerate(closing.attempts, 1)
    ]
    return _answer(
        "model",
        "Which model ran?",
        answer,
        ("asked for", closing.model_asked),
        ("ran as", closing.upstream_model),
        ("why this route", closing.route_reason),
        ("attempts", attempts),
        ("wire format", closing.wire_format),
    )


def _explain_data(closing: ClosingEntry) -> Answer:
    sources = [
        f"{one.value} ({_say_evidence(one.name.partition('.')[2])})"
        for one in closing.personal
        if one.name.partition(".")[0] == "source"
    ]
    findings = [
        f"{note.count} x {note.type} in the {note.where}: {_say_action(note.action)} ({note.rule})"
        for note in closing.findings
    ]
    if closing.sent_hash is None:
        answer = "None: nothing was sent to a model."
    elif closing.sent_hash == closing.request_hash:
        answer = "The caller's request, byte for byte."
    else:
        answer = "The caller's request, as the gateway prepared it."
    redacted = sum(
        note.count for note in closing.findings if note.action in {"redact", "tokenise"}
    )
    if redacted and closing.sent_hash is not None:
        answer += f" {redacted} found values were taken out first."
    if closing.unscanned and closing.sent_hash is not None:
        answer += " Parts of it could not be scanned."
    version = closing.prompt_version
    if version is not None and closing.prompt_evidence is not None:
        version = f"{version} ({_EVIDENCE_WORDS[closing.prompt_evidence]})"
    return _answer(
        "data",
        "What data did it see?",
        answer,
        ("prompt version", version),
        ("another system text, by digest", dict(closing.facts).get(Fact.PROMPT_OBSERVED)),
        ("sources", sources or "none named"),
        ("found", findings or "nothing that a rule knows"),
        ("not scanned", closing.unscanned),
        ("unknown fields", str(closing.unknown_fields) if closing.unknown_fields else None),
        ("request", closing.request_hash),
        ("sent upstream", closing.sent_hash),
        ("answer", closing.output_hash),
        ("kept", _list_kept(closing)),
    )


def _list_kept(closing: ClosingEntry) -> list[str]:
    """Which bodies the vault has, or why not."""
    facts = dict(closing.facts)
    kept = [f"{kind}: {reference}" for kind, reference in get_references(closing).items()]
    if (why := facts.get(Fact.BODIES)) is not None:
        kept.append(f"not all: {why.replace('_', ' ')}")
    return kept


def _explain_tools(closing: ClosingEntry) -> Answer:
    called = [note for note in closing.tools if note.calls]
    names = ", ".join(f"{note.name} ({note.calls}x)" for note in called)
    offered = [f"{note.name} ({_EVIDENCE_WORDS[note.evidence]})" for note in closing.tools]
    return _answer(
        "tools",
        "Which tools did it call?",
        f"{names}." if names else "None.",
        ("on record", offered),
    )


def _explain_approval(closing: ClosingEntry, name_of: NameOf, approval: Approval | None) -> Answer:
    names = [_name(one, name_of) for one in closing.approved_by]
    owner = closing.accountable
    proven = f". {say_approval(approval)}" if approval is not None else ""
    return _answer(
        "approval",
        "Who approved the workflow?",
        f"approved by: {', '.join(names) or _NOBODY}{proven}",
        ("vote", _list_votes(approval, name_of)),
        ("accountable", _name(owner, name_of) if owner is not None else "nobody on record"),
        ("release", closing.release),
        ("stage", closing.release_stage),
        ("tier", None if closing.tier is None else str(closing.tier)),
        ("policy in force", closing.policy),
        ("rule set", closing.rules),
    )


def _list_votes(approval: Approval | None, name_of: NameOf) -> list[str]:
    votes = approval.votes if approval is not None else {}
    return [say_vote(_name(voter, name_of), vote) for voter, vote in votes.items()]


def _explain_outcome(closing: ClosingEntry) -> Answer:
    cost = f"{to_usd_text(closing.cost_nanousd)} USD"
    if closing.cost_estimated:
        cost += " (estimated: the provider's count did not arrive)"
    usage = closing.usage
    tokens = None
    if usage is not None:
        tokens = (
            f"{usage.input_tokens} in, {usage.cached_read_tokens} from cache,"
            f" {usage.cache_write_tokens} to cache, {usage.output_tokens} out,"
            f" {usage.reasoning_tokens} reasoning"
        )
    return _answer(
        "outcome",
        "What did it cost, and how did it end?",
        f"{cost}. {get_sentence(closing)}",
        ("outcome", closing.outcome.value),
        ("reason code", closing.reason.value if closing.reason is not None else None),
        ("HTTP status", str(closing.http_status) if closing.http_status else None),
        ("tokens", tokens),
        ("price from", closing.price_source),
        (
            "duration",
            f"{closing.duration_ms} ms ({closing.overhead_us} µs of it in the gateway)",
        ),
    )


def _explain_evidence(row: CallRow, proof: Proof | None) -> Answer:
    place = row.place
    if place is None:
        return _answer("evidence", "Where does it stand in the log?", "It is not known.")
    return _answer(
        "evidence",
        "Where does it stand in the log?",
        f"Entry {place.sequence} of writer {place.writer}.{_say_proof(proof)}",
        ("hash", place.hash),
        *_list_proof(proof),
    )


def _say_proof(proof: Proof | None) -> str:
    if proof is None:
        return ""
    if isinstance(proof, Unproven):
        return f" Not proven: {proof.text}."
    report = verify_evidence(proof)
    return " Proven." if report.is_good else f" NOT proven: {'; '.join(report.problems)}."


def _list_proof(proof: Proof | None) -> list[tuple[str, str]]:
    if not isinstance(proof, dict):
        return []
    head = read_checkpoint(proof["checkpoint"])
    leaves = ", ".join(str(entry["leaf"]) for entry in proof["entries"])
    return [
        ("leaves", leaves),
        ("under", f"the signed head of {head.size} leaves of {head.origin}"),
        *(("signed by", key) for key in proof["keys"]),
    ]


def _answer(
    key: str, question: str, answer: str, *facts: tuple[str, str | Iterable[str] | None]
) -> Answer:
    flat: list[tuple[str, str]] = []
    for label, value in facts:
        if isinstance(value, str):
            flat += [(label, value)] if value else []
        else:
            flat += [(label, one) for one in value or ()]
    return Answer(key=key, question=question, answer=answer, facts=tuple(flat))


def _name(person: str, name_of: NameOf) -> str:
    name = name_of(person)
    return f"{name} ({person})" if name is not None else person


def _say_evidence(evidence: str) -> str:
    try:
        return _EVIDENCE_WORDS[Evidence(evidence or Evidence.DECLARED)]
    except ValueError:
        return evidence


def _say_action(action: str) -> str:
    words = {
        "block": "the call was blocked",
        "tokenise": "replaced by a token before anything was sent",
        "redact": "taken out before anything was sent",
        "flag": "noted and let through",
        "drop_candidate": "a model that may not see it was skipped",
    }
    return words.get(action, action)


def _say_result(result: str) -> str:
    kind, _, rest = result.partition("_")
    if kind == "http":
        return f"answered with HTTP {rest}"
    if kind == "skipped":
        return f"skipped ({rest.replace('_', ' ')})"
    words = {"connect": "could not be reached", "broken": "broke off", "timeout": "timed out"}
    return words.get(result, result)
