"""Keys and kill switches: kept, noted, and in force when the call returns."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from alos.control.plane import ChangeRefused, ControlPlane, KeyWish
from alos.control.registry import load_organisation
from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold
from alos.control.standing import Configuration
from alos.domain.fault import StoreDown
from alos.domain.key import matches
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.standing import Standing, Stop
from alos.ports.clock import SystemClock
from alos.ports.control_state import StopNews
from tests.pipeline.conversation import MemoryJournal

SUPPORT = "support-reply-drafting"


_METHODS = ("add", "end", "get", "keep", "list", "read", "replace", "revoke")


class MemoryState:
    """Control state in memory; ``down`` makes every method fail."""

    def __init__(self) -> None:
        self.keys: dict[str, object] = {}
        self.stops: dict[tuple[str, str], Stop] = {}
        self.revived: dict[tuple[str, str], int] = {}
        self.uses: dict[str, int] = {}
        self.down = False

    def __getattribute__(self, name: str) -> object:
        if name.startswith(_METHODS) and self.down:
            raise StoreDown("gone")
        return super().__getattribute__(name)

    def add_key(self, row: object) -> None:
        self.keys[row.grant.id] = row  # type: ignore[attr-defined]

    def revoke_key(self, key_id: str, *, by: str, at_unix: int) -> bool:
        row = self.keys[key_id]
        grant = replace(row.grant, revoked=True)  # type: ignore[attr-defined]
        self.keys[key_id] = replace(row, grant=grant, revoked_by=by, revoked_at_unix=at_unix)  # type: ignore[type-var]
        return True

    def get_key_version(self) -> tuple[int, ...]:
        revoked = sum(row.grant.revoked for row in self.keys.values())  # type: ignore[attr-defined]
        return (len(self.keys), revoked)

    def list_keys(self) -> list[object]:
        return list(self.keys.values())

    def replace_key(self, row: object, *, old_ends_at_unix: int) -> None:
        old = self.keys[row.follows]  # type: ignore[attr-defined]
        ends = min(old.grant.expires_at_unix or old_ends_at_unix, old_ends_at_unix)  # type: ignore[attr-defined]
        grant = replace(old.grant, expires_at_unix=ends)  # type: ignore[attr-defined]
        self.keys[row.follows] = replace(old, grant=grant)  # type: ignore[attr-defined,type-var]
        self.add_key(row)

    def keep_uses(self, uses: dict[str, int]) -> None:
        self.uses |= uses

    def add_stop(self, stop: Stop) -> bool:
        if self.revived.get((stop.kind, stop.target), -1) >= stop.pulled_at_unix_ns:
            return False
        self.stops.setdefault((stop.kind, stop.target), stop)
        return True

    def end_stop(self, kind: str, target: str, *, by: str, at_unix: int) -> bool:
        ended = self.stops.pop((kind, target), None)
        if ended is not None:
            self.revived[kind, target] = ended.pulled_at_unix_ns
        return ended is not None and bool(by) and at_unix > 0

    def read_stop_news(self) -> StopNews:
        return StopNews(stops=list(self.stops.values()), revived=dict(self.revived))


class Desk:
    """A control plane over a scaffolded organisation."""

    def __init__(self, folder: Path, *, dev: bool = True) -> None:
        wish = ScaffoldWish(
            organisation="Test", templates=(SUPPORT,), extent=Extent.FULL, today=date(2026, 1, 1)
        )
        write_scaffold(folder, build_scaffold(wish))
        loaded = load_organisation(folder)
        assert loaded.organisation is not None
        assert loaded.people is not None
        self.state = MemoryState()
        self.journal = MemoryJournal()
        self.published: list[Standing] = []
        self.plane = ControlPlane(
            Configuration(
                organisation=loaded.organisation,
                people=loaded.people,
                bundles=loaded.bundles,
                policy=loaded.policy or "",  # type: ignore[arg-type]
            ),
            state=self.state,  # type: ignore[arg-type]
            journal=self.journal,
            clock=SystemClock(),
            dev=dev,
            publish=self.published.append,
        )

    @property
    def now(self) -> Standing:
        return self.published[-1]

    @property
    def notes(self) -> list[NoteKind]:
        return [entry.kind for entry in self.journal.entries if isinstance(entry, NoteEntry)]


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    await made.plane.load()
    return made


async def test_a_key_is_in_force_at_once_and_kept_only_as_a_hash(desk: Desk) -> None:
    made = await desk.plane.create_key(
        KeyWish(workflows=(SUPPORT,), principal=None, expires_at_unix=None), by="me"
    )
    grant = desk.now.keys[made.row.grant.prefix]
    assert matches(made.key.encode(), grant.secret_hash)
    assert grant.principal == "ben"
    assert grant.active
    kept = repr((desk.state.keys, desk.journal.entries, desk.published))
    assert made.key not in kept
    assert made.key.removeprefix(grant.prefix) not in kept
    assert desk.notes == [NoteKind.KEY_CREATED]


async def test_a_revoked_key_is_dead_at_once(desk: Desk) -> None:
    made = await desk.plane.create_key(
        KeyWish(workflows=(SUPPORT,), principal="ana", expires_at_unix=None), by="me"
    )
    await desk.plane.revoke_key(made.row.grant.prefix, by="me")
    assert desk.now.keys[made.row.grant.prefix].revoked
    assert desk.notes == [NoteKind.KEY_CREATED, NoteKind.KEY_REVOKED]


@pytest.mark.parametrize(
    "wish",
    [
        KeyWish(workflows=("nowhere",), principal=None, expires_at_unix=None),
        KeyWish(workflows=(SUPPORT,), principal="nobody", expires_at_unix=None),
    ],
)
async def test_a_key_for_nothing_or_nobody_is_refused(desk: Desk, wish: KeyWish) -> None:
    with pytest.raises(ChangeRefused):
        await desk.plane.create_key(wish, by="me")
    assert not desk.state.keys


async def test_a_stop_is_in_force_when_it_returns_and_outlives_the_process(desk: Desk) -> None:
    await desk.plane.stop("workflow", SUPPORT, by="me", reason="odd answers")
    assert ("workflow", SUPPORT) in desk.now.stopped
    await desk.plane.load()
    assert ("workflow", SUPPORT) in desk.now.stopped
    await desk.plane.revive("workflow", SUPPORT, by="me")
    assert not desk.now.stopped
    assert desk.notes == [NoteKind.STOPPED, NoteKind.REVIVED]


async def test_a_stop_works_with_the_store_down_and_is_kept_when_it_is_back(desk: Desk) -> None:
    desk.state.down = True
    await desk.plane.stop("workflow", SUPPORT, by="me", reason="")
    assert ("workflow", SUPPORT) in desk.now.stopped
    assert not await desk.plane.switches.save()
    desk.state.down = False
    assert await desk.plane.switches.save()
    assert ("workflow", SUPPORT) in desk.state.stops


async def test_a_stop_works_with_the_journal_down(desk: Desk) -> None:
    desk.journal.down = True
    await desk.plane.stop("workflow", SUPPORT, by="me", reason="")
    assert ("workflow", SUPPORT) in desk.now.stopped
    assert ("workflow", SUPPORT) in desk.state.stops


async def test_a_stop_of_nothing_says_what_there_is(desk: Desk) -> None:
    with pytest.raises(ChangeRefused, match=SUPPORT):
        await desk.plane.stop("workflow", "supprt", by="me", reason="")
    with pytest.raises(ChangeRefused, match="workspace"):
        await desk.plane.stop("planet", "earth", by="me", reason="")


async def test_a_tool_can_be_stopped_that_no_bundle_names(desk: Desk) -> None:
    await desk.plane.stop("tool", "mcp__crm__delete", by="me", reason="")
    assert ("tool", "mcp__crm__delete") in desk.now.stopped
    for name in ("", "two words", "a#b", "x" * 129):
        with pytest.raises(ChangeRefused, match="one word"):
            await desk.plane.stop("tool", name, by="me", reason="")


async def test_the_kill_file_stops_and_only_the_file_revives(desk: Desk) -> None:
    desk.state.down = True
    await desk.plane.switches.set_file(frozenset({("workflow", SUPPORT)}), 0)
    assert ("workflow", SUPPORT) in desk.now.stopped
    with pytest.raises(ChangeRefused, match="kill file"):
        await desk.plane.revive("workflow", SUPPORT, by="me")
    await desk.plane.switches.set_file(frozenset(), 0)
    assert not desk.now.stopped
    assert desk.notes == [NoteKind.STOPPED, NoteKind.REVIVED]


async def test_keys_made_and_revoked_by_another_gateway_are_heard_of(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = Desk(tmp_path / "a"), Desk(tmp_path / "b")
    other.plane.keys._state = one.state  # type: ignore[assignment]
    await one.plane.load()
    await other.plane.load()
    wish = KeyWish(workflows=(SUPPORT,), principal=None, expires_at_unix=None)
    made = await one.plane.create_key(wish, by="me")
    assert await other.plane.keys.catch_up()
    prefix = made.row.grant.prefix
    assert not other.now.keys[prefix].revoked
    assert not await other.plane.keys.catch_up()
    await one.plane.revoke_key(prefix, by="me")
    assert await other.plane.keys.catch_up()
    assert other.now.keys[prefix].revoked


async def test_a_revocation_here_outlives_older_news(desk: Desk) -> None:
    wish = KeyWish(workflows=(SUPPORT,), principal=None, expires_at_unix=None)
    made = await desk.plane.create_key(wish, by="me")
    old = list(desk.state.keys.values())
    await desk.plane.revoke_key(made.row.grant.prefix, by="me")
    desk.state.list_keys = lambda: old  # type: ignore[method-assign]
    desk.plane.keys._version = ()
    await desk.plane.keys.catch_up()
    assert desk.now.keys[made.row.grant.prefix].revoked
