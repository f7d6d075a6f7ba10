import shutil
from pathlib import Path

from alos.control.calls import show_call
from alos.domain.ids import CallId
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from tests.store.ledger_home import CALLS, build, check, forge_calls, rewrite_everything
from tests.store.samples import to_version_1


def test_a_journal_from_before_closings_had_facts_is_indexed_sealed_and_verified(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    build(home)
    forge_calls(home, to_version_1)
    rewrite_everything(home)
    shutil.copytree(home / "checkpoints", home / "elsewhere", dirs_exist_ok=True)
    report = check(home)
    assert report.problems == []
    assert report.records == report.leaves == 2 * CALLS + 3
    store = Store(home / "alos.db")
    shown = show_call(CallIndex(store), CallId("call_04"))
    store.close()
    assert shown is not None
    assert shown["outcome"] == "answered"
    assert shown["record"]["facts"] == ()
