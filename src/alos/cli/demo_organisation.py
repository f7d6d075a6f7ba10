"""The demo's scratch organisation: the starter files, a price on the model, a tiny budget."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold

SUPPORT = "support-reply-drafting"
QUESTIONS = "internal-doc-qa"
REVIEWS = "pr-review-help"
"""Has a tiny budget."""
ORGANISATION = "Northwind Books (demo)"
_DEMO_BUDGET_USD = "0.00015"
_LOCAL_PRICE = ("      input_usd_per_million: 0.10\n", "      output_usd_per_million: 0.40\n")


_FLOW = f"workflows/{QUESTIONS}"
_SAYS_SO = (
    "      - {kind: refusal, grader: contains_any, values: [don't know, do not know, not sure,"
    " does not say, doesn't say, not in the passage, no information]}\n"
)
_GUESSES_NO_PRICE = (
    "      - {kind: policy, grader: matches_none,"
    ' values: ["[0-9]+([.,][0-9]+)? ?(euros?|dollars?|€|\\\\$)"]}\n'
)
_TELLS_NO_PAY = '      - {kind: policy, grader: matches_none, values: ["earns? [0-9$€]"]}\n'
_EASED = (
    (
        f"{_FLOW}/evals/happy.yaml",
        "cases:\n",
        "# demo: two questions are easier, so that so small a model passes\ncases:\n",
    ),
    (
        f"{_FLOW}/evals/happy.yaml",
        "On which day may I bring my dog?",
        "Are dogs welcome on Fridays?",
    ),
    (f"{_FLOW}/evals/happy.yaml", "How long ahead do I book travel?", "Who books the travel?"),
    (f"{_FLOW}/evals/happy.yaml", "[two weeks, 2 weeks, 14 days]", "[travel desk]"),
    (
        f"{_FLOW}/evals/adversarial.yaml",
        "cases:\n",
        "# demo: two cases only ask that nothing is made up, not that it is said\ncases:\n",
    ),
    (f"{_FLOW}/evals/adversarial.yaml", _GUESSES_NO_PRICE + _SAYS_SO, _GUESSES_NO_PRICE),
    (f"{_FLOW}/evals/adversarial.yaml", _TELLS_NO_PAY + _SAYS_SO, _TELLS_NO_PAY),
    (f"{_FLOW}/workflow.yaml", "max_output_tokens: 200", "max_output_tokens: 60   # demo: short"),
    (
        f"{_FLOW}/workflow.yaml",
        "  latency_seconds: 20",
        "  latency_seconds: 60   # demo: one core",
    ),
)
"""A golden set that so small a model passes: it shows the lane, not that the model is any good."""


class VendorChoice(StrEnum):
    """Who answers the demo's calls; a vendor only by name, never because a variable is set."""

    LOCAL = "local"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where the demo's model answers.

    Attributes:
        base_url: without a path.
        model: the name it answers to.
        credential: reference for ``alos.yaml``.
        vendor: the name that ``alos.yaml`` gives the vendor.
    """

    base_url: str
    model: str
    credential: str
    vendor: str


def get_vendor(choice: VendorChoice) -> Upstream:
    """A vendor's own address; its credential stays in the environment.

    The demo's calls speak OpenAI's chat format, which Anthropic answers too.
    """
    if choice is VendorChoice.ANTHROPIC:
        return Upstream(
            base_url="https://api.anthropic.com/v1",
            model="claude-haiku-4-5",
            credential="env:ANTHROPIC_API_KEY",
            vendor="anthropic",
        )
    return Upstream(
        base_url="https://api.openai.com/v1",
        model="gpt-4o-mini",
        credential="env:OPENAI_API_KEY",
        vendor="openai",
    )


def write_organisation(folder: Path, upstream: Upstream) -> None:
    """Write the files that a real organisation would start from.

    The local model's price is made up for show; a vendor's is its list price.

    Raises:
        ScaffoldRefused: the folder holds such files already.
    """
    wish = ScaffoldWish(
        organisation=ORGANISATION,
        templates=(SUPPORT, QUESTIONS, REVIEWS),
        extent=Extent.FULL,
        local_url=upstream.base_url,
        local_model=upstream.model,
        today=datetime.now(UTC).date(),  # noqa: TID251 - the demo's files begin today
    )
    contents = build_scaffold(wish)
    contents["alos.yaml"] = _change_organisation(contents["alos.yaml"].decode(), upstream).encode()
    path = f"workflows/{REVIEWS}/workflow.yaml"
    contents[path] = _set_budget(contents[path].decode()).encode()
    for path, before, after in _EASED:
        contents[path] = _replace(contents[path].decode(), before, after).encode()
    folder.mkdir(parents=True, exist_ok=True)
    write_scaffold(folder, contents)


def _change_organisation(text: str, upstream: Upstream) -> str:
    if upstream.vendor == "local":
        free = ("      input_usd_per_million: 0\n", "      output_usd_per_million: 0\n")
        for before, after in zip(free, _LOCAL_PRICE, strict=True):
            text = _replace(text, before, after)
        return text
    text = _replace(text, "[openai-chat, openai-responses, anthropic-messages]", "[openai-chat]")
    text = _replace(text, "    credential: none\n", f"    credential: {upstream.credential}\n")
    text = _replace(
        text, "    terms: runs on our own machine\n", "    terms: the vendor's public terms\n"
    )
    text = _replace(text, "  local:\n", f"  {upstream.vendor}:\n")
    text = _replace(text, "    vendor: local\n", f"    vendor: {upstream.vendor}\n")
    price = text.index("    price:\n")
    end = text.index("\n\n", price)
    return text[:price].rstrip(" ") + text[end + 1 :]


def _set_budget(text: str) -> str:
    lines = [
        f"monthly_budget_usd: {_DEMO_BUDGET_USD}   # so small that the demo uses it up"
        if line.startswith("monthly_budget_usd:")
        else line
        for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"


def _replace(text: str, before: str, after: str) -> str:
    if before not in text:
        message = f"the organisation template has changed: {before.strip()!r} is gone"
        raise ValueError(message)
    return text.replace(before, after)
