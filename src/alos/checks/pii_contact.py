"""Finds e-mail addresses: one letter either side of an `@` fires, both sides are then read."""

from __future__ import annotations

import re

from alos.checks.base import Finding, Trigger

__all__ = ["email_triggers"]

LONGEST_LOCAL_PART = 64
LONGEST_DOMAIN = 253
LOOK_BACK = 120

_LOCAL_REVERSED = re.compile(r"[\w.+&'#$*!?^~-]{1,64}")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})"
)
_REMOTE_COMMAND = re.compile(
    r"(?:\b(?:ssh|scp|sftp|rsync|ssh-copy-id|mosh|git clone)\b[^\n]{0,40}|://[^\s/]{0,80})\Z"
)
_REMOTE_HINTS = ("://", "ssh", "scp", "sftp", "rsync", "mosh", "git clone")
_REMOTE_PATH = re.compile(r"[~/]|\d{2,5}(?!\w)|[\w.-]+/|[\w.-]+\.git\b")
_MESSAGE_ID = re.compile(r"(?:message-id|in-reply-to|references|content-id):", re.IGNORECASE)

_NOT_TOP_LEVEL = re.compile(
    r"(?:png|jpg|jpeg|gif|svg|webp|ico|bmp|tiff|pdf|service|socket|timer|target|mount|"
    r"automount|swap|slice|scope|path|device|js|ts|jsx|tsx|css|scss|less|json|yaml|yml|"
    r"toml|xml|html|htm|txt|md5|sha1|sha256|tgz|tar|gz|bz2|xz|whl|exe|dll|dylib|lock|"
    r"conf|cfg|ini|log|bak|tmp|class|jar|shape|dot|transpose|inv|conj|real|imag|copy|"
    r"get|set|then|map)\Z"
)
"""Endings after `name@something.` that are files, units and attributes (`icon@2x.png`)."""


def email_triggers() -> list[Trigger]:
    """Return the trigger for e-mail addresses (RFC 5321 dot-atoms, Unicode letters allowed).

    Addresses at example.com and the like count: they are written where real ones would be. Not
    counted: `git@host:path`, hosts of ssh and URLs, `package@1.2.3`, decorators, handles,
    systemd units, image names, and the ids in message headers.
    """
    return [
        Trigger(
            rule="pii/email",
            expression=r"[A-Za-z0-9_+\-.'\x80-\xff]@[A-Za-z0-9\x80-\xff]",
            confirm=confirm_email,
            most=1024,
            dense_type="EMAIL_ADDRESS",
        )
    ]


def confirm_email(text: str, start: int, end: int) -> Finding | None:
    """Read the address around the `@` at `end - 2`."""
    at = text.rfind("@", start, end)
    domain = _DOMAIN.match(text, at + 1, at + 1 + LONGEST_DOMAIN)
    if domain is None:
        return None
    stop = domain.end()
    top_level = text[text.rfind(".", at, stop) + 1 : stop].lower()
    if _NOT_TOP_LEVEL.match(top_level) or _goes_on(text, stop):
        return None
    local = _LOCAL_REVERSED.match(text[max(0, at - LONGEST_LOCAL_PART - 1) : at][::-1])
    if local is None:
        return None
    first = at - len(local.group().rstrip(".'#$*!?^~&-"))
    if first == at or text[at - 1] == "." or text[first:at] == "git":
        return None
    if _is_no_person(text[max(0, first - LOOK_BACK) : first].rpartition("\n")[2]):
        return None
    return Finding(
        kind="pii", type="EMAIL_ADDRESS", start=first, end=stop, rule="pii/email", confidence=0.95
    )


def _is_no_person(line: str) -> bool:
    """Say whether the line so far is a remote command, a URL or a header that holds an id."""
    if _MESSAGE_ID.match(line):
        return True
    return any(hint in line for hint in _REMOTE_HINTS) and _REMOTE_COMMAND.search(line) is not None


def _goes_on(text: str, stop: int) -> bool:
    """Say whether what follows the domain makes it something else than an address's end."""
    following = text[stop : stop + 1]
    if not following:
        return False
    if following == ":":
        return _REMOTE_PATH.match(text, stop + 1, stop + 80) is not None
    return following.isalnum() or following in "_@(["
