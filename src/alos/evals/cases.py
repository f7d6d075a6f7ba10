"""A golden case as the exact bytes of its call, and as a fingerprint of what it asks.

The bytes follow from bundle and case alone. So the gateway can tell by one SHA-256 whether the
input of an eval call is a case of that bundle, and the control plane whether a record is one.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any, NamedTuple

from alos.domain.bundle import Bundle
from alos.domain.golden import GoldenCase
from alos.domain.organisation import WireFormat

FORMATS = (WireFormat.OPENAI_CHAT, WireFormat.ANTHROPIC_MESSAGES)
"""Wire formats that a golden set can be run in, the first that all models of a route speak."""


class CaseInput(NamedTuple):
    """One case as a request body.

    Attributes:
        sha256: of the body, hexadecimal; what a record's ``request_hash`` must be.
    """

    case_id: str
    body: bytes
    sha256: str


def list_inputs(bundle: Bundle, wire_format: WireFormat) -> tuple[CaseInput, ...]:
    """Write the body of every case, in the order of the set.

    Two cases with the same body are told apart by nothing, so a set should have none; both get
    the same hash here.
    """
    return tuple(_write(bundle, case, wire_format) for case in bundle.cases)


def _write(bundle: Bundle, case: GoldenCase, wire_format: WireFormat) -> CaseInput:
    document: dict[str, Any] = {
        "model": f"workflow/{bundle.id}",
        "max_tokens": bundle.workflow.limits.max_output_tokens,
    }
    messages = [{"role": one.role, "content": one.content} for one in case.messages]
    system = "\n\n".join(one.content for one in case.messages if one.role == "system")
    if wire_format is WireFormat.ANTHROPIC_MESSAGES:
        messages = [one for one in messages if one["role"] != "system"]
        if system:
            document["system"] = system
    if case.prompt is not None:
        document["alos"] = {"prompt": case.prompt, "variables": dict(case.variables)}
    document["messages"] = messages
    if offers := json.loads(case.offers):
        document["tools"] = offers
    for parameter in bundle.workflow.parameters:
        if parameter.name in {"temperature", "top_p"} and parameter.minimum is not None:
            document[parameter.name] = parameter.minimum
    body = _to_bytes(document)
    return CaseInput(case.id, body, hashlib.sha256(body).hexdigest())


def get_fingerprint(case: GoldenCase) -> str:
    """SHA-256 over what the case asks and how it is judged; name, tags and origin left out."""
    facts = {
        "input": _list_input(case),
        "kind": case.kind,
        "must_pass": case.must_pass,
        "threshold": case.threshold,
        "criteria": [asdict(criterion) for criterion in case.criteria],
    }
    return hashlib.sha256(_to_bytes(facts)).hexdigest()


def get_input_fingerprint(case: GoldenCase) -> str:
    """SHA-256 over what the case asks alone: finds a case again that was renamed."""
    return hashlib.sha256(_to_bytes(_list_input(case))).hexdigest()


def _list_input(case: GoldenCase) -> list[Any]:
    messages = [(one.role, one.content) for one in case.messages]
    return [case.prompt, dict(case.variables), messages, case.offers]


def _to_bytes(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
