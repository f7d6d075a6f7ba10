"""Votes that a person signs by a fresh login, whose nonce is the hash of what they say."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alos.cli.release import app
from alos.domain.release_events import ReleaseId
from alos.ledger.note import SigningKey
from alos.ledger.statement import hash_payload, open_statement, sign_statement
from tests.api.personal_votes import Polls, open_polls

KEY = SigningKey("alos/test", bytes(32))


@pytest.fixture
async def polls(tmp_path: Path) -> AsyncIterator[Polls]:
    async with open_polls(tmp_path) as made:
        yield made


async def test_the_provider_is_asked_to_sign_this_very_vote(polls: Polls) -> None:
    dan = await polls.send("dan")
    vote = await dan.write()
    laid_down = await dan.lay_down(vote)
    assert laid_down["statement"]["voter"] == "dan"
    assert laid_down["sha256"] == hash_payload(laid_down["statement"])
    asked = await dan.begin(laid_down["ballot"])
    assert asked["nonce"] == laid_down["sha256"]
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")


async def test_three_people_fill_the_lane_of_tier_3(polls: Polls) -> None:
    for name in ("emil", "dan", "gus"):
        person = await polls.send(name)
        answer = await person.vote()
        assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert shown["personal_signature"]
    assert [slot["voter"] for slot in shown["lane"]] == ["emil", "dan", "gus"]
    assert {vote["signature"] for vote in shown["votes"]} == {"personal"}
    assert not [one for one in shown["missing"] if "vote" in one["code"]]
    found = polls.desk.releases.releases.find(ReleaseId(polls.release))
    assert found is not None
    assert polls.desk.releases.voting.get_lane_state(found).is_complete


async def test_an_attested_vote_does_not_fill_it(polls: Polls) -> None:
    dan = await polls.send("dan")
    answer = await dan.ask("POST", "/votes", await dan.write())
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "alos_vote_not_personal"


def _verify(folder: Path, shown: dict[str, Any], *words: str) -> tuple[int, str]:
    (folder / "release.json").write_text(json.dumps(shown))
    command = ["verify", str(folder / "release.json"), "--key", str(KEY.verify_key)]
    done = CliRunner().invoke(app, [*command, *words])
    return done.exit_code, done.output


async def test_it_is_checked_offline_by_what_is_kept_with_it(polls: Polls, tmp_path: Path) -> None:
    dan = await polls.send("dan")
    shown = (await dan.vote()).json()
    assert _verify(tmp_path, shown) == (0, "✓ dan as security: holds, personal\n")
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(polls.desk.issuer.public_keys()))
    assert _verify(tmp_path, shown, "--issuer-keys", str(keys))[0] == 0
    polls.desk.issuer.rotate()
    keys.write_text(json.dumps(polls.desk.issuer.public_keys()))
    code, said = _verify(tmp_path, shown, "--issuer-keys", str(keys))
    assert code == 1
    assert "none of the identity provider's" in said


async def test_who_holds_the_installations_key_alone_makes_up_no_personal_vote(
    polls: Polls, tmp_path: Path
) -> None:
    """Every field of the statement, changed and signed again by the installation."""
    dan = await polls.send("dan")
    shown = (await dan.vote(reason="it reads well")).json()
    said = dict(open_statement(shown["votes"][0]["envelope"], [KEY.verify_key]).content)
    for name in ("policy", "lane", "reason", "ballot"):
        forged = sign_statement({**said, name: "x"}, KEY)
        shown["votes"][0]["envelope"] = forged
        code, output = _verify(tmp_path, shown)
        assert (code, "over another statement" in output) == (1, True), name
    forged = sign_statement({**said, "voter": "emil"}, KEY)
    shown["votes"][0] |= {"voter": "emil", "envelope": forged}
    assert "over another statement" in _verify(tmp_path, shown)[1]
    shown["votes"][0]["envelope"] = sign_statement({**said, "voter": "emil", "personal": {}}, KEY)
    assert "is not personal" in _verify(tmp_path, shown)[1]
