"""A real call becomes a case: its variables read back, its personal data replaced."""

import json
from typing import Any

import pytest

from alos.evals.promote import NotPromotable, promote
from tests.evals.test_graders import scan

TEMPLATE = "You write for {{company}}.\nFacts: {{facts}}\nSigned, {{ company }}"
RENDERED = "You write for Northwind.\nFacts: open 8 to 18 (not Sundays)\nSigned, Northwind"


def body(*messages: tuple[str, Any], **more: Any) -> bytes:
    listed = [{"role": role, "content": text} for role, text in messages]
    return json.dumps({"messages": listed, **more}).encode()


def test_variables_are_read_back_by_the_template() -> None:
    found = promote(body(("system", RENDERED), ("user", "When?")), TEMPLATE, scan)
    assert found.variables == {"company": "Northwind", "facts": "open 8 to 18 (not Sundays)"}
    assert found.messages == (("user", "When?"),)
    assert found.replaced == ()


def test_personal_data_is_replaced_even_where_the_model_was_approved_for_it() -> None:
    found = promote(body(("user", "Write to joan@example.net please")), None, scan)
    assert found.messages == (("user", "Write to [EMAIL_ADDRESS] please"),)
    assert found.replaced == ("EMAIL_ADDRESS",)


def test_the_other_vendors_system_prompt_and_parts_are_read_too() -> None:
    parts = [{"type": "text", "text": "When?"}]
    found = promote(body(("user", parts), system=RENDERED), TEMPLATE, scan)
    assert found.messages == (("user", "When?"),)


@pytest.mark.parametrize(
    "kept",
    [
        b"no json",
        b"[]",
        body(("tool", "42")),
        body(("user", [{"type": "image_url", "image_url": {}}])),
        body(("user", "When?")),
        body(("system", "Another prompt"), ("user", "When?")),
    ],
)
def test_what_can_not_be_taken_apart_is_said(kept: bytes) -> None:
    with pytest.raises(NotPromotable):
        promote(kept, TEMPLATE, scan)
