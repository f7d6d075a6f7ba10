"""Which prompt a call uses, how we know it, and whether the workflow lets it.

The version is the one that we render or find in the system text, else the one that the caller
declares, else the key's default or the workflow's, else the observed digest. A workflow that
declares prompts refuses, from :data:`STRICT_TIER` on, a system text of any other origin: a
header that names a released prompt does not make another text that prompt.
"""

import hashlib

from alos.domain.call import Call, Prompt
from alos.domain.prompt import PromptError, is_rendered, render
from alos.domain.record import Evidence
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import Request
from alos.domain.standing import KeyGrant, StandingWorkflow
from alos.pipeline.labels import MAX_LABEL

STRICT_TIER = 2
"""From this tier on, what is not known is refused instead of recorded."""
_DIGEST_DIGITS = 16


def get_prompt(
    call: Call, key: KeyGrant, workflow: StandingWorkflow, request: Request
) -> tuple[Prompt, str | None] | Refusal:
    """The prompt, and its text where the caller asks us to render it."""
    declared = call.headers.get(b"x-alos-prompt")
    label = declared[:MAX_LABEL].decode("latin-1") if declared is not None else None
    found = _find(workflow, request.system_text)
    is_strict = bool(workflow.prompts) and workflow.tier >= STRICT_TIER
    if is_strict and (why := _get_objection(workflow, request, label, found)) is not None:
        return Refusal(code=ReasonCode.PROMPT_NOT_RELEASED, detail=why)
    if request.prompt_name is not None:
        return _render(workflow, request)
    if found is not None:
        return Prompt(found, Evidence.MATCHED), None
    observed = _observe(request.system_text)
    if label is not None:
        return Prompt(label, Evidence.DECLARED, observed), None
    default = key.default_prompt or workflow.prompt_default
    if default is not None and (version := workflow.prompts.get(default)) is not None:
        return Prompt(f"{default}@{version}", Evidence.DEFAULT, observed), None
    if is_strict and generates(request):
        why = "neither the call, its key nor the workflow names a prompt"
        return Refusal(code=ReasonCode.PROMPT_NOT_RELEASED, detail=why)
    return Prompt(f"observed@{observed or _EMPTY}", Evidence.OBSERVED), None


def _get_objection(
    workflow: StandingWorkflow, request: Request, label: str | None, found: str | None
) -> str | None:
    """Why a strict tier does not take this text, whatever stands by default."""
    name = request.prompt_name
    if name is not None and name not in workflow.prompts:
        return "alos.prompt names no prompt of the bundle"
    if name is not None and request.system_text:
        return "a system text of the caller's own stands beside the rendered prompt"
    if name is not None or not generates(request):
        return None
    if label is not None and not _is_released(workflow, label):
        return "x-alos-prompt names no prompt version of the bundle"
    if request.system_text and found is None:
        return "the system text is none of the bundle's prompts"
    return None


def _render(workflow: StandingWorkflow, request: Request) -> tuple[Prompt, str | None] | Refusal:
    name = request.prompt_name or ""
    template = workflow.prompt_templates.get(name)
    if template is None:
        return Refusal(
            code=ReasonCode.BODY_MALFORMED, detail="alos.prompt names no prompt of the bundle"
        )
    try:
        rendered = render(template, request.prompt_variables)
    except PromptError as error:
        return Refusal(code=ReasonCode.BODY_MALFORMED, detail=f"alos.variables: {error}")
    observed = _observe(request.system_text)
    return Prompt(f"{name}@{workflow.prompts[name]}", Evidence.MATCHED, observed), rendered


def _find(workflow: StandingWorkflow, system_text: str) -> str | None:
    """The version of the bundle's prompt that the system text is, with any values in it."""
    if not system_text:
        return None
    for name, pieces in workflow.prompt_pieces.items():
        if is_rendered(system_text, pieces):
            return f"{name}@{workflow.prompts[name]}"
    return None


def _is_released(workflow: StandingWorkflow, label: str) -> bool:
    name, _, version = label.partition("@")
    return workflow.prompts.get(name) == version


def generates(request: Request) -> bool:
    """Whether a model will write anything: counting and embedding follow no prompt."""
    return request.max_output_tokens != 0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]


_EMPTY = _digest("")
"""What a call without any system text observes."""


def _observe(system_text: str) -> str:
    return _digest(system_text) if system_text else ""
