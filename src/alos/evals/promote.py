"""Makes a golden case out of a real call: its input taken apart, personal data replaced.

What was kept of the call is what was sent, with the gateway's prompt in front; the variables are
read back out of that by the template. Every text then goes through the detectors again, because a
model may have been approved for personal data that a file in a repository must not hold.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alos.checks.redact import redact
from alos.evals.graders import Scan

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


class NotPromotable(Exception):  # noqa: N818 - a "no" for a person
    """The call can't become a case; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """The input of a case.

    Attributes:
        replaced: types of what was replaced by a label, sorted.
    """

    variables: Mapping[str, str]
    messages: tuple[tuple[str, str], ...]
    replaced: tuple[str, ...]


def promote(body: bytes, template: str | None, scan: Scan) -> Promoted:
    """Take a kept request apart.

    Args:
        body: the request as it was sent, a chat body of either vendor's format.
        template: of the prompt that the workflow puts in front; ``None`` without one.
        scan: the detectors.

    Raises:
        NotPromotable: it is no plain chat, or its prompt is not this template's.
    """
    messages = _read_messages(body)
    variables: Mapping[str, str] = {}
    if template is not None:
        if not messages or messages[0][0] != "system":
            raise NotPromotable("the call has no prompt in front; its workflow now has one")
        variables = _read_variables(template, messages[0][1])
        messages = messages[1:]
    replaced: set[str] = set()

    def scrub(text: str) -> str:
        findings = tuple(scan(text))
        replaced.update(one.type for one in findings)
        return redact(text, findings)

    return Promoted(
        variables={name: scrub(value) for name, value in variables.items()},
        messages=tuple((role, scrub(text)) for role, text in messages),
        replaced=tuple(sorted(replaced)),
    )


def _read_messages(body: bytes) -> list[tuple[str, str]]:
    try:
        document = json.loads(body)
        listed = [(one["role"], _to_text(one["content"])) for one in document["messages"]]
    except (ValueError, KeyError, TypeError) as error:
        raise NotPromotable("what was kept of the call is no plain chat of texts") from error
    if (system := document.get("system")) is not None:
        listed.insert(0, ("system", _to_text(system)))
    if any(role not in {"system", "user", "assistant"} for role, _ in listed):
        raise NotPromotable("the call has tool results or other roles; write the case by hand")
    return listed


def _to_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content)


def _read_variables(template: str, text: str) -> Mapping[str, str]:
    pattern, seen, at = "", set(), 0
    for found in _VARIABLE.finditer(template):
        name = found.group(1)
        pattern += re.escape(template[at : found.start()])
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
        seen.add(name)
        at = found.end()
    match = re.fullmatch(pattern + re.escape(template[at:]), text, re.DOTALL)
    if match is None:
        raise NotPromotable("the call ran another version of the prompt; write the case by hand")
    return match.groupdict()
