"""The organisation that the gateways of these tests serve: the starter files, changed a little."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold

SUPPORT: Final = "support-reply-drafting"
"""Tier 2, workspace ``support``: unknown fields are refused."""
QUESTIONS: Final = "internal-doc-qa"
"""Tier 1, workspace ``engineering``; its fallback is a model, so that failures are seen."""
POOR: Final = "pr-review-help"
"""Its monthly budget is too small for a single call."""
RARE: Final = "oncall-debugging"
"""It may be called twice a minute."""
MODEL: Final = "small-local"
INPUT_NANOUSD: Final = 1_000
OUTPUT_NANOUSD: Final = 2_000
"""List prices of one token."""
UPSTREAM_SECONDS: Final = 2
"""After so long without a byte the provider counts as timed out."""

Change = tuple[str, str, str]
"""File, text in it, and what stands there instead."""

_PRICES: Final = (
    ("alos.yaml", "input_usd_per_million: 0\n", "input_usd_per_million: 1\n"),
    ("alos.yaml", "output_usd_per_million: 0\n", "output_usd_per_million: 2\n"),
    (
        "alos.yaml",
        "    credential: none\n",
        f"    credential: none\n    timeouts: {{idle_seconds: {UPSTREAM_SECONDS}}}\n",
    ),
    ("alos.yaml", "  # body_days:", "  body_days: 90"),
    ("alos.yaml", "  # record_days:", "  record_days: 400"),
)


def write_organisation(folder: Path, upstream_url: str, changes: Iterable[Change] = ()) -> None:
    """Write the files; every change must find its text."""
    wish = ScaffoldWish(
        organisation="Northwind Books",
        templates=(SUPPORT, QUESTIONS, POOR, RARE),
        extent=Extent.FULL,
        today=datetime.now(UTC).date(),  # noqa: TID251 - approvals must not have ended
        local_url=upstream_url,
    )
    contents = build_scaffold(wish)
    for path, before, after in (*_PRICES, *list_limits(), *changes):
        text = contents[path].decode()
        assert before in text, f"{path} has no {before!r}"
        contents[path] = text.replace(before, after, 1).encode()
    folder.mkdir(parents=True, exist_ok=True)
    write_scaffold(folder, contents)


def list_limits() -> Iterable[Change]:
    """Rates that a load test does not meet, and one budget that nobody can meet."""
    for slug in (SUPPORT, QUESTIONS, POOR):
        yield get_path(slug), "requests_per_minute: 60", "requests_per_minute: 100000"
    yield get_path(RARE), "requests_per_minute: 60", "requests_per_minute: 2"
    yield get_path(POOR), "monthly_budget_usd: 20", "monthly_budget_usd: 0.000001"
    yield get_path(QUESTIONS), "kind: static_text", f"kind: model\n  model: {MODEL}"


def get_path(slug: str) -> str:
    """Where a workflow is written."""
    return f"workflows/{slug}/workflow.yaml"
