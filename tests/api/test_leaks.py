"""Whoever holds all of a key reports it; nobody learns anything from the answer."""

from alos.control.plane import KeyWish
from tests.api.desk import QUESTIONS, Desk


async def make_key(desk: Desk) -> tuple[str, str]:
    made = await desk.plane.create_key(
        KeyWish(workflows=(QUESTIONS,), principal="ben", expires_at_unix=None), by="test"
    )
    return made.key, made.row.grant.prefix


async def test_the_whole_key_is_revoked_without_signing_in(desk: Desk) -> None:
    key, prefix = await make_key(desk)
    answer = await desk.ask("POST", "/api/v1/leaks", body={"key": key})
    assert answer.status_code == 202
    assert desk.published[-1].keys[prefix].revoked
    assert key not in repr(desk.journal.entries)


async def test_a_wrong_key_gets_the_same_answer(desk: Desk) -> None:
    key, prefix = await make_key(desk)
    right = await desk.ask("POST", "/api/v1/leaks", body={"key": key})
    for wrong in (key[:-1] + "!", prefix, "", "x" * 200):
        answer = await desk.ask("POST", "/api/v1/leaks", body={"key": wrong})
        assert (answer.status_code, answer.content) == (202, right.content)


async def test_more_than_ten_a_minute_from_one_address_are_refused(desk: Desk) -> None:
    key, prefix = await make_key(desk)
    for _ in range(10):
        assert (await desk.ask("POST", "/api/v1/leaks", body={"key": "x"})).status_code == 202
    assert (await desk.ask("POST", "/api/v1/leaks", body={"key": key})).status_code == 429
    assert not desk.published[-1].keys[prefix].revoked
    desk.clock.seconds += 60
    assert (await desk.ask("POST", "/api/v1/leaks", body={"key": key})).status_code == 202
    assert desk.published[-1].keys[prefix].revoked
