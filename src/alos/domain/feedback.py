"""What a person said of an answer: that it was taken, or that it was rejected."""

from typing import NamedTuple

from alos.domain.ids import CallId, Digest, WorkflowId


class Feedback(NamedTuple):
    """One call's, once and for all.

    Attributes:
        release: the digest that served the call.
    """

    call_id: CallId
    workflow: WorkflowId
    release: Digest
    accepted: bool
    at_unix_ns: int
