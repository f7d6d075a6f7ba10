"""Fallback: what a workflow answers when its route gives nothing, or while it is stopped (R63).

A static text or a place in a queue for people, in the caller's own wire format. Nothing goes
upstream for it, and it comes after the checks: what the boundary refuses stays refused. Another
model is no business of this file: it is the last candidate of the route.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from alos.domain.call import AdmittedCall, CheckedCall
from alos.domain.fault import StoreDown
from alos.domain.held import HeldRequest, get_held_id
from alos.domain.record import Fact
from alos.domain.refusal import Refusal
from alos.domain.standing import StandingFallback
from alos.domain.workflow import FallbackKind
from alos.pipeline.check import Check
from alos.pipeline.fallback_rule import may_answer
from alos.pipeline.keep import Keep
from alos.pipeline.progress import Progress
from alos.ports.held import HeldRequests
from alos.ports.wire import WireFormat

TEXT = "text"
QUEUE = "queue"
_ACCEPTED = 202


class FallbackAnswer(NamedTuple):
    """An answer of our own.

    Attributes:
        kind: ``text`` or ``queue``.
        held: the id under which the request waits for a person.
    """

    kind: str
    status: int
    body: bytes
    held: str | None = None


class Fallback:
    """Answers in the place of the route."""

    def __init__(
        self,
        formats: Mapping[str, WireFormat],
        check: Check,
        keep: Keep,
        held: HeldRequests,
    ) -> None:
        self._formats = formats
        self._check = check
        self._keep = keep
        self._held = held

    async def __call__(
        self, progress: Progress, checked: CheckedCall, refusal: Refusal
    ) -> FallbackAnswer | None:
        """The answer, or ``None`` where the refusal stands.

        Raises:
            ScannerFault: what is to wait for a person can't be redacted.
        """
        admitted = checked.funded.admitted
        wire = self._formats[admitted.call.wire_format]
        fallback = admitted.workflow.fallback
        if fallback is None or not may_answer(admitted.workflow, wire, refusal):
            return None
        if _is_trial(admitted):
            return None
        text, status, held = fallback.text, 200, None
        if fallback.kind is FallbackKind.QUEUE:
            held = await self._hold(progress, checked, refusal, fallback)
            if held is None:
                return None
            text = f"{text} ({held})" if text else f"Your request waits for a person ({held})."
            status = 200 if admitted.request.stream else _ACCEPTED
        body = wire.write_static(admitted.request, text, admitted.call.id)
        return FallbackAnswer(QUEUE if held else TEXT, status, body, held)

    async def _hold(
        self,
        progress: Progress,
        checked: CheckedCall,
        refusal: Refusal,
        fallback: StandingFallback,
    ) -> str | None:
        """Put the request into the queue, every finding replaced; on disk on return."""
        admitted = checked.funded.admitted
        body = self._check.redact_all(checked.funded)
        reference = await self._keep.hold(progress, body) if body is not None else None
        if reference is None:
            return None
        held = HeldRequest(
            id=get_held_id(admitted.call.id),
            call_id=admitted.call.id,
            workflow=admitted.workflow.id,
            workspace=admitted.key.workspace,
            queue=fallback.queue,
            reason=refusal.code,
            at_unix_ns=admitted.call.received_unix_ns,
            body=reference,
        )
        try:
            await asyncio.to_thread(self._held.add, held)
        except StoreDown:
            return None
        progress.facts[Fact.HELD] = held.id
        progress.facts[Fact.HELD_BODY] = held.body
        return held.id


def _is_trial(admitted: AdmittedCall) -> bool:
    """A draft or eval wants to know what the model says; a drill rehearses the fallback."""
    return dict(admitted.trial).get(Fact.PURPOSE, "drill") != "drill"
