import json
from typing import Any

import pytest

from alos.domain.record import Personal
from alos.ledger.note import VerifyKey
from alos.ledger.verify import verify_evidence
from tests.ledger.evidence_samples import (
    CALL,
    FALSIFIED,
    FIRST,
    STRANGER,
    VECTORS,
    WRITER,
    make_cases,
    make_dev,
    make_document,
    make_erased,
    make_lost,
    make_rotated,
)

PUBLISHED = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
CASES = make_cases()


def test_the_published_cases_are_frozen_and_of_every_kind_that_is_made() -> None:
    assert [case["name"] for case in PUBLISHED] == [case["name"] for case in CASES]


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["name"] for case in PUBLISHED])
def test_each_published_file_holds_or_not_as_it_says(case: dict[str, Any]) -> None:
    report = verify_evidence(case["file"], [VerifyKey.parse(key) for key in case["keys"]])
    assert report.is_good is case["holds"], report.problems


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_file_made_now_holds_or_not_as_it_should(case: dict[str, Any]) -> None:
    document = json.loads(json.dumps(case["file"]))
    report = verify_evidence(document, [VerifyKey.parse(key) for key in case["keys"]])
    assert report.is_good is case["holds"], report.problems


def test_there_are_many_ways_to_falsify_a_file() -> None:
    assert len([case for case in CASES if not case["holds"]]) == len(FALSIFIED) + 5


def test_a_whole_file_shows_the_entries_of_the_call() -> None:
    report = verify_evidence(make_document(), [FIRST.verify_key])
    assert [(one.role, one.leaf, one.sequence) for one in report.entries] == [
        ("opening", 1, 1),
        ("closing", 3, 3),
        ("later", 5, 5),
    ]
    closing = report.entries[1]
    assert (closing.values["call_id"], closing.writer) == (CALL, WRITER)
    assert closing.personal[0] == Personal("principal", b"p" * 16, "person-dora")
    assert (report.rests_on_given, report.signed_by) == (True, (str(FIRST.verify_key),))


def test_a_file_that_rests_on_its_own_keys_says_so() -> None:
    report = verify_evidence(make_document())
    assert (report.is_good, report.rests_on_given) == (True, False)
    assert report.rests_on == (str(FIRST.verify_key),)


def test_a_file_after_a_rotation_rests_on_the_first_key() -> None:
    report = verify_evidence(make_rotated())
    assert report.is_good
    assert report.rests_on == (str(FIRST.verify_key),)
    assert report.signed_by != report.rests_on


def test_an_erased_value_is_counted_and_the_others_still_prove() -> None:
    report = verify_evidence(make_erased(), [FIRST.verify_key])
    assert report.is_good
    assert report.entries[1].erased == 1
    assert [one.name for one in report.entries[1].personal] == ["principal", "source"]


def test_a_key_that_nobody_vouched_for_stands_only_for_itself() -> None:
    assert verify_evidence(make_lost()).rests_on == (str(STRANGER.verify_key),)
    assert not verify_evidence(make_lost(), [FIRST.verify_key]).is_good


def test_evidence_of_a_dev_folder_says_so() -> None:
    assert verify_evidence(make_dev()).is_dev
    assert not verify_evidence(make_document()).is_dev


@pytest.mark.parametrize("document", [None, [], "text", 7, {}, {"format": "alos-evidence-v1"}])
def test_what_is_no_evidence_file_does_not_hold(document: Any) -> None:
    assert not verify_evidence(document).is_good
