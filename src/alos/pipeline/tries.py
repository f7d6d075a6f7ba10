"""What was tried of one call: for the record, and for the money that a try may cost."""

from dataclasses import dataclass, field

from alos.domain.call import CheckedCandidate, Reservation, WholeReply
from alos.domain.record import AttemptNote
from alos.domain.standing import StandingModel

_MOST_NOTES = 32
SKIPPED = "skipped_"
BREAKER_OPEN = "skipped_breaker_open"


@dataclass(slots=True)
class Tries:
    """Grows while ``dispatch`` runs; read by ``finish``, also of a call that was cancelled.

    Attributes:
        attempts: one note for each try and each skip.
        waited_ns: time spent waiting for providers and between tries.
        under_way: its bytes may be out and nothing has come back yet.
        sent: the last candidate whose bytes went out.
        unanswered: tries that may be billed though no usable answer came.
        raised: what was set aside for them beyond the call's own reservation.
        set_aside: an answer that made way for the larger model's; it is paid for all the same.
    """

    attempts: list[AttemptNote] = field(default_factory=list)
    waited_ns: int = 0
    under_way: CheckedCandidate | None = None
    sent: CheckedCandidate | None = None
    unanswered: list[CheckedCandidate] = field(default_factory=list)
    raised: list[Reservation] = field(default_factory=list)
    set_aside: WholeReply | None = None

    def note(self, model: StandingModel, result: str, waited_ns: int = 0) -> None:
        """Write a try or a skip down; a long storm keeps only its first notes."""
        self.waited_ns += waited_ns
        if len(self.attempts) < _MOST_NOTES:
            note = AttemptNote(model.name, model.vendor, result, waited_ns // 1_000_000)
            self.attempts.append(note)

    def begin(self, candidate: CheckedCandidate) -> None:
        """From now on bytes may be out."""
        self.under_way = candidate

    def end(self, *, was_sent: bool, may_be_billed: bool) -> None:
        """The try under way is over."""
        candidate, self.under_way = self.under_way, None
        if candidate is None or not was_sent:
            return
        self.sent = candidate
        if may_be_billed:
            self.unanswered.append(candidate)

    def replaced_other(self, model: StandingModel) -> bool:
        """Whether ``model`` came after another one that failed or is left alone."""
        return any(
            one.model != model.name
            and (one.result == BREAKER_OPEN or not one.result.startswith(SKIPPED))
            for one in self.attempts
        )

    @property
    def reserved_beyond_nanousd(self) -> int:
        """Set aside beyond the call's own reservation."""
        return sum(one.amount_nanousd for one in self.raised)
