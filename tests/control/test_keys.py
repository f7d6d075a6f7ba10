"""Keys are rotated with an overlap, revoked whatever is down, and marked when somebody leaves."""

from dataclasses import replace
from pathlib import Path

import pytest

from alos.control.keys import KeyWish, NewKey
from alos.control.plane import ChangeRefused
from alos.domain.fault import StoreDown
from alos.domain.key import matches
from alos.domain.record import NoteEntry, NoteKind
from tests.control.test_plane import SUPPORT, Desk


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    await made.plane.load()
    return made


async def make_key(desk: Desk, principal: str = "ana", expires: int | None = None) -> NewKey:
    wish = KeyWish(workflows=(SUPPORT,), principal=principal, expires_at_unix=expires)
    return await desk.plane.create_key(wish, by="me")


async def test_a_rotated_key_works_beside_the_new_one_until_the_overlap_ends(desk: Desk) -> None:
    old = await make_key(desk)
    new = await desk.plane.keys.rotate(old.row.grant.prefix, by="me", overlap_seconds=60)
    grants = desk.now.keys
    assert matches(new.key.encode(), grants[new.row.grant.prefix].secret_hash)
    assert grants[new.row.grant.prefix].expires_at_unix is None
    ends = grants[old.row.grant.prefix].expires_at_unix
    assert ends is not None
    assert ends == new.row.created_at_unix + 60
    assert new.row.follows == old.row.grant.id
    assert replace(
        new.row.grant, id=old.row.grant.id, prefix="", secret_hash=b"", expires_at_unix=None
    ) == replace(old.row.grant, prefix="", secret_hash=b"")
    assert new.key not in repr((desk.state.keys, desk.journal.entries, desk.published))


async def test_rotating_never_makes_the_old_key_live_longer(desk: Desk) -> None:
    now = desk.plane.keys._now_unix()
    old = await make_key(desk, expires=now + 30)
    await desk.plane.keys.rotate(old.row.grant.prefix, by="me", overlap_seconds=86_400)
    assert desk.now.keys[old.row.grant.prefix].expires_at_unix == now + 30


async def test_a_key_that_no_longer_works_is_not_rotated(desk: Desk) -> None:
    old = await make_key(desk)
    await desk.plane.revoke_key(old.row.grant.prefix, by="me")
    with pytest.raises(ChangeRefused, match="no longer works"):
        await desk.plane.keys.rotate(old.row.grant.prefix, by="me", overlap_seconds=60)


async def test_a_revocation_takes_force_while_the_store_is_down_and_is_kept_later(
    desk: Desk,
) -> None:
    made = await make_key(desk)
    prefix, key_id = made.row.grant.prefix, made.row.grant.id
    desk.state.down = True
    await desk.plane.revoke_key(prefix, by="me")
    assert desk.now.keys[prefix].revoked
    assert NoteKind.KEY_REVOKED in desk.notes
    assert await desk.plane.keys.save() is False
    desk.state.down = False
    assert not desk.state.keys[key_id].grant.revoked  # type: ignore[attr-defined]
    assert await desk.plane.keys.save()
    assert desk.state.keys[key_id].grant.revoked  # type: ignore[attr-defined]
    await desk.plane.keys.load()
    assert desk.plane.keys.rows[prefix].revoked_by == "me"


async def test_a_new_key_is_refused_while_the_store_is_down(desk: Desk) -> None:
    desk.state.down = True
    before = dict(desk.now.keys)
    with pytest.raises(StoreDown):
        await make_key(desk)
    assert desk.now.keys == before


async def test_a_reported_key_is_revoked_and_a_part_of_it_tells_nothing(desk: Desk) -> None:
    made = await make_key(desk)
    for almost in ("", made.key[:-1], made.key + "A", made.key[:-1] + "!", made.row.grant.prefix):
        assert await desk.plane.keys.report_leaked(almost) is None
    assert not desk.now.keys[made.row.grant.prefix].revoked
    await desk.plane.keys.report_leaked(made.key)
    assert desk.now.keys[made.row.grant.prefix].revoked
    note = next(
        dict(entry.facts)
        for entry in desk.journal.entries
        if isinstance(entry, NoteEntry) and entry.kind is NoteKind.KEY_REVOKED
    )
    assert note["why"] == "reported as leaked"


async def test_last_uses_are_kept_by_a_job_and_never_go_back(desk: Desk) -> None:
    made = await make_key(desk)
    desk.plane.keys.uses[made.row.grant.id] = 100
    await desk.plane.keys.save_uses()
    assert desk.state.uses == {made.row.grant.id: 100}
    assert desk.plane.keys.uses == {}
    desk.state.down = True
    desk.plane.keys.uses[made.row.grant.id] = 200
    with pytest.raises(StoreDown):
        await desk.plane.keys.save_uses()
    assert desk.plane.keys.uses == {made.row.grant.id: 200}


async def test_a_keys_default_prompt_is_one_of_its_workflows_and_lasts(desk: Desk) -> None:
    wish = KeyWish(workflows=(SUPPORT,), principal="ana", expires_at_unix=None)
    with pytest.raises(ChangeRefused, match="there is: draft-reply"):
        await desk.plane.create_key(replace(wish, default_prompt="nope"), by="me")
    made = await desk.plane.create_key(replace(wish, default_prompt="draft-reply"), by="me")
    assert desk.now.keys[made.row.grant.prefix].default_prompt == "draft-reply"
    kept = {row.grant.id: row.grant for row in await desk.plane.list_keys()}
    assert kept[made.row.grant.id].default_prompt == "draft-reply"
    new = await desk.plane.keys.rotate(made.row.grant.prefix, by="me", overlap_seconds=0)
    assert new.row.grant.default_prompt == "draft-reply"
