"""A personal vote is passed off: by a login for another one, of another person, old or used."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from alos.domain.sign_on import to_challenge
from tests.api.personal_votes import VERIFIER, Polls, open_polls


@pytest.fixture
async def polls(tmp_path: Path) -> AsyncIterator[Polls]:
    async with open_polls(tmp_path) as made:
        yield made


def assert_refused(answer: httpx2.Response, why: str, code: str = "alos_vote_proof_bad") -> None:
    assert answer.status_code == 403, answer.text
    assert answer.json()["error"]["code"] == code
    assert why in answer.json()["error"]["message"]


async def assert_no_vote(polls: Polls) -> None:
    shown = await (await polls.send("dan")).show()
    assert shown["votes"] == []


async def test_a_login_for_another_statement(polls: Polls) -> None:
    """Signed as a no with a reason, cast as a yes; and each other word of it changed."""
    dan = await polls.send("dan")
    against = await dan.write(approve=False, reason="too early")
    for change in ({"approve": True}, {"reason": "other"}, {"role": "pm"}, {"policy": "x"}):
        ballot = (await dan.lay_down(against))["ballot"]
        code = await dan.sign(ballot)
        assert_refused(await dan.cast({**against, **change}, ballot, code), "another statement")
    await assert_no_vote(polls)


async def test_a_login_for_another_digest(polls: Polls) -> None:
    dan = await polls.send("dan")
    vote = await dan.write(digest="sha256:" + "0" * 64)
    ballot = (await dan.lay_down(vote))["ballot"]
    code = await dan.sign(ballot)
    assert_refused(await dan.cast(await dan.write(), ballot, code), "another statement")
    ballot = (await dan.lay_down(vote))["ballot"]
    answer = await dan.cast(vote, ballot, await dan.sign(ballot))
    assert_refused(answer, "", "alos_vote_other_digest")
    await assert_no_vote(polls)


async def test_a_code_that_was_used(polls: Polls) -> None:
    dan = await polls.send("dan")
    vote = await dan.write()
    ballot = (await dan.lay_down(vote))["ballot"]
    code = await dan.sign(ballot)
    assert (await dan.cast(vote, ballot, code)).status_code == 201
    assert_refused(await dan.cast(vote, ballot, code), "was used")


async def test_a_ballot_that_was_taken_up(polls: Polls) -> None:
    """One ballot, one login: the second can't be begun."""
    dan = await polls.send("dan")
    ballot = (await dan.lay_down(await dan.write()))["ballot"]
    await dan.begin(ballot)
    query = {"port": 0, "challenge": "c" * 43, "ballot": ballot}
    answer = await dan.browser.get("/api/v1/login", **query)
    assert_refused(answer, "was used")


async def test_an_earlier_vote_replayed_after_a_change_of_mind(polls: Polls) -> None:
    """The same words laid down again are another statement: each has its own ballot."""
    dan = await polls.send("dan")
    vote = await dan.write()
    first, second = await dan.lay_down(vote), await dan.lay_down(vote)
    assert first["sha256"] != second["sha256"]
    code = await dan.sign(first["ballot"])
    assert_refused(await dan.cast(vote, second["ballot"], code), "another statement")
    await assert_no_vote(polls)


async def test_a_login_that_is_too_old(polls: Polls) -> None:
    dan = await polls.send("dan")
    vote = await dan.write()
    ballot = (await dan.lay_down(vote))["ballot"]
    code = await dan.sign(ballot)
    polls.desk.clock.seconds += 120
    assert_refused(await dan.cast(vote, ballot, code), "too old")
    ballot = (await dan.lay_down(vote))["ballot"]
    polls.desk.clock.seconds += 600
    query = {"port": 0, "challenge": "c" * 43, "ballot": ballot}
    assert_refused(await dan.browser.get("/api/v1/login", **query), "too old")
    await assert_no_vote(polls)


@pytest.mark.parametrize("claims", [{"auth_time": ...}, {"auth_time": 1}, {"auth_time": "now"}])
async def test_a_provider_that_did_not_ask_again(polls: Polls, claims: dict[str, object]) -> None:
    dan = await polls.send("dan")
    await dan.begin((await dan.lay_down(await dan.write()))["ballot"])
    page = await dan.finish(**claims)
    assert page.status_code == 403
    assert "<code>" not in page.text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "n"},
        {"nonce": ...},
        {"exp": 1},
        {"aud": "another-client"},
        {"iss": "https://other.example"},
    ],
)
async def test_a_token_of_another_login(polls: Polls, claims: dict[str, object]) -> None:
    dan = await polls.send("dan")
    await dan.begin((await dan.lay_down(await dan.write()))["ballot"])
    page = await dan.finish(**claims)
    assert page.status_code in {401, 403}
    assert "<code>" not in page.text


async def test_another_person_logs_in_for_it(polls: Polls) -> None:
    """A session of dan's, taken over; whoever has it can log in as themselves only."""
    dan = await polls.send("dan")
    await dan.begin((await dan.lay_down(await dan.write()))["ballot"])
    page = await dan.finish(sub="sub-emil", email="emil@example.com")
    assert page.status_code == 403
    assert "somebody else logged in" in page.text
    assert "<code>" not in page.text


async def test_anothers_signature_is_cast(polls: Polls) -> None:
    dan, emil = await polls.send("dan"), await polls.send("emil")
    vote = await dan.write()
    ballot = (await dan.lay_down(vote))["ballot"]
    code = await dan.sign(ballot)
    assert_refused(await emil.cast(await emil.write(), ballot, code), "another person's")
    await assert_no_vote(polls)


async def test_a_code_read_over_a_shoulder(polls: Polls) -> None:
    """Without the verifier of whoever began the login the code is spent for nothing."""
    dan = await polls.send("dan")
    vote = await dan.write()
    ballot = (await dan.lay_down(vote))["ballot"]
    code = await dan.sign(ballot)
    assert_refused(await dan.cast(vote, ballot, code, "w" * 43), "begun by somebody else")
    assert_refused(await dan.cast(vote, ballot, code), "was used")


async def test_a_code_of_a_vote_opens_no_session_nor_the_other_way_round(polls: Polls) -> None:
    dan = await polls.send("dan")
    vote = await dan.write()
    ballot = (await dan.lay_down(vote))["ballot"]
    body = {"code": await dan.sign(ballot), "verifier": VERIFIER}
    assert (await polls.desk.ask("POST", "/api/v1/login/token", body=body)).status_code == 403
    ballot = (await dan.lay_down(vote))["ballot"]
    dan.address = await dan.browser.begin(port=0, challenge=to_challenge(VERIFIER))
    page = await dan.finish()
    code = page.text.partition("<code>")[2].partition("</code>")[0]
    assert_refused(await dan.cast(vote, ballot, code), "never was")
