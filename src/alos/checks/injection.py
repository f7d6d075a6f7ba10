"""Flags wording that tries to take a model over or to misuse its tools. It never blocks alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files

import re2  # type: ignore[import-untyped]  # ships no stubs

from alos.checks.base import Confirm, Finding, Pack, Trigger, digest

__all__ = ["DISCUSSED", "build_injection_pack"]

CODE_VERSION = b"injection/2"
DISCUSSED = 0.3
"""Confidence of a phrase that is quoted or talked about; set thresholds above it."""

LOOK_BEFORE = 160
LOOK_AFTER = 80
MOST_JUDGED = 64
"""Hits of one phrase in one text that are judged."""

_DISCUSSION = re2.compile(
    r"(?i)prompt[- ]injection|injection attack|inject(?:ed|ing|ion)"
    r"|jailbreak(?:s|ing)? (?:attempt|prompt|attack)|attacker|attacks?\b"
    r"|adversar|for example|e\.g\.|such as|phrases? like|strings? like|things like|"
    r"something like|text like|test case|red[- ]team|malicious|vulnerab|detector|detects?\b|"
    r"classifier|guardrail|owasp|known as|so-called|the phrase|the words|the string|beispiel|"
    r"angriff|par exemple|attaque|por ejemplo|ataque|esempio|attacco|攻击|例如|注入|攻撃|"
    r"assert|expect\(|blocklist|denylist|regex|re\.compile|dataset"
    r"|should (?:be )?(?:refuse|block|reject)",
)
_BREAK = re.compile(r"[.!?]\s|\n")
_QUOTES = "\"'`“”‘’«»„「」『』"  # noqa: RUF001 - quotation marks are the point


def build_injection_pack() -> Pack:
    """Build the pack of kind `injection`: known phrases in several languages, flag only.

    A finding says that the wording is that of an attack, not that there is one, and silence says
    nothing. A phrase that is quoted in a discussion gets the confidence DISCUSSED.
    """
    source = (files("alos.data") / "rules" / "injection.toml").read_bytes()
    triggers = []
    for family in tomllib.loads(source.decode())["family"]:
        confirm = _confirmation(family["type"], family["confidence"])
        triggers += [
            Trigger(
                rule=f"injection/{family['type'].lower()}",
                expression="".join(_expression(phrase)),
                confirm=confirm,
                caseless=True,
                most=MOST_JUDGED,
                dense_type=family["type"],
            )
            for phrase in family["phrases"]
        ]
    return Pack(name="injection", digest=digest(CODE_VERSION, source), triggers=triggers)


def _confirmation(type_: str, confidence: float) -> Confirm:
    def confirm(text: str, start: int, end: int) -> Finding | None:
        if start and text[start].isalnum() and text[start].isascii() and text[start - 1].isalnum():
            return None
        discussed = _is_discussed(text, start, end)
        return Finding(
            kind="injection",
            type=type_,
            start=start,
            end=end,
            rule=f"injection/{type_.lower()}",
            confidence=DISCUSSED if discussed else confidence,
        )

    return confirm


def _is_discussed(text: str, start: int, end: int) -> bool:
    """Say whether the phrase is mentioned rather than used.

    Mentioned is what stands in quotes that open shortly before it while the text around names
    attacks or examples, or where the same sentence does so without quotes.
    """
    before = text[max(0, start - LOOK_BEFORE) : start]
    after = text[end : end + LOOK_AFTER]
    near = before[-24:]
    quoted = any(mark in near for mark in _QUOTES)
    if quoted and _DISCUSSION.search(before + " " + after):
        return True
    sentence = _BREAK.split(before)[-1] + " " + _BREAK.split(after, maxsplit=1)[0]
    return _DISCUSSION.search(sentence) is not None


def _expression(phrase: str) -> Iterator[str]:
    """Yield the Hyperscan expression of a phrase of the rule file, piece by piece."""
    escaped = False
    for character in phrase:
        if escaped:
            yield "\\" + character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == " ":
            yield "[ \\n]"
        elif character == "(":
            yield "(?:"
        elif character.isascii():
            yield character
        else:
            yield "(?:" + "".join(f"\\x{byte:02x}" for byte in character.encode()) + ")"
