"""What runs in this process right now, as far as a kill switch asks about it."""

from typing import NamedTuple

from alos.domain.ids import ModelName, VendorName, WorkflowId, WorkspaceId


class RunningStream(NamedTuple):
    """One stream that flows to a caller.

    Attributes:
        model, vendor: where it comes from; ``None`` until that is known.
        tools: offered to it, hosted ones by their kind, and called by it.
    """

    workflow: WorkflowId
    workspace: WorkspaceId
    model: ModelName | None
    vendor: VendorName | None
    tools: frozenset[str]
