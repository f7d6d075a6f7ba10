"""Budget: counts the request against its rates and sets its dearest outcome aside."""

from alos.domain.call import AdmittedCall, Denied, FundedCall
from alos.domain.ids import CallId
from alos.domain.money import to_usd_text
from alos.domain.record import NoteEntry, NoteKind, OpeningEntry, Personal
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import Cap
from alos.pipeline.tries import Tries
from alos.ports.clock import Clock, get_month
from alos.ports.counters import Counters, Exceeded
from alos.ports.journal import Journal


class Budget:
    """The second stage; the only one that touches the counters before the call is over."""

    def __init__(self, counters: Counters, journal: Journal, clock: Clock) -> None:
        self._counters = counters
        self._journal = journal
        self._clock = clock

    async def __call__(self, admitted: AdmittedCall) -> FundedCall | Denied:
        """Reserve, or say which rate or cap is used up.

        Raises:
            CountersDown: nothing was counted, so the call is refused.
        """
        workflow = admitted.workflow
        ceiling = admitted.ceiling_nanousd
        if workflow.max_call_nanousd is not None and ceiling > workflow.max_call_nanousd:
            return _deny(
                ReasonCode.BUDGET_EXCEEDED,
                f"one call may cost {to_usd_text(workflow.max_call_nanousd)} USD,"
                f" this one up to {to_usd_text(ceiling)}",
            )
        counters = self._counters
        limit_requests = remaining = 0
        if workflow.rate_limits:
            rate = await counters.take_request(
                workflow.rate_limits, now_ns=self._clock.monotonic_ns()
            )
            if not rate.allowed:
                refusal = Refusal(
                    code=ReasonCode.RATE_LIMITED,
                    detail=f"{rate.limit} in {rate.scope}",
                    retry_after_seconds=rate.retry_after_seconds,
                )
                return Denied(refusal=refusal, limit_requests=rate.limit)
            limit_requests, remaining = rate.limit, rate.remaining
        call = admitted.call
        reserved = await counters.reserve(
            call.id,
            get_caps(admitted),
            month=get_month(call.received_unix_ns),
            amount_nanousd=ceiling,
        )
        if isinstance(reserved, Exceeded):
            return _deny(
                ReasonCode.BUDGET_EXCEEDED,
                f"{reserved.cap.scope}: {to_usd_text(reserved.used_nanousd)} of"
                f" {to_usd_text(reserved.cap.limit_nanousd)} USD are spent or set aside,"
                f" this call may need {to_usd_text(ceiling)}",
            )
        return FundedCall(
            admitted=admitted,
            reservation=reserved,
            limit_requests=limit_requests,
            remaining_requests=remaining,
        )

    async def raise_reservation(self, admitted: AdmittedCall, tries: Tries) -> bool:
        """Set the call's ceiling aside once more for each try that may be billed for nothing.

        Both the caps and the bound on one call hold for the sum. The raised ceiling is noted
        in the journal first, because a sweep settles a call whose process died at it.

        Raises:
            CountersDown: nothing was set aside.
            JournalDown: a sweep would not know of it.
        """
        call, ceiling = admitted.call, admitted.ceiling_nanousd
        most = admitted.workflow.max_call_nanousd
        while len(tries.raised) < len(tries.unanswered):
            number = len(tries.raised) + 1
            if most is not None and ceiling * (number + 1) > most:
                return False
            reserved = await self._counters.reserve(
                CallId(f"{call.id}+{number}"),
                get_caps(admitted),
                month=get_month(call.received_unix_ns),
                amount_nanousd=ceiling,
            )
            if isinstance(reserved, Exceeded):
                return False
            tries.raised.append(reserved)
            await self._journal.note(_write_raise(admitted, number + 1, self._clock.unix_ns()))
        return True


def write_opening(admitted: AdmittedCall, salt: bytes) -> OpeningEntry:
    """What stands in the journal before anything can go upstream: our own ids only.

    With the principal and the vendors, so that a sweeper can count the call against every cap.
    """
    call, key, workflow = admitted.call, admitted.key, admitted.workflow
    return OpeningEntry(
        call_id=call.id,
        opened_at_unix_ns=call.received_unix_ns,
        key_id=key.id,
        workspace=key.workspace,
        workflow=workflow.id,
        tier=workflow.tier,
        release=workflow.release.digest,
        ceiling_nanousd=admitted.ceiling_nanousd,
        vendors=tuple(dict.fromkeys(model.vendor for model in admitted.candidates)),
        personal=(Personal("principal", salt, key.principal),),
    )


def _write_raise(admitted: AdmittedCall, times: int, at_unix_ns: int) -> NoteEntry:
    ceiling = str(admitted.ceiling_nanousd * times)
    return NoteEntry(
        kind=NoteKind.RESERVATION_RAISED,
        at_unix_ns=at_unix_ns,
        facts=(("call", admitted.call.id), ("ceiling_nanousd", ceiling)),
    )


def get_caps(admitted: AdmittedCall) -> tuple[Cap, ...]:
    """Every cap the call counts under: the workflow's own and the organisation's."""
    organisation = admitted.standing.organisation_caps
    if not organisation:
        return admitted.workflow.caps
    vendors = {f"vendor:{model.vendor}" for model in admitted.candidates}
    return (
        *admitted.workflow.caps,
        *(cap for cap in organisation if cap.scope == "organisation" or cap.scope in vendors),
    )


def _deny(code: ReasonCode, detail: str) -> Denied:
    return Denied(refusal=Refusal(code=code, detail=detail))
