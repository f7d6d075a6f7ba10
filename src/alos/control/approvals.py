"""Who approved the release that served a call: each vote, and its place in the ledger.

The call's own record names the people whose votes filled the lane. Here each of them is joined
with the note of that vote, which is an entry of the ledger like the call, and proven like it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from alos.control.evidence import Unproven, prove_call
from alos.domain.record import ClosingEntry, NoteKind
from alos.ledger.verify import ProvenEntry, verify_evidence
from alos.ports.clock import to_datetime
from alos.ports.ledger import Ledger

_APPROVE = "approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenVote:
    """A vote that stands in the ledger.

    Attributes:
        leaf: of its note.
        signature: ``attested`` by the installation, or ``personal``.
        envelope: the signed statement (DSSE); ``None`` once it is erased.
    """

    voter: str
    role: str
    at_unix_ns: int
    leaf: int
    signature: str
    envelope: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What the ledger proves of the votes that a call's record names.

    Attributes:
        votes: by person; the last one before the call, where it approves.
        missing: people of the record without such a vote.
        proof: evidence file of the release: of every note that names its digest.
        problem: why nothing is proven.
    """

    votes: Mapping[str, ProvenVote]
    missing: tuple[str, ...]
    proof: dict[str, Any] | None = None
    problem: str | None = None


def prove_approval(ledger: Ledger, closing: ClosingEntry | None) -> Approval | None:
    """Join a call with the votes for its release; nothing where it names no approval (blocks).

    Raises:
        StoreDown: the store can't be read.
    """
    if closing is None or closing.release is None or not closing.approved_by:
        return None
    proof = prove_call(ledger, closing.release)
    if isinstance(proof, Unproven):
        return Approval(votes={}, missing=closing.approved_by, problem=proof.text)
    report = verify_evidence(proof)
    if not report.is_good:
        problem = "; ".join(report.problems)
        return Approval(votes={}, missing=closing.approved_by, proof=proof, problem=problem)
    last: dict[str, tuple[bool, ProvenVote]] = {}
    for entry in sorted(report.entries, key=lambda one: one.leaf):
        if entry.values["at_unix_ns"] <= closing.opened_at_unix_ns:
            _take(entry, last)
    votes = {voter: vote for voter, (approves, vote) in last.items() if approves}
    named = {voter: votes[voter] for voter in closing.approved_by if voter in votes}
    missing = tuple(voter for voter in closing.approved_by if voter not in votes)
    return Approval(votes=named, missing=missing, proof=proof)


def say_vote(voter: str, vote: ProvenVote) -> str:
    """One vote, for a person."""
    at = to_datetime(vote.at_unix_ns)
    return (
        f"{voter} as {vote.role}, {at:%Y-%m-%d %H:%M:%S} UTC, {vote.signature}, leaf {vote.leaf}"
    )


def say_approval(approval: Approval) -> str:
    """Whether the people of the record voted so, for a person."""
    if approval.problem is not None:
        return f"Their votes are not proven: {approval.problem}."
    if approval.missing:
        return f"No vote in the ledger of: {', '.join(approval.missing)}."
    return "Each of their votes is proven."


def to_plain_approval(approval: Approval | None) -> dict[str, Any] | None:
    """The same for machines, with the proof."""
    if approval is None:
        return None
    return {
        "sentence": say_approval(approval),
        "votes": [asdict(vote) for vote in approval.votes.values()],
        "missing": list(approval.missing),
        "problem": approval.problem,
        "proof": approval.proof,
    }


def _take(entry: ProvenEntry, last: dict[str, tuple[bool, ProvenVote]]) -> None:
    facts = dict(entry.values["facts"])
    if entry.values["kind"] != NoteKind.VOTE_CAST.value:
        return
    envelope = next((one.value for one in entry.personal if one.name == "vote"), None)
    last[facts["voter"]] = (
        facts["vote"] == _APPROVE,
        ProvenVote(
            voter=facts["voter"],
            role=facts["role"],
            at_unix_ns=entry.values["at_unix_ns"],
            leaf=entry.leaf,
            signature=facts.get("signature", "attested"),
            envelope=envelope,
        ),
    )
