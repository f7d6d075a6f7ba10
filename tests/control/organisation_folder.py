"""A whole organisation in a folder, for tests that then break one thing in it."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from alos.control.documents import Problem
from alos.control.registry import Loaded, load_organisation
from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold

TODAY = date(2026, 11, 22)
SUPPORT = "support-reply-drafting"
WORKFLOW = f"workflows/{SUPPORT}/workflow.yaml"
NO_WAIVERS = (
    (WORKFLOW, "  sso: false ", "  sso: true "),
    (WORKFLOW, "  offboarding: false ", "  offboarding: true "),
    (WORKFLOW, "  external_audience: true\n", "  external_audience: false\n"),
    (
        WORKFLOW,
        """verification:
  - name: money-or-date-promised
    kind: customer_facing_claim
    pattern: "refund|reimburse|compensat|money back|free of charge|guarantee"
    acceptors: ["group:support"]

""",
        "",
    ),
)
"""Changes (file, old, new) after which a release of the workflow needs no waiver."""


class OrganisationFolder:
    """The files of ``alos init``, and quick ways to change and read them."""

    def __init__(self, path: Path, templates: Sequence[str] = (SUPPORT,)) -> None:
        self.path = path
        wish = ScaffoldWish(
            organisation="Northwind", templates=templates, extent=Extent.FULL, today=TODAY
        )
        write_scaffold(path, build_scaffold(wish))

    def replace(self, file: str, old: str, new: str) -> int:
        """Replace text that stands there exactly once; returns its line."""
        text = (self.path / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (self.path / file).write_text(text.replace(old, new), encoding="utf-8")
        return text.count("\n", 0, text.index(old)) + 1

    def write(self, file: str, text: str) -> None:
        target = self.path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def load(self) -> Loaded:
        return load_organisation(self.path, today=TODAY)

    def find(self, key: str) -> Problem:
        """The one problem at a key."""
        found = [problem for problem in self.load().problems if problem.key == key]
        assert len(found) == 1, [f"{p.path}:{p.line} {p.key}: {p.message}" for p in found]
        return found[0]
