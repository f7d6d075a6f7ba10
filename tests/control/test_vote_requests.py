"""Who is asked for a vote, what they read, how often; and how long it took them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from alos.control.vote_requests import Reminders, ask_for_votes, write_page
from alos.domain.lane import LaneState
from alos.domain.people import Party, Role
from alos.domain.release_events import ReleaseId
from tests.control.release_desk import DAY, HOUR, ReleaseDesk


class Post:
    """Keeps what is told to whom."""

    def __init__(self, desk: ReleaseDesk) -> None:
        self.desk = desk
        self.sent: list[tuple[set[str], str, Sequence[str]]] = []
        self.control = desk.to_control(notify=self.tell)
        self.reminders = Reminders(self.control, self.list_subjects)

    async def tell(self, parties: Sequence[Party], subject: str, lines: Sequence[str]) -> None:
        self.sent.append(({one.name for one in parties}, subject, lines))

    async def list_subjects(self) -> frozenset[str]:
        return frozenset(subject for _, subject, _ in self.sent)

    async def ask(self, release: ReleaseId) -> None:
        found = self.desk.releases.find(release)
        assert found is not None
        await ask_for_votes(self.control, found)


@pytest.fixture
async def post(tmp_path: Path) -> Post:
    desk = ReleaseDesk(tmp_path)
    await desk.plane.load()
    return Post(desk)


async def test_those_whose_votes_are_missing_are_asked_and_no_author(post: Post) -> None:
    await post.ask(await post.desk.submit())
    await post.ask(await post.desk.submit(authors=frozenset({"dan@example.com"})))
    assert [people for people, _, _ in post.sent] == [{"emil", "dan"}, {"emil"}]


async def test_the_page_says_what_changed_since_the_live_release(post: Post) -> None:
    desk = post.desk
    await desk.go_live()
    desk.folder.replace(
        "workflows/support-reply-drafting/prompts/draft-reply.md",
        "Never promise",
        "Never ever promise",
    )
    desk.edit(1)
    release = await desk.submit()
    await post.ask(release)
    _, subject, lines = post.sent[-1]
    text = "\n".join(lines)
    assert subject == f"Your vote on {release}"
    assert "What changed: The prompt asks for two sentences." in text
    assert "\n+" in text
    assert "Never ever" in text
    assert "decisions/0002-another.md (new," in text
    assert len(lines) < 80


async def test_a_long_change_is_cut_to_one_page(post: Post) -> None:
    release = await post.desk.submit()
    found = post.desk.releases.find(release)
    assert found is not None
    bundle = await post.control.get_bundle(found)
    longer = {**bundle.contents, "prompts/draft-reply.md": b"a line\n" * 500}
    before = type("Before", (), {"contents": longer})()
    lines = list(write_page(found, bundle, before))
    assert len(lines) < 80
    assert lines[-1].startswith("… and ")


async def test_a_missing_vote_is_asked_for_again_each_day_and_five_times(post: Post) -> None:
    release = await post.desk.submit()
    await post.reminders.remind()
    assert post.sent == []
    assert isinstance(await post.desk.vote(release, "emil", Role.PM), LaneState)
    for _ in range(10 * 24):
        post.desk.clock.unix += HOUR
        await post.reminders.remind()
    assert [subject for _, subject, _ in post.sent] == [
        f"Reminder {number}: your vote on {release}" for number in range(1, 6)
    ]
    assert {name for people, _, _ in post.sent for name in people} == {"dan"}


async def test_nobody_is_reminded_once_the_lane_is_filled(post: Post) -> None:
    release = await post.desk.submit()
    await post.desk.fill_lane(release)
    post.desk.clock.unix += 3 * DAY
    await post.reminders.remind()
    assert post.sent == []


async def test_the_time_to_vote_ends_with_the_vote_that_fills_the_lane(post: Post) -> None:
    desk = post.desk
    release = await desk.submit()
    found = desk.releases.find(release)
    assert found is not None
    began = desk.clock.unix
    desk.clock.unix += 2 * HOUR
    state = await desk.vote(release, "emil", Role.PM)
    assert isinstance(state, LaneState)
    assert state.filled_at_unix is None
    desk.clock.unix += HOUR
    state = await desk.vote(release, "dan", Role.SECURITY)
    assert isinstance(state, LaneState)
    assert state.filled_at_unix == began + 3 * HOUR
