"""One person comes in twice: by a second account, a tagged address, a look-alike or a new id."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alos.domain.record import NoteKind
from tests.api.desk import Desk, open_desk
from tests.api.test_sign_on import SECTION, Browser
from tests.control.issuer import TestIssuer


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    changes = (("alos.yaml", "roles:\n", SECTION + "roles:\n"),)
    async with open_desk(tmp_path, changes=changes, issuer=TestIssuer()) as made:
        yield made


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "sub-second"},
        {"sub": "sub-second", "email": "CHLOE@EXAMPLE.COM"},
        {"sub": "sub-second", "email": "chloe+votes@example.com"},
        {"sub": "sub-second", "email": "chlo\u0435@example.com"},
        {"sub": "sub-second", "email": "chloe@example.com.", "email_verified": True},
        {"sub": "sub-second", "email": " chloe@example.com"},
    ],
)
async def test_it_is_stopped_and_recorded(desk: Desk, claims: dict[str, Any]) -> None:
    assert (await Browser(desk).sign_in()).status_code == 200
    second = Browser(desk)
    answer = await second.sign_in(**claims)
    assert answer.status_code == 403
    assert "alos_session" not in second.cookies
    assert desk.notes(NoteKind.SIGN_IN_REFUSED)[-1]["reason"] == "alos_person_unknown"
    assert len(desk.notes(NoteKind.SIGNED_IN)) == 1
