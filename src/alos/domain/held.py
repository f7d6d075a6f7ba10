"""A request that waits for a person, because its workflow's model gave no answer (R63)."""

from dataclasses import dataclass
from enum import StrEnum

from alos.domain.ids import BodyReference, CallId, WorkflowId, WorkspaceId

_PREFIX = "held_"


class HeldState(StrEnum):
    """Whether somebody has looked after it."""

    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRequest:
    """One request in a queue for people.

    Attributes:
        id: what the caller was told; made of the call's id.
        queue: the queue's name, from the bundle.
        reason: the code for which no model answered.
        body: where the vault keeps the request, with every finding replaced.
        done_by: who marked it done.
    """

    id: str
    call_id: CallId
    workflow: WorkflowId
    workspace: WorkspaceId
    queue: str
    reason: str
    at_unix_ns: int
    body: BodyReference
    state: HeldState = HeldState.WAITING
    done_by: str = ""
    done_at_unix_ns: int | None = None


def get_held_id(call_id: CallId) -> str:
    """The id that a held request goes by."""
    return _PREFIX + call_id.removeprefix("call_")
