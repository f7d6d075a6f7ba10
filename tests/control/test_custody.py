"""Retention, legal holds and erasure, over the real journal, index, ledger and vault."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alos.control.bodies import Bodies, Match, Progress
from alos.control.calls_why import explain_call
from alos.control.change_notes import ChangeNotes
from alos.control.erasure import Erasures
from alos.control.evidence import prove_call
from alos.control.legal_holds import HoldWish, LegalHolds
from alos.control.purge import Purge
from alos.control.refused import ChangeRefused
from alos.control.stored_bodies import get_references
from alos.domain.fault import StoreDown
from alos.domain.ids import BodyReference, CallId, PersonId, WorkflowId, WorkspaceId
from alos.domain.legal_hold import HoldKind, LegalHold
from alos.domain.organisation import Retention
from alos.domain.record import Fact, NoteEntry, NoteKind, Personal
from alos.domain.retention import Terms
from alos.domain.vault import ErasedBodies, Gone, Shelf, get_label
from alos.ledger.keys import KeyChange
from alos.ledger.verify import verify_evidence
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.erase import erase_person
from alos.store.erasures_due import StoredErasuresDue
from alos.store.journal import FileJournal
from alos.store.journal_reader import JournalReader
from alos.store.ledger_keys import KeyFile
from alos.store.ledger_reader import StoredLedger
from alos.store.legal_holds import StoredLegalHolds
from alos.store.shipper import Shipper
from alos.store.vault.files import FileVault
from alos.store.vault.master import FileMasterKey
from tests.store.ledger_home import KEY, ORIGIN, SETTINGS, check, make_sealer
from tests.store.samples import NOW, ManualClock, make_closing, make_opening

DAY_NS = 86_400 * 1_000_000_000
TODAY = datetime.fromtimestamp(NOW / 1e9, tz=UTC).date()


class House:
    """An installation without its gateway."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = ManualClock()
        self.retention = Retention(
            reference="policy 7", body_days=30, record_days=365, body_days_by_class={}
        )
        self.own_terms: dict[WorkflowId, int] = {}
        self.held: frozenset[tuple[str, str]] = frozenset()
        self.index_is_down = False
        self.store: Store | None = None  # another one than the folder's own

    async def open(self) -> None:
        home = self.home
        home.mkdir()
        KeyFile(home / "ledger.key", ORIGIN).open()
        self.journal = await FileJournal.start(
            home / "journal", clock=self.clock, settings=SETTINGS
        )
        facts = tuple(sorted(KeyChange(key=KEY.verify_key).to_facts().items()))
        await self.journal.note(NoteEntry(kind=NoteKind.LEDGER_KEY, at_unix_ns=NOW, facts=facts))
        self.store = self.store or Store(home / "alos.db")
        self.shipper = Shipper(
            self.store, home / "journal", clock=self.clock, durable=lambda: self.journal.durable
        )
        self.vault = await FileVault.start(
            home / "vault-keys", home / "bodies", FileMasterKey(bytes(32))
        )
        self.calls = CallIndex(self.store, home / "journal")
        self.build()

    def build(self) -> None:
        notes = ChangeNotes(self.journal, self.clock)
        self.holds = LegalHolds(
            StoredLegalHolds(self.store),
            vault=self.vault,
            calls=self,
            notes=notes,
            clock=self.clock,
            catch_up=self.shipper.ship_once,
            put_into_force=lambda held: setattr(self, "held", held),
        )
        self.purge = Purge(
            self.vault,
            self.holds,
            notes=notes,
            clock=self.clock,
            terms=lambda: Terms(retention=self.retention, by_workflow=self.own_terms),
        )
        self.erasures = Erasures(
            self.vault,
            self.holds,
            due=StoredErasuresDue(self.store, self.home / "journal"),
            calls=self,
            clock=self.clock,
            notes=notes,
            catch_up=self.shipper.ship_once,
            erase_personal=lambda person, spared: erase_person(
                self.home / "journal", self.store, person, spared=spared
            ),
        )
        self.bodies = Bodies(
            self.vault,
            calls=self,
            notes=notes,
            read_texts=lambda _closing, _kind, body: [body.decode()],
        )

    # The call store, which can be down.

    def get_call(self, call_id: CallId) -> object:
        if self.index_is_down:
            raise StoreDown("gone")
        return self.calls.get_call(call_id)

    def search_calls(self, *args: object, **more: object) -> object:
        if self.index_is_down:
            raise StoreDown("gone")
        return self.calls.search_calls(*args, **more)  # type: ignore[arg-type]

    async def call(
        self,
        name: str,
        *,
        person: str = "dora",
        workflow: str = "triage",
        body: str = "where is my parcel?",
        retention_class: str = "standard",
    ) -> None:
        """One call today, as finish leaves it."""
        shelf = Shelf(WorkspaceId("support"), retention_class, TODAY.isoformat())
        held = not self.held.isdisjoint({("person", person), ("workflow", workflow)})
        kept = {
            fact: self.vault.put(
                f"{kind}: {body}".encode(),
                shelf=shelf,
                label=get_label(CallId(name), kind),
                held=held,
            )
            for fact, kind in ((Fact.REQUEST_BODY, "request"), (Fact.ANSWER_BODY, "answer"))
        }
        await self.vault.sync(kept.values())
        self.journal.open(make_opening(name)._replace(workflow=WorkflowId(workflow)))
        await self.journal.close(
            make_closing(
                name,
                workflow=WorkflowId(workflow),
                personal=(Personal("principal", name.encode().ljust(16), person),),
                facts=tuple(sorted((fact.value, ref) for fact, ref in kept.items())),
            )
        )
        self.shipper.ship_once()

    def get(self, name: str, kind: str = "request") -> bytes | Gone:
        row = self.calls.get_call(CallId(name))
        assert row is not None
        reference: BodyReference = get_references(row.closing)[kind]
        return self.vault.get(reference, label=get_label(CallId(name), kind))

    def jump(self, days: int) -> None:
        self.clock.now = NOW + days * DAY_NS

    async def place(self, kind: HoldKind, target: str) -> LegalHold:
        wish = HoldWish(
            kind=kind, target=target, since_unix_ns=None, until_unix_ns=None, reason="a matter"
        )
        hold, _ = await self.holds.place(wish, by="gus")
        return hold

    def notes(self, kind: NoteKind) -> list[dict[str, str]]:
        reader = JournalReader(self.home / "journal", self.journal.writer)
        entries = [one.entry for one in reader]
        return [
            dict(one.facts) for one in entries if isinstance(one, NoteEntry) and one.kind is kind
        ]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    opened = House(tmp_path / "home")
    await opened.open()
    yield opened
    await opened.vault.stop()
    await opened.journal.stop()
    opened.store.close()


# --- retention -------------------------------------------------------------------------------


async def test_bodies_end_with_their_term_and_not_a_day_before(house: House) -> None:
    await house.call("call_1")
    house.jump(30)
    assert await house.purge.run() == ErasedBodies()
    assert house.get("call_1") == b"request: where is my parcel?"
    house.jump(31)
    assert await house.purge.run() == ErasedBodies(erased=2)
    assert house.get("call_1") is Gone.ERASED
    assert house.get("call_1", "answer") is Gone.ERASED
    assert await house.purge.run() == ErasedBodies()
    (note,) = house.notes(NoteKind.BODIES_PURGED)
    assert note["erased"] == "2"
    assert (note["day"], note["class"], note["kept_days"]) == (TODAY.isoformat(), "standard", "30")


async def test_a_clock_that_jumps_back_ends_nothing(house: House) -> None:
    await house.call("call_1")
    house.jump(-400)
    assert await house.purge.run() == ErasedBodies()
    assert house.get("call_1") == b"request: where is my parcel?"


async def test_without_a_number_nothing_ends(house: House) -> None:
    await house.call("call_1")
    house.retention = replace(house.retention, body_days=None)
    house.jump(36_500)
    assert await house.purge.run() == ErasedBodies()


async def test_a_workflow_s_shorter_term_ends_its_bodies_alone(house: House) -> None:
    house.own_terms = {WorkflowId("triage"): 3}
    await house.call("call_1", retention_class="standard@triage")
    await house.call("call_2", workflow="other")
    house.jump(4)
    assert await house.purge.run() == ErasedBodies(erased=2)
    assert house.get("call_1") is Gone.ERASED
    assert house.get("call_2") == b"request: where is my parcel?"


async def test_hashes_and_proofs_stay_verifiable_after_the_purge(house: House) -> None:
    await house.call("call_1")
    sealer = make_sealer(house.home, house.store, house.clock)
    sealer.seal_once()
    before = prove_call(StoredLedger(house.store, house.home / "journal"), "call_1")
    house.jump(31)
    await house.purge.run()
    house.shipper.ship_once()
    sealer.seal_once()
    assert isinstance(before, dict)
    assert verify_evidence(before, [KEY.verify_key]).is_good
    after = prove_call(StoredLedger(house.store, house.home / "journal"), "call_1")
    assert isinstance(after, dict)
    assert verify_evidence(after, [KEY.verify_key]).is_good


# --- legal hold ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (HoldKind.CALL, "call_1"),
        (HoldKind.PERSON, "dora"),
        (HoldKind.WORKFLOW, "triage"),
        (HoldKind.WORKSPACE, "support"),
    ],
)
async def test_a_legal_hold_stops_the_end_of_retention_until_it_is_released(
    house: House, kind: HoldKind, target: str
) -> None:
    await house.call("call_1")
    hold = await house.place(kind, target)
    house.jump(31)
    assert await house.purge.run() == ErasedBodies(held=2)
    assert house.get("call_1") == b"request: where is my parcel?"
    assert await house.holds.release(hold.id, by="gus") == 2
    assert await house.purge.run() == ErasedBodies(erased=2)
    assert [note["by"] for note in house.notes(NoteKind.LEGAL_HOLD_PLACED)] == ["gus"]
    assert [note["hold"] for note in house.notes(NoteKind.LEGAL_HOLD_RELEASED)] == [hold.id]


async def test_a_hold_spares_what_it_is_about_and_nothing_else(house: House) -> None:
    await house.call("call_1")
    await house.call("call_2", person="erik")
    await house.place(HoldKind.PERSON, "dora")
    house.jump(31)
    assert await house.purge.run() == ErasedBodies(erased=2, held=2)
    assert house.get("call_1") == b"request: where is my parcel?"
    assert house.get("call_2") is Gone.ERASED


async def test_shortening_a_term_never_touches_what_is_on_hold(house: House) -> None:
    await house.call("call_1")
    await house.place(HoldKind.WORKFLOW, "triage")
    house.retention = replace(house.retention, body_days=0)
    house.jump(1)
    assert await house.purge.run() == ErasedBodies(held=2)


async def test_calls_made_after_a_hold_was_placed_come_under_it(house: House) -> None:
    await house.place(HoldKind.WORKFLOW, "triage")
    await house.call("call_1")
    house.jump(31)
    assert await house.purge.run() == ErasedBodies(held=2)


async def test_two_holds_on_one_call_need_two_releases(house: House) -> None:
    await house.call("call_1")
    first = await house.place(HoldKind.CALL, "call_1")
    await house.place(HoldKind.PERSON, "dora")
    await house.holds.release(first.id, by="gus")
    house.jump(31)
    assert await house.purge.run() == ErasedBodies(held=2)


async def test_holds_survive_a_restart(house: House) -> None:
    await house.call("call_1")
    await house.place(HoldKind.WORKSPACE, "support")
    house.build()
    await house.holds.load()
    assert ("workspace", "support") in house.held
    house.jump(31)
    assert await house.purge.run() == ErasedBodies(held=2)


async def test_calls_come_under_a_hold_of_another_gateway_once_it_is_heard_of(
    house: House,
) -> None:
    await house.call("call_1")
    elsewhere = house.holds
    house.build()
    await house.holds.load()
    wish = HoldWish(
        kind=HoldKind.WORKSPACE,
        target="support",
        since_unix_ns=None,
        until_unix_ns=None,
        reason="a matter",
    )
    hold, _ = await elsewhere.place(wish, by="gus")
    house.held = frozenset()
    assert await house.holds.catch_up()
    assert ("workspace", "support") in house.held
    assert not await house.holds.catch_up()
    await elsewhere.release(hold.id, by="gus")
    assert await house.holds.catch_up()
    assert house.held == frozenset()
    house.jump(31)
    assert await house.purge.run() == ErasedBodies(erased=2)


async def test_a_hold_that_another_gateway_placed_is_obeyed(house: House) -> None:
    await house.call("call_1")
    mine = house.purge, house.erasures
    house.build()
    await house.place(HoldKind.WORKFLOW, "triage")
    house.jump(31)
    purge, erasures = mine
    assert await purge.run() == ErasedBodies(held=2)
    done = await erasures.erase_person(PersonId("dora"), request="T-17", by="dan")
    assert (done.held_calls, done.bodies) == (1, ErasedBodies())


async def test_while_it_is_not_known_what_is_on_hold_nothing_ends(house: House) -> None:
    await house.call("call_1")
    await house.call("call_2", workflow="other")
    await house.place(HoldKind.WORKFLOW, "triage")
    house.index_is_down = True
    house.jump(31)
    with pytest.raises(StoreDown):
        await house.purge.run()
    assert house.get("call_2") == b"request: where is my parcel?"


async def test_a_hold_on_nothing_is_refused(house: House) -> None:
    with pytest.raises(ChangeRefused, match="no call"):
        await house.place(HoldKind.CALL, "call_0")
    with pytest.raises(ChangeRefused, match="in force"):
        await house.holds.release("hold_0", by="gus")


# --- erasure ---------------------------------------------------------------------------------


async def test_a_person_is_forgotten_in_records_and_bodies_and_every_proof_stands(
    house: House,
) -> None:
    await house.call("call_1")
    await house.call("call_2", person="erik")
    sealer = make_sealer(house.home, house.store, house.clock)
    sealer.seal_once()
    shutil.copytree(house.home / "checkpoints", house.home / "elsewhere")
    ledger = StoredLedger(house.store, house.home / "journal")
    before = prove_call(ledger, "call_1")
    done = await house.erasures.erase_person(PersonId("dora"), request="T-17", by="dan")
    assert (done.calls, done.held_calls, done.bodies) == (1, 0, ErasedBodies(erased=2))
    assert done.records is not None
    assert done.records.entries == 1
    assert house.get("call_1") is Gone.ERASED
    assert house.get("call_2") == b"request: where is my parcel?"
    house.shipper.ship_once()
    sealer.seal_once()
    after = prove_call(ledger, "call_1")
    for evidence in (before, after):
        assert isinstance(evidence, dict)
        assert verify_evidence(evidence, [KEY.verify_key]).is_good
    assert "dora" in json.dumps(before)
    assert "dora" not in json.dumps(after)
    assert check(house.home).is_good
    (note,) = house.notes(NoteKind.ERASED)
    assert "dora" not in json.dumps(note)
    assert (note["request"], note["bodies"], note["by"]) == ("T-17", "2", "dan")


async def test_a_gateway_with_a_store_of_its_own_asks_nobody_else(house: House) -> None:
    await house.call("call_1")
    done = await house.erasures.erase_person(PersonId("dora"), request="T-17", by="dan")
    assert done.pending == ()
    assert await house.erasures.list_pending() == []
    await house.erasures.do_mine()
    assert len(house.notes(NoteKind.ERASED)) == 1


async def test_nothing_of_the_person_is_left_in_any_file(house: House) -> None:
    await house.call("call_1", person="dora-of-the-seven-seas")
    assert b"seven-seas" in _read_everything(house.home)
    await house.erasures.erase_person(PersonId("dora-of-the-seven-seas"), request="T-17", by="dan")
    assert b"seven-seas" not in _read_everything(house.home)


async def test_a_person_on_legal_hold_is_not_erased(house: House) -> None:
    await house.call("call_1")
    hold = await house.place(HoldKind.PERSON, "dora")
    with pytest.raises(ChangeRefused, match=hold.id):
        await house.erasures.erase_person(PersonId("dora"), request="T-17", by="dan")
    assert house.get("call_1") == b"request: where is my parcel?"


async def test_calls_on_hold_are_spared_and_counted(house: House) -> None:
    await house.call("call_1")
    await house.call("call_2", workflow="other")
    await house.place(HoldKind.WORKFLOW, "triage")
    done = await house.erasures.erase_person(PersonId("dora"), request="T-17", by="dan")
    assert (done.calls, done.held_calls, done.bodies) == (2, 1, ErasedBodies(erased=2))
    kept = house.calls.get_call(CallId("call_1"))
    assert kept is not None
    assert kept.closing is not None
    assert [one.value for one in kept.closing.personal] == ["dora"]
    assert house.get("call_2") is Gone.ERASED


async def test_one_call_s_bodies_are_erased_and_its_record_stays(house: House) -> None:
    await house.call("call_1")
    await house.erasures.erase_call(CallId("call_1"), request="T-18", by="dan")
    assert house.get("call_1") is Gone.ERASED
    row = house.calls.get_call(CallId("call_1"))
    assert row is not None
    assert row.closing is not None
    assert row.closing.personal
    with pytest.raises(ChangeRefused, match="no bodies"):
        await house.erasures.erase_call(CallId("call_9"), request="T-18", by="dan")


# --- reading ---------------------------------------------------------------------------------


async def test_every_read_of_a_body_is_recorded_before_it_is_given_out(house: House) -> None:
    await house.call("call_1")
    assert await house.bodies.read(CallId("call_1"), "answer", by="dan") == (
        b"answer: where is my parcel?"
    )
    assert house.notes(NoteKind.BODY_READ) == [{"body": "answer", "by": "dan", "call": "call_1"}]


async def test_a_search_finds_texts_within_its_bounds_and_is_recorded_without_them(
    house: House,
) -> None:
    await house.call("call_1", body="the Kraken project")
    await house.call("call_2", body="nothing")
    await house.call("call_3", body="kraken again", workflow="other")
    span = {"since_unix_ns": NOW - DAY_NS, "until_unix_ns": NOW + DAY_NS}
    found = [
        one async for one in house.bodies.search("KRAKEN", workflow="triage", by="dan", **span)
    ]
    matches = [one for one in found if isinstance(one, Match)]
    assert [(one.call_id, one.kind) for one in matches] == [
        ("call_1", "request"),
        ("call_1", "answer"),
    ]
    assert "Kraken project" in matches[0].excerpt
    assert found[-1] == Progress(calls=2, bodies=4, gone=0, reached_unix_ns=NOW - DAY_NS)
    (note,) = house.notes(NoteKind.BODIES_SEARCHED)
    assert "kraken" not in json.dumps(note).lower()


@pytest.mark.parametrize(("text", "days"), [("kraken", 8), ("kraken", 0), ("  ", 1)])
async def test_a_search_without_bounds_is_refused(house: House, text: str, days: int) -> None:
    search = house.bodies.search(
        text, workflow="triage", since_unix_ns=NOW - days * DAY_NS, until_unix_ns=NOW, by="dan"
    )
    with pytest.raises(ChangeRefused):
        await anext(search)


def _read_everything(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


async def test_why_proves_what_it_says_and_names_what_is_kept(house: House) -> None:
    await house.call("call_1")
    ledger = StoredLedger(house.store, house.home / "journal")
    early = explain_call(house.calls, CallId("call_1"), ledger=ledger)
    assert early is not None
    assert "not sealed yet" in early.answers[-1].answer
    make_sealer(house.home, house.store, house.clock).seal_once()
    reasons = explain_call(house.calls, CallId("call_1"), ledger=ledger)
    assert reasons is not None
    assert reasons.answers[-1].answer.endswith("Proven.")
    assert verify_evidence(reasons.proof, [KEY.verify_key]).is_good
    data = next(one for one in reasons.answers if one.key == "data")
    assert [value.partition(":")[0] for label, value in data.facts if label == "kept"] == [
        "request",
        "answer",
    ]
