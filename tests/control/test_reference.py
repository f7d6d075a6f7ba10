"""The reference pages say what the forms say."""

import json
from pathlib import Path

from alos.control.reference import build_pages
from alos.control.schemas import build_schemas

REFERENCE = Path(__file__).parents[2] / "docs/reference"


def test_the_pages_are_current() -> None:
    for name, text in build_pages().items():
        stored = (REFERENCE / name).read_text(encoding="utf-8")
        assert stored == text, "run `python -m alos.control.reference docs/reference`"


def test_every_key_has_a_description() -> None:
    for name, text in build_schemas().items():
        schema = json.loads(text)
        for title, part in {name: schema, **schema["$defs"]}.items():
            for key, value in part.get("properties", {}).items():
                referred = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
                described = value.get("description") or referred.get("description")
                assert described, f"{title}.{key} has none"


def test_a_key_that_is_missing_from_the_page_would_be_noticed() -> None:
    page = build_pages()["workflow-yaml.md"]
    assert "| `feared_failure` | [FearedFailure](#fearedfailure) | yes |" in page
    assert "## FearedFailure" in page
