"""What a kill switch would stop, looked at before it is pulled; it holds no kill up."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from alos.control.plane import ControlPlane
from alos.domain.fault import StoreDown
from alos.domain.ids import WorkflowId
from alos.domain.running import RunningStream
from alos.domain.standing import Standing, StandingWorkflow
from alos.ports.clock import Clock

HOUR_SECONDS = 3600
_PATIENCE_SECONDS = 0.5
"""A kill waits for no count longer than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls that began since some time, refused ones left out.

    Attributes:
        callers: keys that made them.
        running: those that have not ended, in every gateway whose journal arrived.
    """

    calls: int
    callers: int
    running: int


class CountCalls(Protocol):
    """Counts calls in the call index."""

    def __call__(
        self,
        *,
        since_unix_ns: int,
        workflows: Sequence[str] | None,
        model: str | None,
        vendor: str | None,
    ) -> CallCounts:
        """Count; ``None`` takes all of them.

        Raises:
            StoreDown: it can't be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """What would stop.

    Attributes:
        stops: workflows that would answer nothing (of a tool: those whose bundle names it).
        goes_on: workflows that would go on with another model of their route.
        streams: those that flow through this process and would be cut.
        last_hour: ``None`` where the index could not be asked in time.
    """

    stops: tuple[WorkflowId, ...]
    goes_on: tuple[WorkflowId, ...]
    streams: int
    last_hour: CallCounts | None


class BlastRadii:
    """Looks at the Standing, at the streams that run, and at the calls of the last hour."""

    def __init__(
        self,
        plane: ControlPlane,
        *,
        list_streams: Callable[[], Sequence[RunningStream]],
        count_calls: CountCalls,
        clock: Clock,
    ) -> None:
        self._plane = plane
        self._list_streams = list_streams
        self._count_calls = count_calls
        self._clock = clock

    async def look(self, kind: str, target: str) -> BlastRadius:
        """What pulling this switch would stop now.

        Raises:
            ChangeRefused: there is nothing of that kind and name.
        """
        self._plane.check_target(kind, target)
        standing = self._plane.standing
        touched = [one for one in standing.workflows.values() if self._is_in(one, kind, target)]
        goes_on = tuple(one.id for one in touched if _has_other_model(standing, one, kind, target))
        stops = tuple(one.id for one in touched if one.id not in goes_on)
        streams = [one for one in self._list_streams() if _is_cut(one, kind, target)]
        names = None if kind == "everything" else [one.id for one in touched]
        return BlastRadius(
            stops=tuple(sorted(stops)),
            goes_on=tuple(sorted(goes_on)),
            streams=len(streams),
            last_hour=await self._count(kind, target, names),
        )

    def _is_in(self, workflow: StandingWorkflow, kind: str, target: str) -> bool:
        match kind:
            case "everything":
                return True
            case "workspace":
                return workflow.workspace == target
            case "workflow":
                return workflow.id == target
            case "tool":
                bundle = self._plane.configuration.bundles.get(workflow.id)
                if bundle is None:
                    return False
                known = bundle.workflow
                named = {tool.name for tool in known.tools} | known.boundary.hosted_tools
                return target in named
            case _:  # a model or a vendor
                route = workflow.route
                return any(_is_stopped(self._plane.standing, one, kind, target) for one in route)

    async def _count(
        self, kind: str, target: str, workflows: Sequence[str] | None
    ) -> CallCounts | None:
        since = self._clock.unix_ns() - HOUR_SECONDS * 1_000_000_000
        if workflows is not None and not workflows:
            return CallCounts(calls=0, callers=0, running=0)
        counting = asyncio.to_thread(
            self._count_calls,
            since_unix_ns=since,
            workflows=workflows,
            model=target if kind == "model" else None,
            vendor=target if kind == "vendor" else None,
        )
        try:
            return await asyncio.wait_for(counting, _PATIENCE_SECONDS)
        except (StoreDown, TimeoutError):
            return None


def _is_stopped(standing: Standing, name: str, kind: str, target: str) -> bool:
    if kind == "model":
        return name == target
    model = next((one for one in standing.models.values() if one.name == name), None)
    return model is not None and model.vendor == target


def _has_other_model(
    standing: Standing, workflow: StandingWorkflow, kind: str, target: str
) -> bool:
    if kind not in {"model", "vendor"}:
        return False
    return any(not _is_stopped(standing, name, kind, target) for name in workflow.route)


def _is_cut(stream: RunningStream, kind: str, target: str) -> bool:
    match kind:
        case "workspace":
            return stream.workspace == target
        case "workflow":
            return stream.workflow == target
        case "model":
            return stream.model == target
        case "vendor":
            return stream.vendor == target
        case "tool":
            return target in stream.tools
        case _:  # everything
            return True
