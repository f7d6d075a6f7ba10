"""Legal holds: what may not be forgotten while somebody needs it as evidence."""

from dataclasses import dataclass
from enum import StrEnum


class HoldKind(StrEnum):
    """What a legal hold is about."""

    CALL = "call"
    PERSON = "person"
    WORKFLOW = "workflow"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """One legal hold.

    Attributes:
        target: the call's, person's, workflow's or workspace's id.
        since_unix_ns, until_unix_ns: calls that began in this span only; ``None`` is open.
        reason: the matter, in the words of whoever placed it.
        placed_by, released_by: a person's id or ``local-operator``.
    """

    id: str
    kind: HoldKind
    target: str
    since_unix_ns: int | None
    until_unix_ns: int | None
    reason: str
    placed_at_unix: int
    placed_by: str
    released_at_unix: int | None = None
    released_by: str | None = None

    @property
    def is_in_force(self) -> bool:
        """Nobody has released it."""
        return self.released_at_unix is None

    def covers_from(self, unix_ns: int) -> bool:
        """Whether calls that begin at or after a moment can come under it."""
        return self.is_in_force and (self.until_unix_ns is None or unix_ns < self.until_unix_ns)
