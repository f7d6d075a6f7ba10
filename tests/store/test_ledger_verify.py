import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from sqlalchemy import delete, update

from alos.domain.record import ClosingEntry, Entry, Outcome, Personal, Stage
from alos.domain.refusal import ReasonCode
from alos.ledger.note import SigningKey
from alos.ledger.report import Problem, Trouble
from alos.ledger.tree import hash_entry
from alos.store.engine import Store
from alos.store.folder import list_segments
from alos.store.frame import FRAME_HEADER_BYTES
from alos.store.ledger_tables import ledger_checkpoints, ledger_head, ledger_leaves, ledger_nodes
from alos.store.ledger_verify import LedgerCheck
from tests.store.ledger_home import (
    CALLS,
    FIRST_CLOSING,
    KEY,
    build,
    check,
    forge,
    get_offset,
    get_writer,
    read_raw,
    rewrite_everything,
)
from tests.store.samples import make_closing

AT = FIRST_CLOSING + 2 * 4
"""The closing of call_04."""
Change = Callable[[list[Entry]], Sequence[Entry]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ledger") / "home"
    build(home)
    return home


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "home")
    return tmp_path / "home"


def get_kinds(problems: Sequence[Problem]) -> set[Trouble]:
    return {problem.kind for problem in problems}


def get_first(home: Path, kind: Trouble) -> Problem:
    return next(problem for problem in check(home).problems if problem.kind is kind)


def test_a_whole_ledger_verifies(home: Path) -> None:
    report = check(home)
    assert report.problems == []
    assert (report.leaves, report.records, report.unsealed) == (2 * CALLS + 3, 2 * CALLS + 3, 0)
    assert (report.checkpoints, report.checkpoints_outside) == (5, 10)
    assert report.keys == [str(KEY.verify_key)]
    assert report.is_good


# --- each field in turn -------------------------------------------------------------------


_OTHERS = {
    "facts": (("purpose", "eval"),),
    "first_byte_ms": 5,
    "prompt_evidence": None,
}


def change_value(name: str, value: Any) -> Any:
    """Another value that the field may have."""
    if name == "personal":
        return (Personal("principal", b"x" * 16, "somebody else"), *value[1:])
    hint = get_type_hints(ClosingEntry)[name]
    if name in _OTHERS:
        return _OTHERS[name]
    if name in {"attempts", "findings", "tools"}:
        return ()
    if name == "usage":
        return replace(value, output_tokens=value.output_tokens + 1)
    if name in {"approved_by", "unscanned"}:
        return (*value, "p-eve")
    enums = [one for one in (hint, *get_args(hint)) if one in {Outcome, Stage, ReasonCode}]
    if enums:
        return next(one for one in enums[0] if one != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value}x"


def change_field(name: str) -> Change:
    def change(entries: list[Entry]) -> Sequence[Entry]:
        old = entries[AT]
        assert isinstance(old, ClosingEntry)
        new = old._replace(**{name: change_value(name, getattr(old, name))})
        assert new != old
        return [*entries[:AT], new, *entries[AT + 1 :]]

    return change


@pytest.mark.parametrize("name", ClosingEntry._fields)
def test_a_changed_field_names_its_record(home: Path, name: str) -> None:
    forge(home, change_field(name))
    report = check(home)
    assert get_kinds(report.problems) == {Trouble.RECORD_DIFFERS}
    (problem,) = report.problems
    assert (problem.sequence, problem.leaf, problem.call_id) == (AT, AT, "call_04")
    assert problem.writer == get_writer(home)
    assert "call_04" in problem.text


# --- each kind of change to the journals, with every hash made right again ----------------

CHANGES: dict[str, Change] = {
    "flip": change_field("cost_nanousd"),
    "delete": lambda entries: entries[:AT] + entries[AT + 1 :],
    "reorder": lambda entries: [
        *entries[:AT],
        entries[AT + 1],
        entries[AT],
        *entries[AT + 2 :],
    ],
    "insert": lambda entries: [*entries[:AT], make_closing("call_new"), *entries[AT:]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_forged_journal_names_the_record_where_it_leaves_the_tree(
    home: Path, change: Change
) -> None:
    forge(home, change)
    first = get_first(home, Trouble.RECORD_DIFFERS)
    assert (first.sequence, first.leaf, first.call_id) == (AT, AT, "call_04")


@pytest.mark.parametrize("kept", [1, AT])
def test_a_truncated_journal_names_each_record_that_is_gone(home: Path, kept: int) -> None:
    forge(home, lambda entries: entries[:kept])
    report = check(home)
    assert get_kinds(report.problems) <= {
        Trouble.RECORD_MISSING,
        Trouble.CHECKPOINT_UNSIGNED,
        Trouble.CHECKPOINT_DIFFERS,
    }
    assert report.counts[Trouble.RECORD_MISSING] == 2 * CALLS + 3 - kept
    assert get_first(home, Trouble.RECORD_MISSING).sequence == kept


def test_a_journal_that_is_gone_names_its_records(home: Path) -> None:
    (path,) = list_segments(home / "journal", get_writer(home))
    path.unlink()
    assert check(home).counts[Trouble.RECORD_MISSING] == 2 * CALLS + 3


REWRITES = {**CHANGES, "truncate": lambda entries: entries[:AT]}


@pytest.mark.parametrize("change", REWRITES.values(), ids=list(REWRITES))
def test_a_ledger_that_was_rewritten_whole_is_placed_between_two_checkpoints_outside(
    home: Path, change: Change
) -> None:
    forge(home, change)
    rewrite_everything(home)
    report = check(home)
    assert get_kinds(report.problems) <= {Trouble.CHECKPOINT_DIFFERS, Trouble.REWRITTEN}
    assert report.agreed is not None
    assert report.disagreed is not None
    assert report.agreed.size <= AT < report.disagreed.size
    assert (report.agreed.size, report.disagreed.size) == (8, 14)
    text = get_first(home, Trouble.REWRITTEN).text
    assert "between leaf 8 (2026-" in text
    assert str(home / "elsewhere") in text


def test_records_added_after_the_last_checkpoint_outside_break_nothing(home: Path) -> None:
    forge(home, lambda entries: [*entries, make_closing("call_new")])
    rewrite_everything(home)
    assert check(home).is_good


# --- raw damage, sealed and in the tail ---------------------------------------------------


@pytest.mark.parametrize("at", [0, 4, 8, 12, 16, 30, 48, FRAME_HEADER_BYTES + 40, -20])
def test_a_flipped_byte_anywhere_in_a_frame_is_named(home: Path, at: int) -> None:
    (path,) = list_segments(home / "journal", get_writer(home))
    data = bytearray(path.read_bytes())
    begin, end = get_offset(home, AT), get_offset(home, AT + 1)
    data[begin + at if at >= 0 else end + at] ^= 1
    path.write_bytes(data)
    report = check(home)
    damaged = get_first(home, Trouble.JOURNAL_DAMAGED)
    assert f"at byte {begin}" in damaged.text
    assert not report.is_good


def test_every_byte_of_a_frame_counts(home: Path) -> None:
    (path,) = list_segments(home / "journal", get_writer(home))
    whole = path.read_bytes()
    begin, end = get_offset(home, AT), get_offset(home, AT + 1)
    for at in range(begin, end, 7):
        data = bytearray(whole)
        data[at] ^= 0x20
        path.write_bytes(data)
        assert not check(home).is_good, at - begin


def test_accidental_damage_in_the_unsealed_tail_is_named(home: Path) -> None:
    forge(home, lambda entries: [*entries, make_closing("call_x"), make_closing("call_y")])
    assert check(home).unsealed == 2
    (path,) = list_segments(home / "journal", get_writer(home))
    data = bytearray(path.read_bytes())
    data[get_offset(home, 2 * CALLS + 3) + FRAME_HEADER_BYTES + 9] ^= 1
    path.write_bytes(data)
    report = check(home)
    assert get_kinds(report.problems) == {Trouble.JOURNAL_DAMAGED}


def test_a_half_written_end_is_reported_and_no_problem(home: Path) -> None:
    forge(home, lambda entries: [*entries, make_closing("call_x"), make_closing("call_y")])
    (path,) = list_segments(home / "journal", get_writer(home))
    path.write_bytes(path.read_bytes()[:-5])
    report = check(home)
    assert (report.is_good, report.unsealed, len(report.torn)) == (True, 1, 1)


# --- the store ----------------------------------------------------------------------------


def change_store(home: Path, *statements: Any) -> None:
    store = Store(home / "alos.db")
    with store.write() as connection:
        for statement in statements:
            connection.execute(statement)
    store.close()


def test_a_changed_leaf_in_the_store_is_told_from_a_changed_record(home: Path) -> None:
    where = ledger_leaves.c.position == AT
    change_store(home, update(ledger_leaves).where(where).values(hash=b"x" * 32))
    report = check(home)
    assert get_first(home, Trouble.RECORD_DIFFERS).sequence == AT
    text = get_first(home, Trouble.CHECKPOINT_DIFFERS).text
    assert "the head of the journals' records, not of the stored leaves" in text
    assert Trouble.HEAD_DIFFERS in report.counts


@pytest.mark.parametrize("at", [0, AT, 2 * CALLS + 1])
def test_a_leaf_taken_out_of_the_store_is_named(home: Path, at: int) -> None:
    change_store(home, delete(ledger_leaves).where(ledger_leaves.c.position == at))
    assert get_first(home, Trouble.LEAF_MISSING).leaf == at


def test_the_last_leaf_taken_out_of_the_store_shows_in_the_head(home: Path) -> None:
    change_store(home, delete(ledger_leaves).where(ledger_leaves.c.position == 2 * CALLS + 2))
    assert Trouble.HEAD_DIFFERS in check(home).counts


@pytest.mark.parametrize("number", [255, 256, 400, 511, 512])
def test_a_record_in_a_longer_ledger_is_named_wherever_it_stands(home: Path, number: int) -> None:
    forge(home, lambda entries: [*entries, *(make_closing(f"c{n}") for n in range(700))])
    rewrite_everything(home)
    assert check(home).is_good
    forge(
        home,
        lambda entries: [*entries[:number], make_closing("another"), *entries[number + 1 :]],
    )
    report = check(home)
    assert [(one.kind, one.leaf) for one in report.problems] == [(Trouble.RECORD_DIFFERS, number)]


def test_leaves_that_change_places_are_named(home: Path) -> None:
    where = ledger_leaves.c.position
    change_store(
        home,
        update(ledger_leaves).where(where == AT).values(position=-1, sequence=-1),
        update(ledger_leaves).where(where == AT + 1).values(position=AT, sequence=-2),
        update(ledger_leaves).where(where == -1).values(position=AT + 1, sequence=AT),
        update(ledger_leaves).where(where == AT).values(sequence=AT + 1),
    )
    report = check(home)
    assert Trouble.RECORD_DIFFERS not in report.counts
    assert report.agreed is not None
    assert report.disagreed is not None
    assert (report.agreed.size, report.disagreed.size) == (8, 14)


def test_a_leaf_and_record_that_were_changed_together_disagree_with_the_checkpoints(
    home: Path,
) -> None:
    forge(home, change_field("outcome"))
    leaf = hash_entry(read_raw(home)[AT][0])
    where = ledger_leaves.c.position == AT
    change_store(home, update(ledger_leaves).where(where).values(hash=leaf))
    report = check(home)
    assert Trouble.RECORD_DIFFERS not in report.counts
    assert report.agreed is not None
    assert report.disagreed is not None
    assert (report.agreed.size, report.disagreed.size) == (8, 14)


def test_a_store_that_was_rolled_back_is_behind_the_checkpoints_outside(home: Path) -> None:
    change_store(
        home,
        delete(ledger_leaves).where(ledger_leaves.c.position >= 8),
        delete(ledger_checkpoints).where(ledger_checkpoints.c.size > 8),
    )
    report = check(home)
    assert Trouble.HEAD_DIFFERS in report.counts
    assert report.disagreed is not None
    assert report.disagreed.size == 14


def test_a_changed_head_or_node_is_named(home: Path) -> None:
    change_store(home, update(ledger_head).values(root=b"x" * 32))
    assert get_kinds(check(home).problems) == {Trouble.HEAD_DIFFERS}


def test_a_stored_node_that_does_not_follow_is_named(home: Path) -> None:
    forge(home, lambda entries: [*entries, *(make_closing(f"c{n}") for n in range(300))])
    rewrite_everything(home)
    assert check(home).is_good
    change_store(home, update(ledger_nodes).values(hash=b"x" * 32))
    assert get_kinds(check(home).problems) == {Trouble.NODE_DIFFERS}


# --- keys ---------------------------------------------------------------------------------


def test_a_checkpoint_by_another_key_does_not_count(home: Path) -> None:
    stranger = SigningKey("alos/test", b"s" * 32)
    store = Store(home / "alos.db")
    report = LedgerCheck(
        store,
        home / "journal",
        [home / "elsewhere"],
        origin="alos/test",
        trusted=[stranger.verify_key],
    ).run()
    store.close()
    assert report.counts[Trouble.CHECKPOINT_UNSIGNED] == 10


def test_a_missing_entry_that_nobody_declared_is_named(home: Path) -> None:
    path = home / "journal" / "w-20261122T000000000000-00000000-00000.alj"
    (own,) = list_segments(home / "journal", get_writer(home))
    data = own.read_bytes()
    cut_from, cut_to = get_offset(home, AT), get_offset(home, AT + 1)
    own.write_bytes(data[:cut_from] + data[cut_to:])
    rewrite_everything(home)
    assert not path.exists()
    report = check(home)
    assert [(gap.first, gap.last, gap.why) for gap in report.gaps] == [(AT, AT, "missing")]
    assert Trouble.GAP_UNDECLARED not in report.counts
    store = Store(home / "alos.db")
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_gaps")
    store.close()
    assert get_first(home, Trouble.GAP_UNDECLARED).sequence == AT
