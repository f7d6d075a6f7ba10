"""Begins another workflow in the shape of one that is there, with nothing of what that one earned.

What can be carried over is: boundary, models, prompts, tools, limits, verification, rollout,
fallback. What has to be the new one's own is left as a placeholder that blocks a release until
somebody fills it in; the golden set and the decision log are left out, and the gate asks for
them. Evals, votes, drills and waivers belong to a digest or a slug and can't come along.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from alos.control.bundle import WORKFLOW_FILE, read_bundle
from alos.control.documents import WORDS, parse_document
from alos.domain.ids import WorkflowId

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MOST_CHARACTERS = 63
_LONG_AGO = "1970-01-01"
_LEFT_OUT = ("evals/", "decisions/")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(/[A-Za-z0-9._-]+)?")
_HEADER = (
    "# yaml-language-server: $schema=../../.alos-schemas/workflow.schema.json\n"
    "# The shape of {source}. Fill in what says TODO or todo-…, write a golden set of its own\n"
    "# (evals/) and its first decision (decisions/); `alos check` names what is left.\n"
)


class CloneRefused(Exception):  # noqa: N818 - a "no" to the person at the terminal
    """Nothing was written; the message says why and what to do."""


def build_clone(contents: Mapping[str, bytes], slug: WorkflowId) -> dict[str, bytes]:
    """Build the new workflow's files, by path relative to its own folder.

    Args:
        contents: the files of the workflow that it is shaped after.
        slug: the new one's.

    Raises:
        CloneRefused: the slug is none, or the source can't be read without an error.
    """
    if not SLUG.fullmatch(slug) or len(slug) > _MOST_CHARACTERS:
        raise CloneRefused("A slug has lower-case letters, digits and single hyphens.")
    source = read_bundle(contents, label="workflow").bundle
    document, _ = parse_document(WORKFLOW_FILE, contents.get(WORKFLOW_FILE, b""))
    if source is None or document is None or not isinstance(document.data, dict):
        raise CloneRefused("It can't be read; `alos check` says why. Mend it first.")
    if source.id == slug:
        raise CloneRefused("Give the new workflow another slug.")
    data = _clear(document.data, slug)
    text = _HEADER.format(source=source.id) + _write(data)
    kept = {
        path: raw
        for path, raw in contents.items()
        if path != WORKFLOW_FILE and not path.startswith(_LEFT_OUT)
    }
    return {**kept, WORKFLOW_FILE: text.encode()}


def _clear(data: dict[str, Any], slug: str) -> dict[str, Any]:
    """The same keys, with placeholders where the new workflow has to speak for itself."""
    made = {**data, "id": slug, "title": "TODO: name it", "personal_accounts": "no"}
    made["owners"] = {
        **data["owners"],
        "executive": "todo-executive",
        "operational": "todo-operational",
    }
    made["raci"] = {
        "responsible": ["todo-responsible"],
        "accountable": "todo-accountable",
        "consulted": ["todo-consulted"],
        "informed": ["todo-informed"],
    }
    made["feared_failure"] = {
        **data["feared_failure"],
        "sentence": "TODO: say who does what wrong, to whom.",
        "cases": ["todo-case"],
    }
    surface = dict(data["surface"])
    if surface.get("attestation") is not None:
        surface["attestation"] = {
            "owner": "todo-attestation",
            "evidence": "TODO: name the evidence",
            "evidence_date": _LONG_AGO,
            "expires_on": _LONG_AGO,
        }
    made["surface"] = surface
    boundary = dict(data["boundary"])
    for key in ("forbidden", "shadow"):
        if key in boundary:
            boundary[key] = {name: _clear_by_hand(one) for name, one in boundary[key].items()}
    made["boundary"] = boundary
    made["rollout"] = {**data["rollout"], "flag": slug}
    return made


def _clear_by_hand(forbidden: dict[str, Any]) -> dict[str, Any]:
    if forbidden.get("by_hand") is None:
        return forbidden
    by_hand = {
        "person": "todo-by-hand",
        "procedure": "TODO: say what is done",
        "expires_on": _LONG_AGO,
    }
    return {**forbidden, "by_hand": by_hand}


class _Dumper(yaml.SafeDumper):
    """Writes values so that our reader reads the same ones: text quoted wherever it may not be."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = _PLAIN.fullmatch(text) and text not in WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


def _represent_number(dumper: yaml.SafeDumper, number: Decimal) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", f"{number:f}")


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Decimal, _represent_number)


def _write(data: dict[str, Any]) -> str:
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    document, problems = parse_document(WORKFLOW_FILE, text.encode())
    if problems or document is None or document.data != data:
        raise CloneRefused("Its workflow.yaml holds a value that can't be written back.")
    return text
