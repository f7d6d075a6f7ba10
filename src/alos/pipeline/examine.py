"""Examine: what comes back, whole or streaming, before the caller may have it.

A credential in an answer withholds it; anything else is noted. A stream is let through event
by event, its bytes untouched unless a text has to be held back from the first character that
may begin a finding.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from alos.checks.base import ScannerFault as EngineFault
from alos.checks.catalogue import Scanner
from alos.checks.seams import scan_parts
from alos.checks.stream import StreamGate
from alos.domain.call import CheckedReply, Denied, WholeReply
from alos.domain.fault import ScannerFault
from alos.domain.finding import Finding, FindingKind
from alos.domain.money import Usage
from alos.domain.record import Evidence, FindingNote, ToolNote
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import Request, StreamPart
from alos.ports.wire import StreamReader, WireFormat

_SECRET = "secret"  # noqa: S105 - a finding's kind
_FLAGGED: frozenset[FindingKind] = frozenset({"pii", "forbidden", "injection"})
"""Kinds that are noted in an answer and go to the caller: the boundary is about inputs."""


CheckTools = Callable[[Iterable[str]], Refusal | None]
"""Says which of these tools must not be called now."""


class Examine:
    """The fifth stage.

    Args:
        check_tools: asked about every tool that an answer calls.
    """

    def __init__(
        self, scanner: Scanner, formats: Mapping[str, WireFormat], check_tools: CheckTools
    ) -> None:
        self._scanner = scanner
        self._formats = formats
        self._check_tools = check_tools

    def use(self, scanner: Scanner) -> None:
        """Read answers with other detectors; streams that run keep theirs."""
        self._scanner = scanner

    def __call__(self, reply: WholeReply) -> CheckedReply | Denied:
        """Read a whole answer.

        Raises:
            ScannerFault: a detector failed, so the answer is withheld.
        """
        request = reply.checked.funded.admitted.request
        view = reply.view
        if view is None:
            return CheckedReply(reply=reply, findings=(), tools=note_tools(request, ()))
        called = [name for name, _ in view.tool_calls]
        if (stopped := self._check_tools(called)) is not None:
            return Denied(refusal=stopped)
        tools = note_tools(request, called)
        texts = [*view.texts, *(text for called in view.tool_calls for text in called)]
        try:
            found = [one for part in scan_parts(self._scanner, texts) for one in part]
        except EngineFault as error:
            raise ScannerFault(str(error)) from error
        notes = note_findings(found)
        secret = next((one for one in found if one.kind == _SECRET), None)
        if secret is not None:
            return Denied(refusal=_refuse(secret), findings=notes)
        return CheckedReply(reply=reply, findings=notes, tools=tools)

    def open_stream(self, request: Request, wire_format: str) -> "StreamExaminer":
        """An examiner for the stream that answers ``request``."""
        reader = self._formats[wire_format].open_stream(request)
        return StreamExaminer(reader, self._scanner, request, self._check_tools)


class StreamExaminer:
    """Reads one stream and says which bytes may go on.

    Attributes:
        refusal: set once the stream has to be cut; nothing may be released after that.
        end: the format's end mark, held until the record is durable.
        failed: the provider reported an error inside the stream.
        usage: the provider's last word, ``None`` without one.
        text_characters: how much text was read (for an estimate without usage).
        called: tools that were called so far.
    """

    def __init__(
        self,
        reader: StreamReader,
        scanner: Scanner,
        request: Request,
        check_tools: CheckTools,
    ) -> None:
        self.reader = reader
        self.refusal: Refusal | None = None
        self.end: StreamPart | None = None
        self.failed = False
        self.usage: Usage | None = None
        self.text_characters = 0
        self._scanner = scanner
        self._request = request
        self._gates: dict[str, StreamGate] = {}
        self._closed: list[StreamGate] = []
        self._last_part: dict[str, StreamPart] = {}
        self.called: list[str] = []
        self._check_tools = check_tools

    def take(self, data: bytes) -> bytes:
        """Read what came; return what may be sent now (possibly nothing).

        Raises:
            ScannerFault: a detector failed.
            ValueError: the bytes are no stream of this format.
        """
        released: list[bytes] = []
        run: list[StreamPart] = []  # plain text of one lane, which is read in one go
        try:
            for part in self.reader.feed(data):
                is_plain = _is_plain(part)
                if run and not (is_plain and part.lane == run[0].lane):
                    released += self._take_texts(run)
                    run = []
                    if self.refusal is not None:
                        return b""
                if is_plain:
                    run.append(part)
                    continue
                released.append(self._take_part(part))
                if self.refusal is not None or self.end is not None:
                    break
            if run:
                released += self._take_texts(run)
        except EngineFault as error:
            raise ScannerFault(str(error)) from error
        return b"".join(released)

    def _take_part(self, part: StreamPart) -> bytes:
        if part.usage is not None:
            self.usage = part.usage
        if part.tool_call is not None and not self._may_call(part.tool_call):
            return b""
        self.failed = self.failed or part.is_error
        flushed = b""
        if part.finish_reason is not None or part.is_end:
            flushed = self._flush()
            if self.refusal is not None:
                return b""
        if part.is_end:
            self.end = part
            return flushed
        if not part.text:
            return flushed + part.raw
        return b"".join((flushed, *self._take_texts([part])))

    def _may_call(self, name: str) -> bool:
        """Note a tool that is called; false where it is stopped or its very name must not pass."""
        self.refusal = self._check_tools((name,))
        if self.refusal is not None:
            return False
        gate = StreamGate(self._scanner, shown_kinds=_FLAGGED)
        gate.feed(name)
        gate.close()
        self._closed.append(gate)
        if self._must_cut(gate):
            return False
        self.called.append(name)
        return True

    def _take_texts(self, run: Sequence[StreamPart]) -> Sequence[bytes]:
        """The bytes of events of one lane, with what the gate holds back taken out of them."""
        lane = run[0].lane
        text = run[0].text if len(run) == 1 else "".join([part.text for part in run])
        self.text_characters += len(text)
        gate = self._gates.get(lane)
        if gate is None:
            gate = self._gates[lane] = StreamGate(self._scanner, shown_kinds=_FLAGGED)
        earlier = gate.held
        allowed = gate.feed(text)
        if self._must_cut(gate):
            return ()
        self._last_part[lane] = run[-1]
        if allowed == text:
            return [part.raw for part in run]
        return self._write_allowed(run, earlier, earlier + text, allowed)

    def _write_allowed(
        self, run: Sequence[StreamPart], earlier: str, wanted: str, allowed: str
    ) -> Sequence[bytes]:
        """Put the allowed text into its events: whole ones go untouched, as they came.

        What was held of earlier events goes with the first one. Text that is not as it was
        written goes with the first one too.
        """
        write = self.reader.write_text
        if not wanted.startswith(allowed):
            return [write(run[0], allowed), *(write(part, "") for part in run[1:])]
        end = len(earlier) + len(run[0].text)
        written = [write(run[0], allowed[:end]) if earlier else _cut(run[0], allowed, 0, write)]
        for part in run[1:]:
            written.append(_cut(part, allowed, end, write))
            end += len(part.text)
        return written

    def _flush(self) -> bytes:
        """Let go what is still held back, now that no more text can follow."""
        rest: list[bytes] = []
        for lane, gate in self._gates.items():
            held = gate.close()
            if self._must_cut(gate):
                return b""
            if held:
                rest.append(self.reader.write_text(self._last_part[lane], held))
        self._closed.extend(self._gates.values())
        self._gates = {}
        return b"".join(rest)

    def _must_cut(self, gate: StreamGate) -> bool:
        if gate.cut and self.refusal is None:
            gate.close()  # has what was found reported; none of it goes out any more
            secret = next((one for one in gate.findings if one.kind == _SECRET), None)
            self.refusal = _refuse(secret)
        return self.refusal is not None

    @property
    def findings(self) -> tuple[FindingNote, ...]:
        """Notes of everything seen in the stream so far."""
        gates = (*self._closed, *self._gates.values())
        return note_findings([one for gate in gates for one in gate.findings])

    @property
    def tools(self) -> tuple[ToolNote, ...]:
        """Tools offered, and how often each was called."""
        return note_tools(self._request, self.called)


def _is_plain(part: StreamPart) -> bool:
    """Whether an event is text and nothing else: nearly every one is."""
    return (
        part.text != ""
        and part.tool_call is None
        and part.usage is None
        and part.finish_reason is None
        and not (part.is_end or part.is_error)
    )


def _cut(
    part: StreamPart, allowed: str, start: int, write: Callable[[StreamPart, str], bytes]
) -> bytes:
    """An event with as much of its text as is allowed, where its text begins at ``start``."""
    given = allowed[start : start + len(part.text)]
    return part.raw if given == part.text else write(part, given)


def note_findings(found: Iterable[Finding]) -> tuple[FindingNote, ...]:
    """Count findings of an answer by rule."""
    counted = Counter((one.kind, one.type, one.rule) for one in found)
    return tuple(
        FindingNote("answer", kind, type_, rule, "block" if kind == _SECRET else "flag", count)
        for (kind, type_, rule), count in sorted(counted.items())
    )


def note_tools(request: Request, called: Sequence[str]) -> tuple[ToolNote, ...]:
    """Offered tools are the caller's word; calls are observed in the answer."""
    if not called and not request.tool_names:
        return ()
    counted = Counter(called)
    offered = [
        ToolNote(name, Evidence.DECLARED, 0)
        for name in dict.fromkeys(request.tool_names)
        if name not in counted
    ]
    return (
        *offered,
        *(ToolNote(name, Evidence.OBSERVED, calls) for name, calls in counted.items()),
    )


def _refuse(secret: Finding | None) -> Refusal:
    """Withhold; a private key's header cuts a stream before the finding is whole."""
    detail = f"{secret.type}, rule {secret.rule}" if secret else "a credential begins"
    return Refusal(code=ReasonCode.ANSWER_BLOCKED, detail=detail)
