"""Golden cases: what a workflow is evaluated on, and how an answer is judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CaseKind(StrEnum):
    """Whether a case is ordinary work or an attempt to make the workflow fail."""

    HAPPY = "happy"
    ADVERSARIAL = "adversarial"


class CriterionKind(StrEnum):
    """What a criterion is about; a set covers all three before a Tier 1 release."""

    CORRECTNESS = "correctness"
    POLICY = "policy"
    REFUSAL = "refusal"


class Grader(StrEnum):
    """How a criterion is decided.

    All but ``JUDGE`` (a model's opinion, through the gateway) and ``COMMAND`` and ``PYTHON`` (the
    author's own code, on the author's side) are deterministic and run on our side.
    """

    CONTAINS_ALL = "contains_all"
    CONTAINS_ANY = "contains_any"
    CONTAINS_NONE = "contains_none"
    EQUALS = "equals"
    MATCHES = "matches"
    MATCHES_NONE = "matches_none"
    JSON = "json"
    JSON_SCHEMA = "json_schema"
    NUMBER = "number"
    SIMILAR = "similar"
    CALLS_TOOLS = "calls_tools"
    AT_LEAST_WORDS = "at_least_words"
    AT_MOST_WORDS = "at_most_words"
    DECLINES = "declines"
    DOES_NOT_DECLINE = "does_not_decline"
    NO_FINDING = "no_finding"
    GATEWAY_REFUSES = "gateway_refuses"
    COSTS_AT_MOST = "costs_at_most"
    ANSWERS_WITHIN = "answers_within"
    JUDGE = "judge"
    COMMAND = "command"
    PYTHON = "python"

    @property
    def is_author_supplied(self) -> bool:
        """Whether the author's own code decides it; such a grader can only take away."""
        return self in {Grader.COMMAND, Grader.PYTHON}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool call that an answer has to make.

    Attributes:
        arguments: JSON text; every member in it must be in the call, which may have more.
    """

    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing that must hold of a case's answer.

    Attributes:
        values: what the grader compares with: texts (``contains_*``, ``equals``), regular
            expressions in RE2 syntax (``matches*``), one JSON Schema as JSON text
            (``json_schema``), one number (``*_words``), detector names or none for all
            (``no_finding``), reason codes or none for any (``gateway_refuses``), texts to be
            like (``similar``), the rubric (``judge``), a file of the bundle (``command``), a file
            and one of its functions (``python``).
        case_sensitive: whether upper and lower case differ; for texts and expressions.
        negated: it must not hold.
        weight: its part in the case's score, over 0.
        bound: the number expected (``number``), the least likeness 0 to 1 (``similar``), the
            nano-dollars of ``costs_at_most``, the seconds of ``answers_within``.
        tolerance: how far from ``bound`` a number may be.
        tools: the calls of ``calls_tools``, in this order unless ``any_order``.
        model: the organisation's name of the judging model.
    """

    kind: CriterionKind
    grader: Grader
    values: tuple[str, ...] = ()
    case_sensitive: bool = False
    negated: bool = False
    weight: float = 1.0
    bound: float | None = None
    tolerance: float = 0.0
    tools: tuple[ToolCall, ...] = ()
    any_order: bool = False
    model: str | None = None


class ProvenanceKind(StrEnum):
    """Where a case comes from."""

    AUTHOR_WRITTEN = "author-written"
    FROM_CALL = "from call"
    IMPORTED = "imported from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a case comes from: the author, a call of ours, or a named source.

    Attributes:
        reference: the call id, or the source's name; empty where author-written.
    """

    kind: ProvenanceKind
    reference: str = ""

    def __str__(self) -> str:
        """The way files write it, e.g. ``from call call_01J…``."""
        return f"{self.kind} {self.reference}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """One message of a case's input."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCase:
    """One case: what goes in, and what must hold of the answer.

    Attributes:
        must_pass: one failure of such a case fails the whole run.
        prompt: the prompt of the bundle that is rendered with ``variables``; None where the
            messages stand alone.
        messages: what the caller sends besides the rendered prompt, in order.
        path: the file inside the bundle that holds the case.
        threshold: least share of the criteria's weight that must hold, over 0 to 1.
        repeats: how often it is run at least; a run may ask for more of every case.
        offers: the tools offered to the model, a JSON list in the wire format's own shape.
    """

    id: str
    kind: CaseKind
    must_pass: bool
    prompt: str | None
    variables: Mapping[str, str]
    messages: tuple[CaseMessage, ...]
    criteria: tuple[Criterion, ...]
    provenance: Provenance
    path: str
    tags: frozenset[str] = frozenset()
    threshold: float = 1.0
    repeats: int = 1
    offers: str = "[]"
