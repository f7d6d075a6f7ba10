import json
from pathlib import Path

from alos.control.evidence import prove_call
from alos.ledger.verify import verify_evidence
from alos.store.engine import Store
from alos.store.erase import erase_person
from alos.store.ledger_reader import StoredLedger
from tests.store.ledger_home import CALLS, KEY, build, check


def test_after_erasure_every_proof_still_verifies_and_the_values_are_gone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    build(home)
    store = Store(home / "alos.db")
    ledger = StoredLedger(store, home / "journal")
    before = prove_call(ledger, "call_04")
    assert erase_person(home / "journal", store, "person-dora").entries == CALLS
    after = prove_call(ledger, "call_04")
    store.close()
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    report = verify_evidence(after, [KEY.verify_key])
    assert report.is_good
    assert report.entries[1].erased >= 1
    assert "person-dora" in json.dumps(before)
    assert "person-dora" not in json.dumps(after)
    assert [one["chained"] for one in after["entries"]] == [
        one["chained"] for one in before["entries"]
    ]
    assert check(home).is_good
