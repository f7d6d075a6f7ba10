"""Two gateways on one database: what one of them changed, the other one takes over."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alos.control.change_notes import ChangeNotes
from alos.control.directory import Directory
from alos.control.role_book import RoleBook
from alos.control.standing import Configuration
from alos.control.waivers import Waivers, WaiverWish
from alos.domain.ids import Digest, PersonId, WorkflowId
from alos.domain.people import People
from alos.domain.record import NoteEntry
from alos.domain.waiver import Waiver, WaiverAbout
from alos.ports.directory import DirectoryEntry, EntryChange, EntryKind
from alos.store.directory import StoredDirectory
from alos.store.engine import Store
from alos.store.role_gains import StoredRoleGains
from alos.store.waivers import StoredWaivers
from tests.control.organisation_folder import OrganisationFolder
from tests.store.samples import ManualClock

NOBODY = People(persons={}, service_accounts={})


class Notes:
    """A journal that keeps notes."""

    def __init__(self) -> None:
        self.notes: list[NoteEntry] = []

    async def note(self, entry: NoteEntry) -> None:
        self.notes.append(entry)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "alos.db")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class Told:
    """Who was told to put people into force, and whether it was news."""

    def __init__(self) -> None:
        self.news: list[bool] = []

    async def __call__(self, by: str, *, is_news: bool = False) -> None:
        assert by
        self.news.append(is_news)


def make_directory(store: Store, clock: ManualClock) -> tuple[Directory, Told]:
    told = Told()
    notes = ChangeNotes(Notes(), clock)  # type: ignore[arg-type]
    directory = Directory(
        StoredDirectory(store), notes=notes, clock=clock, filed=lambda: NOBODY, put_people=told
    )
    return directory, told


def make_user(**changes: Any) -> DirectoryEntry:
    return replace(
        DirectoryEntry(
            id="user_1",
            kind=EntryKind.USER,
            name="rita",
            title="Rita",
            external_id="",
            person_id=PersonId("rita"),
            addresses=("rita@example.com",),
            active=True,
            members=(),
            document={},
            version=1,
            created_at_unix_ns=1,
            modified_at_unix_ns=1,
        ),
        **changes,
    )


async def test_who_left_at_one_gateway_has_left_at_the_other(
    store: Store, clock: ManualClock
) -> None:
    (first, _), (second, told) = make_directory(store, clock), make_directory(store, clock)
    await first.load()
    await second.load()
    state, user = StoredDirectory(store), make_user()
    state.add_entry(user, frozenset())
    await first.apply([EntryChange(before=None, after=user)], "directory")
    assert await second.catch_up()
    assert second.merge(NOBODY).get_active(PersonId("rita")) is not None
    assert not await second.catch_up()
    gone = replace(user, active=False, version=2)
    state.change_entry(gone, frozenset())
    await first.apply([EntryChange(before=user, after=gone)], "directory")
    assert await second.catch_up()
    assert second.merge(NOBODY).get_active(PersonId("rita")) is None
    assert told.news == [True, True]


async def test_older_news_brings_nobody_back_who_has_just_left_here(
    store: Store, clock: ManualClock
) -> None:
    """What was read from the store a moment ago may be older than what was just put into force."""
    directory, told = make_directory(store, clock)
    state, user = StoredDirectory(store), make_user()
    state.add_entry(user, frozenset())
    gone = replace(user, active=False, version=2)
    await directory.apply([EntryChange(before=user, after=gone)], "directory")
    await directory.catch_up()
    assert directory.merge(NOBODY).get_active(PersonId("rita")) is None
    assert told.news == [False]


async def test_tokens_of_the_directory_are_good_and_over_everywhere(
    store: Store, clock: ManualClock
) -> None:
    (first, _), (second, told) = make_directory(store, clock), make_directory(store, clock)
    made = await first.create_token(by="me")
    await second.catch_up()
    assert second.tokens[made.row.prefix].revoked_at_unix is None
    await first.revoke_token(made.row.id, by="me")
    await second.catch_up()
    assert second.tokens[made.row.prefix].revoked_at_unix is not None
    assert told.news == []


def make_waivers(store: Store, clock: ManualClock) -> tuple[Waivers, list[str]]:
    published: list[str] = []
    notes = ChangeNotes(Notes(), clock)  # type: ignore[arg-type]
    publish: Callable[[], None] = lambda: published.append("published")  # noqa: E731
    return Waivers(StoredWaivers(store), notes, clock=clock, publish=publish), published


async def test_a_waiver_ended_at_one_gateway_is_granted_at_no_other(
    store: Store, clock: ManualClock
) -> None:
    (first, _), (second, published) = make_waivers(store, clock), make_waivers(store, clock)
    made = await first.request(
        WaiverWish(
            workflow=WorkflowId("triage"),
            about=WaiverAbout.NO_SSO,
            owner=PersonId("chloe"),
            reason="new",
            compensating_control="eyes",
            ends_at_unix=clock.unix_ns() // 1_000_000_000 + 3_600,
        )
    )
    assert isinstance(made, Waiver)
    granted = await second.grant(made.id, by=PersonId("dan"), is_sponsor=False)
    assert isinstance(granted, Waiver), "it was asked for at the other one a moment ago"
    assert isinstance(await first.end(made.id, by=PersonId("dan")), Waiver)
    assert len(published) == 1
    assert await second.catch_up()
    assert len(published) == 2
    assert not second.all[made.id].is_in_force(clock.unix_ns() // 1_000_000_000)
    assert not await second.catch_up()


async def test_a_role_that_another_gateway_has_noted_is_noted_once(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    journals: Sequence[Notes] = (Notes(), Notes())
    first, second = (
        RoleBook(
            StoredRoleGains(store),
            notes=ChangeNotes(journal, clock),  # type: ignore[arg-type]
            clock=clock,
        )
        for journal in journals
    )
    loaded = OrganisationFolder(tmp_path / "org").load()
    configuration = Configuration(
        organisation=loaded.organisation,
        people=loaded.people,
        bundles=loaded.bundles,
        policy=Digest("sha256:1"),
    )
    await first.load()
    await second.load()
    await first.update(configuration, by="directory")
    await second.update(configuration, by="news")
    assert journals[0].notes
    assert journals[1].notes == []
    person, role = next(iter(first._gains))
    assert second.get_gained_at(person, role) == first.get_gained_at(person, role)
