"""Traffic in the shape that Claude Code sends: our own words in its form.

A long system prompt in blocks with ``cache_control``, many tools with real schemas, thinking
that is switched on, a conversation with tool calls, results and signed thinking, ``metadata``
with a JSON text as ``user_id``, ``context_management``, and its headers and query.
"""

import json
from typing import Any, Final

PATH: Final = "/v1/messages?beta=true"
COUNT_PATH: Final = "/v1/messages/count_tokens?beta=true"
HEADERS: Final = {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": (
        "claude-code-20250219,interleaved-thinking-2025-05-14,"
        "fine-grained-tool-streaming-2025-05-14,context-management-2025-06-27"
    ),
    "anthropic-dangerous-direct-browser-access": "true",
    "user-agent": "claude-cli/2.1.9 (external, cli)",
    "x-app": "cli",
    "x-stainless-lang": "js",
    "x-stainless-retry-count": "0",
    "x-stainless-timeout": "600",
}
BETAS: Final = HEADERS["anthropic-beta"]
_CACHED: Final = {"cache_control": {"type": "ephemeral"}}
_TOOLS: Final = (
    ("Bash", {"command": "string", "timeout": "number", "description": "string"}),
    ("Read", {"file_path": "string", "offset": "number", "limit": "number"}),
    ("Write", {"file_path": "string", "content": "string"}),
    ("Edit", {"file_path": "string", "old_string": "string", "new_string": "string"}),
    ("Glob", {"pattern": "string", "path": "string"}),
    ("Grep", {"pattern": "string", "path": "string", "output_mode": "string"}),
    ("Task", {"description": "string", "prompt": "string", "subagent_type": "string"}),
    ("TodoWrite", {"todos": "array"}),
    ("WebFetch", {"url": "string", "prompt": "string"}),
    ("NotebookEdit", {"notebook_path": "string", "new_source": "string"}),
    ("BashOutput", {"bash_id": "string", "filter": "string"}),
    ("KillShell", {"shell_id": "string"}),
    ("ExitPlanMode", {"plan": "string"}),
    ("mcp__tracker__get_issue", {"id": "string"}),
)


def build_tools() -> list[dict[str, Any]]:
    """Fourteen tools, the last one with the cache mark."""
    tools: list[dict[str, Any]] = [
        {
            "name": name,
            "description": f"{name}: does what its name says, within the working folder. " * 4,
            "input_schema": {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "type": "object",
                "properties": {
                    one: {"type": kind, "description": f"The {one} to use."}
                    for one, kind in fields.items()
                },
                "required": list(fields)[:1],
                "additionalProperties": False,
            },
        }
        for name, fields in _TOOLS
    ]
    tools[-1] |= _CACHED
    return tools


def build_system(words: int) -> list[dict[str, Any]]:
    """A short block, and a long one of about ``words`` words."""
    rules = "Keep to the style of the code around you. Run the tests that you touch. "
    return [
        {"type": "text", "text": "You are a coding agent at the command line.", **_CACHED},
        {"type": "text", "text": rules * max(1, words // 15), **_CACHED},
    ]


def build_request(*, model: str, words: int = 6_000, **more: Any) -> dict[str, Any]:
    """A turn in the middle of a conversation."""
    user_id = {"device_id": "d" * 64, "account_uuid": "", "session_id": "s" * 36}
    return {
        "model": model,
        "messages": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "text",
                        "text": "<system-reminder>Today is Monday.</system-reminder>",
                    },
                    {"type": "text", "text": "Why does the test of the parser fail?"},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Look at it first.", "signature": "c2ln"},
                    {"type": "text", "text": "I'll read the test."},
                    {
                        "type": "tool_use",
                        "id": "toolu_01",
                        "name": "Read",
                        "input": {"file_path": "/src/tests/test_parser.py"},
                    },
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_01",
                        "content": "     1\tassert parse('a b') == ['a', 'b']\n",
                        **_CACHED,
                    }
                ],
            },
        ],
        "system": build_system(words),
        "tools": build_tools(),
        "metadata": {"user_id": json.dumps(user_id)},
        "max_tokens": 32_000,
        "thinking": {"type": "enabled", "budget_tokens": 31_999},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "temperature": 1,
        "stream": True,
        **more,
    }


def build_count(*, model: str, words: int = 6_000) -> dict[str, Any]:
    """What it counts before a turn."""
    whole = build_request(model=model, words=words)
    return {name: whole[name] for name in ("model", "messages", "system", "tools", "thinking")}
