"""Again: what was answered before is given again, where that is the same answer.

Two ways lead here. A caller repeats a request under its Idempotency-Key, and gets the same bytes
or a "no"; never a second call. Or the workflow has a cache, and a request is identical in every
field that changes the answer. Either way the gate and the boundary were asked again, under what
applies now, and the body comes from the vault: where it was erased, there is no answer.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping

from alos.domain.call import AdmittedCall, CheckedCall, FundedCall, Reservation
from alos.domain.fault import CountersDown
from alos.domain.gate import check_model
from alos.domain.ids import BodyReference
from alos.domain.money import Usage
from alos.domain.record import Fact, Outcome
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import Standing
from alos.domain.vault import ANSWER
from alos.pipeline.progress import Ending, Progress
from alos.ports.answers import AnswerCache, Claims, EarlierAnswer, NotYours
from alos.ports.clock import Clock
from alos.ports.vault import Vault
from alos.ports.wire import WireFormat

_logger = logging.getLogger(__name__)

HEADER = b"idempotency-key"
LONGEST_KEY = 255
_RETRY_SECONDS = 1
_NANOSECONDS = 1_000_000_000
_BLANK_LINES = (b"\r\n\r\n", b"\n\n", b"\r\r")
_PIECE_BYTES = 8_192
_FORWARDED = (b"anthropic-beta", b"anthropic-version")
"""Headers that go upstream and may change the answer."""
_MEANT = (b"x-alos-workflow", b"x-alos-release", b"x-alos-prompt", *_FORWARDED)
"""Headers that make a request another one."""
_CODES = {
    NotYours.OTHER_REQUEST: ReasonCode.IDEMPOTENCY_OTHER_REQUEST,
    NotYours.RUNNING: ReasonCode.IDEMPOTENCY_RUNNING,
    NotYours.NOT_KEPT: ReasonCode.IDEMPOTENCY_NOT_KEPT,
}


class Again:
    """Finds earlier answers, and remembers new ones once their record is durable."""

    def __init__(
        self,
        *,
        claims: Claims,
        cache: AnswerCache,
        vault: Vault,
        formats: Mapping[str, WireFormat],
        clock: Clock,
    ) -> None:
        self._formats = formats
        self._claims = claims
        self._cache = cache
        self._vault = vault
        self._clock = clock

    # --- Idempotency-Key ------------------------------------------------------------------

    async def claim(
        self, progress: Progress, admitted: AdmittedCall
    ) -> EarlierAnswer | Refusal | None:
        """Take the caller's key; ``None`` where there is none, or it is this call's now.

        Raises:
            CountersDown: nobody can say whether the key was used.
        """
        call = admitted.call
        given = call.headers.get(HEADER)
        if given is None:
            return None
        if not 0 < len(given) <= LONGEST_KEY:
            detail = f"Idempotency-Key has more than {LONGEST_KEY} characters or none"
            return Refusal(code=ReasonCode.BODY_MALFORMED, detail=detail)
        key = _digest((admitted.key.id.encode(), given))
        meant = (call.headers.get(name, b"") for name in _MEANT)
        fingerprint = _digest((call.wire_format.encode(), call.body or b"", *meant))
        found = await self._claims.claim(key, fingerprint, now_unix_ns=self._clock.unix_ns())
        if found is None:
            progress.claim = key
        if isinstance(found, NotYours):
            waits = _RETRY_SECONDS if found is NotYours.RUNNING else None
            return Refusal(code=_CODES[found], retry_after_seconds=waits)
        return found

    # --- the cache ------------------------------------------------------------------------

    async def look_up(
        self, progress: Progress, checked: CheckedCall, rules: str
    ) -> EarlierAnswer | None:
        """An earlier answer to the identical request; notes where this one's may be kept.

        Raises:
            CountersDown: the cache can't be asked.
        """
        cache = checked.funded.admitted.workflow.cache
        if cache is None or Fact.PURPOSE in progress.facts or Fact.RUN in progress.facts:
            return None
        if any(one.redacted for one in checked.candidates):
            return None
        is_personal = cache.personal or bool(checked.findings)
        key = _write_cache_key(checked, rules, is_personal=is_personal)
        found = await self._cache.get(key, now_unix_ns=self._clock.unix_ns())
        progress.cache_key = key
        return found

    # --- bodies ---------------------------------------------------------------------------

    async def read(self, answer: EarlierAnswer) -> bytes | None:
        """The answer's body; ``None`` where the vault has erased it.

        Raises:
            VaultDown, VaultTampered: it can't be read, or is not what was put.
        """
        label = f"{answer.call_id}/{ANSWER}"
        body = await asyncio.to_thread(self._vault.get, answer.reference, label=label)
        return body if isinstance(body, bytes) else None

    def write_last(self, progress: Progress, end: bytes, refusal: Refusal | None) -> bytes:
        """A repeated stream's last bytes: our comment and its end mark, or why it was cut."""
        admitted = progress.admitted
        assert admitted is not None, "only an admitted call is answered"
        call_id = progress.call.id
        reader = self._formats[admitted.call.wire_format].open_stream(admitted.request)
        if refusal is not None:
            return reader.write_cut(refusal, call_id)
        facts = f'"call":"{call_id}","cost_usd":"0"'
        if progress.receipt is not None:
            facts += f',"receipt":"{progress.receipt}"'
        return reader.write_comment(f"alos {{{facts}}}") + end

    async def let_go(self, progress: Progress) -> None:
        """Free the call's key: its record could not be closed."""
        claim, progress.claim, progress.cache_key = progress.claim, None, None
        if claim is not None:
            await self._end_claim(claim, None, None)

    async def _end_claim(
        self, claim: bytes, answer: EarlierAnswer | None, answered_at_unix_ns: int | None
    ) -> None:
        try:
            if answered_at_unix_ns is not None:
                await self._claims.keep(claim, answer, now_unix_ns=answered_at_unix_ns)
            else:
                await self._claims.let_go(claim)
        except CountersDown as error:
            _logger.warning("an Idempotency-Key stays taken: %s", error)

    async def settle(self, progress: Progress, ending: Ending) -> None:
        """Remember what the call was answered, or free its key; for every call that ends.

        The call is over and on record. Where it can't be noted, its caller still gets the answer;
        the key stays taken, so that no repetition makes the call once more.

        Raises:
            CountersDown: the cache can't be told.
        """
        claim, cache_key = progress.claim, progress.cache_key
        if claim is None and cache_key is None:
            return
        progress.claim = progress.cache_key = None
        now_unix_ns = self._clock.unix_ns()
        answered = ending.outcome is Outcome.ANSWERED and ending.reason is None
        answer = _remember(progress, ending) if answered else None
        if claim is not None:
            await self._end_claim(claim, answer, now_unix_ns if answered else None)
        if cache_key is not None and answer is not None and _may_cache(progress):
            workflow = progress.workflow
            assert workflow is not None, "a call with a cache key has a workflow"
            seconds = workflow.cache.max_age_seconds if workflow.cache else 0
            until = now_unix_ns + seconds * _NANOSECONDS
            await self._cache.put(cache_key, answer, until_unix_ns=until)


def fund_nothing(admitted: AdmittedCall) -> FundedCall:
    """A call that goes to no model needs no money and counts under no rate."""
    nothing = Reservation(id=admitted.call.id, caps=(), month="", amount_nanousd=0)
    return FundedCall(
        admitted=admitted, reservation=nothing, limit_requests=0, remaining_requests=0
    )


def check_earlier(standing: Standing, earlier: EarlierAnswer, *, now_unix: int) -> Refusal | None:
    """Say why what a model answered before may not be given again now."""
    model = standing.models.get(earlier.model)
    if model is None:
        return Refusal(code=ReasonCode.VENDOR_NOT_APPROVED, detail="taken off meanwhile")
    return check_model(standing, model, now_unix=now_unix)


def write_earlier_ending(earlier: EarlierAnswer, body: bytes) -> Ending:
    """The ending of a call that was given an earlier answer: no tokens, no cost."""
    return Ending(
        outcome=Outcome.ANSWERED,
        status=200,
        usage=Usage(),
        output_hash=earlier.output_hash,
        answer_bytes=len(body),
    )


def split_stream(body: bytes) -> tuple[list[bytes], bytes]:
    """A whole event stream in pieces, and its last event, which is its end mark."""
    start = len(body)
    for blank in _BLANK_LINES:
        if body.endswith(blank):
            start = body.rfind(blank, 0, len(body) - len(blank)) + len(blank)
            break
    pieces = [body[at : min(at + _PIECE_BYTES, start)] for at in range(0, start, _PIECE_BYTES)]
    return pieces, body[start:]


def _write_cache_key(checked: CheckedCall, rules: str, *, is_personal: bool) -> bytes:
    """A digest of every field that changes the answer, and of whose answer it is.

    The body is the very one that would go to the first candidate: model, prompt, tools and
    parameters are in it. A new bundle, policy, rule set or model makes a new key.
    """
    admitted, candidate = checked.funded.admitted, checked.candidates[0]
    call, workflow, model = admitted.call, admitted.workflow, candidate.model
    return _digest(
        (
            workflow.workspace.encode(),
            workflow.id.encode(),
            workflow.release.digest.encode(),
            admitted.standing.policy.encode(),
            rules.encode(),
            admitted.key.principal.encode() if is_personal else b"",
            call.wire_format.encode(),
            model.name.encode(),
            model.upstream_name.encode(),
            model.base_url.encode(),
            b"usage" if admitted.request.include_usage else b"",
            *(call.headers.get(name, b"") for name in _FORWARDED),
            candidate.body,
        )
    )


def _may_cache(progress: Progress) -> bool:
    """Only what the first candidate said, and nothing in which something was found.

    A finding in the answer came too late to make the key a person's own.
    """
    checked, candidate = progress.checked, progress.candidate
    if checked is None or candidate is None or candidate is not checked.candidates[0]:
        return False
    return not any(note.where == ANSWER for note in progress.findings)


def _remember(progress: Progress, ending: Ending) -> EarlierAnswer | None:
    reference = progress.facts.get(Fact.ANSWER_BODY)
    if reference is None or progress.candidate is None or ending.output_hash is None:
        return None
    return EarlierAnswer(
        call_id=progress.call.id,
        reference=BodyReference(reference),
        streamed=progress.streamed,
        model=progress.candidate.model.name,
        output_hash=ending.output_hash,
    )


def _digest(parts: Iterable[bytes]) -> bytes:
    """SHA-256 over the parts, each behind its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()
