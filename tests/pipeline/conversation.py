"""A whole pipeline without sockets: real stages, wire format and detectors; memory adapters."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.pii import build_pii_pack
from alos.checks.secrets import secrets_pack
from alos.counters.memory import MemoryCounters
from alos.counters.memory_answers import MemoryAnswerCache, MemoryClaims
from alos.domain.call import Call, CheckedCall, CheckedCandidate
from alos.domain.fault import JournalDown
from alos.domain.ids import (
    Digest,
    Epoch,
    KeyId,
    ModelName,
    PersonId,
    PrincipalId,
    VendorName,
    WorkflowId,
    WorkspaceId,
)
from alos.domain.key import make_key
from alos.domain.money import Price
from alos.domain.record import ClosingEntry, Entry, NoteEntry, OpeningEntry
from alos.domain.standing import (
    Action,
    Cap,
    KeyGrant,
    PrincipalKind,
    RateLimit,
    ReleaseStage,
    Standing,
    StandingModel,
    StandingRelease,
    StandingWorkflow,
    Stop,
)
from alos.gateway.errors import get_status
from alos.gateway.wire.openai_chat import OpenAiChat
from alos.pipeline.admit import Admit
from alos.pipeline.again import Again
from alos.pipeline.anonymous import Anonymous
from alos.pipeline.attempt import Attempts
from alos.pipeline.breaker import Breakers
from alos.pipeline.budget import Budget
from alos.pipeline.check import Check
from alos.pipeline.current import Current, StaleLimits
from alos.pipeline.dispatch import Dispatch
from alos.pipeline.escalation import Escalate
from alos.pipeline.examine import Examine
from alos.pipeline.fallback import Fallback
from alos.pipeline.finish import Finish
from alos.pipeline.keep import Keep
from alos.pipeline.run import Pipeline, Stages
from alos.pipeline.still import Still
from alos.ports.clock import SystemClock, get_month
from alos.ports.held import MemoryHeldRequests
from alos.ports.ids import RandomIds
from alos.ports.provider import Broken, ProviderBroke, ProviderFailure
from alos.ports.tasks import Tasks
from alos.ports.vault import MemoryVault


@functools.cache
def build_test_scanner() -> Scanner:
    """The detectors that the gateway runs with."""
    return build_scanner([secrets_pack(), build_pii_pack()])


class MemoryJournal:
    """Keeps entries; ``down`` makes every write fail as a full disk would."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.down = False

    def open(self, entry: OpeningEntry) -> None:
        self._append(entry)

    async def close(self, entry: ClosingEntry) -> None:
        self._append(entry)
        await asyncio.sleep(0)

    async def note(self, entry: NoteEntry) -> None:
        self._append(entry)

    def _append(self, entry: Entry) -> None:
        if self.down:
            raise JournalDown("the disk is full")
        self.entries.append(entry)

    @property
    def closings(self) -> list[ClosingEntry]:
        return [entry for entry in self.entries if isinstance(entry, ClosingEntry)]

    @property
    def openings(self) -> list[OpeningEntry]:
        return [entry for entry in self.entries if isinstance(entry, OpeningEntry)]


@dataclass
class ScriptedAnswer:
    """What one candidate answers."""

    status: int = 200
    body: bytes = b""
    pieces: Sequence[bytes] = ()
    content_type: str = "application/json"
    breaks: Broken | None = None
    waits_for: asyncio.Event | None = None
    headers: dict[str, str] = field(default_factory=dict)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.headers = {"content-type": self.content_type, **self.headers}

    async def read(self) -> bytes | ProviderFailure:
        if self.waits_for is not None:
            await self.waits_for.wait()
        if self.breaks is not None:
            return ProviderFailure(why=self.breaks, cause="scripted")
        return self.body

    async def chunks(self) -> AsyncIterator[bytes]:
        for number, piece in enumerate(self.pieces):
            if number == len(self.pieces) - 1 and self.waits_for is not None:
                await self._wait()
            yield piece
        if self.breaks is not None:
            raise ProviderBroke(ProviderFailure(why=self.breaks, cause="scripted"))

    async def _wait(self) -> None:
        assert self.waits_for is not None
        opened = asyncio.ensure_future(self.waits_for.wait())
        closed = asyncio.ensure_future(self.closed.wait())
        await asyncio.wait({opened, closed}, return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        closed.cancel()
        if self.closed.is_set():
            raise ProviderBroke(ProviderFailure(why=Broken.BROKEN_OFF, cause="closed"))

    async def close(self) -> None:
        self.closed.set()


class ScriptedProvider:
    """Answers from a list, in order; keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[ScriptedAnswer | ProviderFailure] = []
        self.sent: list[CheckedCandidate] = []
        self.within: list[float] = []

    async def send(
        self,
        call: CheckedCall,  # noqa: ARG002 - the port's shape
        candidate: CheckedCandidate,
        *,
        within_seconds: float,
    ) -> ScriptedAnswer | ProviderFailure:
        self.sent.append(candidate)
        self.within.append(within_seconds)
        return self.answers.pop(0)


@dataclass
class Holder:
    current: Standing


def completion(text: str, *, prompt_tokens: int = 10, completion_tokens: int = 5) -> bytes:
    """A chat completion as a provider would send it."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "scripted-model",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
            },
        }
    ).encode()


def stream(*texts: str, usage: bool = True, end: bool = True) -> list[bytes]:
    """Pieces of a streamed chat completion, one event each."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def event(choices: list[Any], **more: Any) -> bytes:
        return b"data: " + json.dumps({**base, "choices": choices, **more}).encode() + b"\n\n"

    pieces = [
        event([{"index": 0, "delta": {"content": text}, "finish_reason": None}]) for text in texts
    ]
    pieces.append(event([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if usage:
        tokens = {"prompt_tokens": 10, "completion_tokens": len(texts), "total_tokens": 20}
        pieces.append(event([], usage=tokens))
    if end:
        pieces.append(b"data: [DONE]\n\n")
    return pieces


KEY, PREFIX, KEY_HASH = make_key(bytes(range(40)))
PRICE = Price(
    input_nanousd=150_000_000,
    output_nanousd=600_000_000,
    cached_read_nanousd=75_000_000,
    cache_write_nanousd=150_000_000,
    reasoning_nanousd=600_000_000,
    source="test",
)


def build_model(name: str, **changes: Any) -> StandingModel:
    model = StandingModel(
        name=ModelName(name),
        vendor=VendorName("acme"),
        upstream_name=f"{name}-upstream",
        base_url="http://127.0.0.1:1",
        wire_formats=frozenset({"openai-chat"}),
        credential="",
        region="eu",
        size_rank=1,
        data_classes=frozenset({"internal"}),
        approved_until_unix=None,
        price=PRICE,
        max_output_tokens=4096,
        connect_timeout_seconds=1,
        first_byte_timeout_seconds=1,
        total_timeout_seconds=5,
        retries=0,
    )
    return replace(model, **changes)


def build_workflow(**changes: Any) -> StandingWorkflow:
    workflow = StandingWorkflow(
        id=WorkflowId("support"),
        workspace=WorkspaceId("care"),
        tier=2,
        title="Support replies",
        accountable=PersonId("ana"),
        release=StandingRelease(
            digest=Digest("sha256:" + "0" * 64), stage=ReleaseStage.UNRELEASED
        ),
        route=(ModelName("small"), ModelName("large")),
        route_reason="primary, then the fallbacks in order",
        forbidden=frozenset({"credentials"}),
        actions={"credentials": Action.BLOCK, "pii": Action.DROP_CANDIDATE},
        max_output_tokens=256,
        rate_limits=(RateLimit(scope="workflow:support", requests=1000, window_seconds=60),),
        caps=(Cap(scope="workspace:care", limit_nanousd=1_000_000_000),),
    )
    return replace(workflow, **changes)


def build_key(**changes: Any) -> KeyGrant:
    key = KeyGrant(
        id=KeyId("key_1"),
        prefix=PREFIX,
        secret_hash=KEY_HASH,
        principal=PrincipalId("ben"),
        principal_kind=PrincipalKind.PERSON,
        workspace=WorkspaceId("care"),
        workflows=frozenset({WorkflowId("support")}),
        default_workflow=WorkflowId("support"),
        surface="desk",
        expires_at_unix=None,
        revoked=False,
        active=True,
    )
    return replace(key, **changes)


def build_standing(
    *,
    workflow: StandingWorkflow | None = None,
    key: KeyGrant | None = None,
    models: Sequence[StandingModel] = (),
    stops: Sequence[Stop] = (),
    **changes: Any,
) -> Standing:
    workflow, key = workflow or build_workflow(), key or build_key()
    listed = models or (build_model("small"), build_model("large"))
    standing = Standing(
        epoch=Epoch(1),
        taken_at_unix_ns=0,
        dev=True,
        policy=Digest("sha256:" + "1" * 64),
        keys={key.prefix: key},
        workflows={workflow.id: workflow},
        models={model.name: model for model in listed},
        stopped={(stop.kind, stop.target): stop for stop in stops},
    )
    return replace(standing, **changes)


class Conversation:
    """One gateway core and everything around it that a test wants to see."""

    def __init__(
        self,
        standing: Standing | None = None,
        scanner: Scanner | None = None,
        vault: MemoryVault | None = None,
    ) -> None:
        self.journal = MemoryJournal()
        self.provider = ScriptedProvider()
        self.counters = MemoryCounters()
        self.vault = vault or MemoryVault()
        self.holder = Holder(standing or build_standing())
        self.overbilled: list[tuple[str, int]] = []
        self.clock, self.ids, self.tasks = SystemClock(), RandomIds(), Tasks()
        self.anonymous = Anonymous(self.clock, self.ids)
        self.current = Current(self.clock, StaleLimits())
        formats = {"openai-chat": OpenAiChat()}
        scanner = scanner or build_test_scanner()
        self.slept: list[float] = []
        self.sleep: Callable[[float], Awaitable[None]] = self._sleep
        self.breakers = Breakers(self.clock.monotonic_ns)
        still = Still(self.holder, self.clock)
        budget = Budget(self.counters, self.journal, self.clock)
        check, keep = Check(scanner, formats), Keep(self.vault)
        self.held = MemoryHeldRequests()
        self.pipeline = Pipeline(
            Stages(
                current=self.current,
                admit=Admit(formats),
                again=Again(
                    claims=MemoryClaims(),
                    cache=MemoryAnswerCache(),
                    vault=self.vault,
                    formats=formats,
                    clock=self.clock,
                ),
                budget=budget,
                check=check,
                still=still,
                dispatch=Escalate(
                    Dispatch(
                        Attempts(self.provider, formats, self.clock),
                        self.breakers,
                        still=still,
                        raise_reservation=budget.raise_reservation,
                        clock=self.clock,
                        sleep=self._pause,
                    ),
                    raise_reservation=budget.raise_reservation,
                ),
                fallback=Fallback(formats, check, keep, self.held),
                examine=Examine(scanner, formats, still.check_tools),
                finish=Finish(
                    counters=self.counters,
                    journal=self.journal,
                    clock=self.clock,
                    ids=self.ids,
                    keep=keep,
                    on_overbilled=lambda workspace, excess: self.overbilled.append(
                        (workspace, excess)
                    ),
                ),
            ),
            standing=self.holder,
            journal=self.journal,
            anonymous=self.anonymous,
            clock=self.clock,
            ids=self.ids,
            tasks=self.tasks,
            status_of=get_status,
        )

    async def _pause(self, seconds: float) -> None:
        await self.sleep(seconds)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def swap(self, standing: Standing) -> None:
        """Put another Standing into force, as the composition root does."""
        self.holder.current = standing
        self.pipeline.standing_swapped()

    def call(
        self,
        body: dict[str, Any] | bytes | None = None,
        *,
        key: str | None = KEY,
        headers: dict[str, str] | None = None,
        wire_format: str = "openai-chat",
    ) -> Call:
        sent = {b"authorization": f"Bearer {key}".encode()} if key is not None else {}
        sent |= {name.encode(): value.encode() for name, value in (headers or {}).items()}
        if body is None:
            body = say("What is the capital of France?")
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        now = self.clock.unix_ns()
        return Call(
            id=self.ids.call_id(now),
            received_unix_ns=now,
            received_monotonic_ns=self.clock.monotonic_ns(),
            wire_format=wire_format,
            headers=sent,
            body=raw,
            client_address="127.0.0.1",
        )

    async def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run one call; the outcome as the door gets it."""
        return await self.pipeline.run(self.call(*args, **kwargs))

    async def settle(self) -> None:
        """Let background closings finish."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def used(self, scope: str = "workspace:care") -> int:
        """Nano-dollars spent and set aside this month."""
        month = get_month(self.clock.unix_ns())
        return await self.counters.get_used_nanousd(scope, month=month)


def say(text: str, **more: Any) -> dict[str, Any]:
    """A chat request with one user message."""
    return {
        "model": "workflow/support",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 64,
        **more,
    }
