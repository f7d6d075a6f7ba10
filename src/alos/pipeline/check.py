"""Check: what the request contains, and which candidates may see it in which form.

The only maker of a :class:`CheckedCall`. For each finding the workflow's boundary decides, and
for each candidate of the route its approval decides:

* a credential refuses the call, always;
* a class that the boundary forbids is refused, redacted or flagged, whatever the model;
* any other class (personal data among them) passes to a model approved for it; another model
  gets it redacted, is dropped from the route, or the call is refused.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alos.checks.base import ScannerFault as EngineFault
from alos.checks.catalogue import Scanner
from alos.checks.redact import redact
from alos.checks.seams import scan_parts
from alos.checks.tokens import Tokens
from alos.domain.boundary_verdict import CREDENTIALS, PII, REPLACES, classify
from alos.domain.call import AdmittedCall, CheckedCall, CheckedCandidate, Denied, FundedCall
from alos.domain.fault import ScannerFault
from alos.domain.finding import Finding
from alos.domain.record import FindingNote
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import Edits, Path
from alos.domain.standing import Action, StandingModel, StandingWorkflow
from alos.pipeline.labels import list_label_texts
from alos.ports.wire import WireFormat

_PROMPT_PATH: Path = ("alos", "prompt")


@dataclass(frozen=True, slots=True)
class _Seen:
    """One finding, the text it stands in, and the data classes it counts as."""

    part: int
    finding: Finding
    classes: tuple[str, ...]


class Check:
    """The third stage."""

    def __init__(self, scanner: Scanner, formats: Mapping[str, WireFormat]) -> None:
        self._scanner = scanner
        self._formats = formats

    def use(self, scanner: Scanner) -> None:
        """Check with other detectors from the next call on."""
        self._scanner = scanner

    @property
    def scanner(self) -> Scanner:
        """The detectors in force."""
        return self._scanner

    @property
    def rules(self) -> str:
        """Digest of the rule set in force."""
        return self._scanner.digest

    def __call__(self, funded: FundedCall) -> CheckedCall | Denied:
        """Read every text; allow, redact or drop for each candidate, or refuse.

        Raises:
            ScannerFault: a detector failed, so the call is refused.
        """
        admitted = funded.admitted
        texts = [text.text for text in admitted.request.texts]
        if admitted.rendered_prompt is not None:
            texts.append(admitted.rendered_prompt)
        seen = self._read(texts, admitted.workflow)
        unscanned = tuple(
            sorted({part.kind for part in (*admitted.request.opaque, *admitted.request.hosted)})
        )
        if not seen:
            plain = [self._write(funded, model, {}) for model in admitted.candidates]
            return CheckedCall(
                funded=funded, candidates=tuple(plain), findings=(), unscanned=unscanned
            )
        return self._decide(funded, seen, unscanned)

    def check_labels(self, admitted: AdmittedCall) -> Denied | None:
        """Look for a credential in the caller's labels, before any of them is kept.

        Raises:
            ScannerFault: a detector failed, so the call is refused.
        """
        workflow = admitted.workflow
        labels = list_label_texts(admitted.call.headers, admitted.tags)
        if not labels:
            return None
        seen = [one for one in self._read(labels, workflow) if CREDENTIALS in one.classes]
        if not seen:
            return None
        notes = _note(seen, {}, workflow, refused=True)
        return Denied(refusal=_refuse(ReasonCode.SECRET_FOUND, seen[0], "header"), findings=notes)

    def _read(self, texts: Sequence[str], workflow: StandingWorkflow) -> list[_Seen]:
        try:
            found = scan_parts(self._scanner, texts)
        except EngineFault as error:
            raise ScannerFault(str(error)) from error
        return [
            _Seen(part, finding, classify(finding, workflow))
            for part, findings in enumerate(found)
            for finding in findings
        ]

    def _decide(
        self, funded: FundedCall, seen: list[_Seen], unscanned: tuple[str, ...]
    ) -> CheckedCall | Denied:
        admitted = funded.admitted
        workflow = admitted.workflow
        refusal = _check_boundary(seen, workflow)
        if refusal is not None:
            notes = _note(seen, {}, workflow, refused=True)
            return Denied(refusal=refusal, findings=notes, unscanned=unscanned)
        taken: dict[str, Action] = {}
        candidates: list[CheckedCandidate] = []
        tokens = Tokens()
        for model in admitted.candidates:
            to_replace, fits = _fit(seen, workflow, model, taken)
            if not fits:
                continue
            replaced = self._replace(funded, to_replace, tokens)
            if replaced is not None:
                candidates.append(self._write(funded, model, replaced))
        notes = _note(seen, taken, workflow, refused=bool(admitted.candidates and not candidates))
        if not candidates and admitted.stopped is None:
            return Denied(refusal=_refuse_pii(seen), findings=notes, unscanned=unscanned)
        return CheckedCall(
            funded=funded,
            candidates=tuple(candidates),
            findings=notes,
            unscanned=unscanned,
            tokens=tokens.values,
            shadow=_note_shadow(seen, workflow) if workflow.shadow else "",
        )

    def redact_all(self, funded: FundedCall) -> bytes | None:
        """The request for people to read, every finding replaced; ``None`` where that can't be.

        Raises:
            ScannerFault: a detector failed.
        """
        admitted = funded.admitted
        texts = [text.text for text in admitted.request.texts]
        to_replace = dict.fromkeys(self._read(texts, admitted.workflow), Action.REDACT)
        replaced = self._replace(funded, to_replace, Tokens())
        if replaced is None:
            return None
        edits = Edits(model=admitted.request.model or "", replacements=replaced)
        return self._formats[admitted.call.wire_format].write(admitted.request, edits)

    def _replace(
        self, funded: FundedCall, to_replace: Mapping[_Seen, Action], tokens: Tokens
    ) -> dict[Path, str] | None:
        """New texts by path; ``None`` where a finding stands in what can't be replaced."""
        admitted = funded.admitted
        by_part: dict[int, list[Finding]] = {}
        texts = admitted.request.texts
        for one, action in to_replace.items():
            finding = one.finding
            if action is Action.TOKENISE:
                is_prompt = one.part == len(texts)
                text = admitted.rendered_prompt or "" if is_prompt else texts[one.part].text
                finding = tokens.give(text, finding)
            by_part.setdefault(one.part, []).append(finding)
        replaced: dict[Path, str] = {}
        for part, findings in by_part.items():
            if part == len(texts):
                replaced[_PROMPT_PATH] = redact(admitted.rendered_prompt or "", findings)
            elif texts[part].is_key:
                return None
            else:
                replaced[texts[part].path] = redact(texts[part].text, findings)
        return replaced

    def _write(
        self, funded: FundedCall, model: StandingModel, replaced: dict[Path, str]
    ) -> CheckedCandidate:
        admitted = funded.admitted
        request = admitted.request
        prompt = replaced.pop(_PROMPT_PATH, admitted.rendered_prompt)
        edits = Edits(
            model=model.upstream_name,
            max_output_tokens=(
                admitted.max_output_tokens if request.max_output_tokens is None else None
            ),
            replacements=replaced,
            prompt=prompt,
            parameters=admitted.parameters,
        )
        body = self._formats[admitted.call.wire_format].write(request, edits)
        return CheckedCandidate(model=model, body=body, redacted=bool(replaced))


def _note_shadow(seen: Iterable[_Seen], workflow: StandingWorkflow) -> str:
    """What rules on trial would have done beyond what the boundary did."""
    would: dict[str, Action] = {}
    for one in seen:
        rules = workflow.shadow
        for name, action in (*rules.get(one.finding.kind, ()), *rules.get(one.finding.type, ())):
            stands = workflow.actions.get(name) if name in one.classes else None
            if _stronger(stands, action) is action and stands is not action:
                would[name] = _stronger(would.get(name), action)
    return ",".join(f"{action}:{name}" for name, action in sorted(would.items()))


def _check_boundary(seen: Iterable[_Seen], workflow: StandingWorkflow) -> Refusal | None:
    """The first class that is refused whatever the model; credentials before all others."""
    blocked: Refusal | None = None
    for one in seen:
        if CREDENTIALS in one.classes:
            return _refuse(ReasonCode.SECRET_FOUND, one)
        for name in one.classes:
            if blocked is None and workflow.actions.get(name) is Action.BLOCK and name != PII:
                blocked = _refuse(ReasonCode.FORBIDDEN_INPUT, one, name)
    return blocked


def _fit(
    seen: Iterable[_Seen],
    workflow: StandingWorkflow,
    model: StandingModel,
    taken: dict[str, Action],
) -> tuple[dict[_Seen, Action], bool]:
    """What to replace for ``model``, and whether it may see the rest; notes each action."""
    to_replace: dict[_Seen, Action] = {}
    fits = True
    for one in seen:
        for name in one.classes:
            action = workflow.actions.get(name)
            forbidden = name in workflow.forbidden
            if not forbidden and name in model.data_classes:
                action = Action.FLAG
            elif not forbidden and action not in REPLACES:
                action, fits = Action.DROP_CANDIDATE, False
            if action in REPLACES and action is not None:
                to_replace[one] = _stronger(to_replace.get(one), action)
            taken[name] = _stronger(taken.get(name), action or Action.FLAG)
    return to_replace, fits


_STRENGTH = (
    Action.FLAG,
    Action.TOKENISE,
    Action.REDACT,
    Action.DROP_CANDIDATE,
    Action.BLOCK,
)


def _stronger(one: Action | None, other: Action) -> Action:
    return other if one is None or _STRENGTH.index(other) > _STRENGTH.index(one) else one


def _note(
    seen: Iterable[_Seen],
    taken: Mapping[str, Action],
    workflow: StandingWorkflow,
    *,
    refused: bool,
) -> tuple[FindingNote, ...]:
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for one in seen:
        action = Action.FLAG
        for name in one.classes:
            stands = taken.get(name)
            if stands is None:
                stands = Action.BLOCK if name == CREDENTIALS else workflow.actions.get(name)
            action = _stronger(action, stands or Action.FLAG)
        if refused and action is Action.DROP_CANDIDATE:
            action = Action.BLOCK
        finding = one.finding
        counted[finding.kind, finding.type, finding.rule, action] += 1
    return tuple(
        FindingNote("request", kind, type_, rule, action, count)
        for (kind, type_, rule, action), count in sorted(counted.items())
    )


def _refuse_pii(seen: Iterable[_Seen]) -> Refusal:
    for one in seen:
        if PII in one.classes:
            return _refuse(ReasonCode.PII_FOUND, one)
    return Refusal(code=ReasonCode.FORBIDDEN_INPUT, detail="no model is approved for it")


def _refuse(code: ReasonCode, one: _Seen, name: str = "") -> Refusal:
    finding = one.finding
    named = f"{name}: " if name else ""
    return Refusal(code=code, detail=f"{named}{finding.type}, rule {finding.rule}")
