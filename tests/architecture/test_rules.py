"""Invariants that can be read off the code, each tried first on code that breaks it."""

import pytest

from tests.architecture import rules
from tests.architecture.source import Source, sources


def test_only_the_check_stage_makes_a_checked_call() -> None:
    assert rules.makers_of("CheckedCall", sources(), home="pipeline/check") == []


@pytest.mark.parametrize("code", ["CheckedCall(body)", "call.CheckedCall(body=b'')"])
def test_a_checked_call_made_elsewhere_is_found(code: str) -> None:
    forger = Source.of("gateway/openai.py", code)
    checker = Source.of("pipeline/check.py", code)
    found = rules.makers_of("CheckedCall", [forger, checker], home="pipeline/check")
    assert found == ["gateway/openai.py:1"]


def test_blind_excepts_stand_in_the_marked_places_only() -> None:
    assert rules.blind_excepts(sources()) == []


@pytest.mark.parametrize(
    "clause", ["except:", "except Exception:", "except (OSError, BaseException) as e:"]
)
def test_a_blind_except_elsewhere_is_found(clause: str) -> None:
    code = f"try:\n    pass\n{clause}\n    pass"
    assert rules.blind_excepts([Source.of("checks/pii.py", code)]) == ["checks/pii.py:3"]
    assert rules.blind_excepts([Source.of("pipeline/run.py", code)]) == []


def test_cleaning_up_and_raising_again_is_not_blind() -> None:
    code = "try:\n    pass\nexcept BaseException:\n    clean()\n    raise"
    assert rules.blind_excepts([Source.of("checks/pii.py", code)]) == []


def test_a_door_may_catch_everything_only_where_it_says_last_resort() -> None:
    code = "try:\n    pass\nexcept Exception:{mark}\n    pass"
    marked = Source.of("gateway/errors.py", code.format(mark="  # last resort"))
    unmarked = Source.of("gateway/errors.py", code.format(mark=""))
    adapter = Source.of("providers/openai.py", marked.text)
    assert rules.blind_excepts([marked, unmarked, adapter]) == [
        "gateway/errors.py:3",
        "providers/openai.py:3",
    ]


def test_only_the_settings_read_the_environment() -> None:
    assert rules.readers_of_the_environment(sources()) == []


@pytest.mark.parametrize(
    "code",
    ["os.environ['A']", "os.getenv('A')", "from os import environ", "import os; os.environ"],
)
def test_a_reader_of_the_environment_is_found(code: str) -> None:
    reader = Source.of("store/sql.py", code)
    settings = Source.of("server/settings.py", code)
    assert rules.readers_of_the_environment([reader, settings]) == ["store/sql.py:1"]


def test_the_domain_needs_the_standard_library_only() -> None:
    assert rules.beyond_the_standard_library(sources("domain")) == []


def test_a_package_imported_by_the_domain_is_found() -> None:
    source = Source.of("domain/money.py", "import decimal\ndef f():\n    from pydantic import X")
    assert rules.beyond_the_standard_library([source]) == ["domain/money.py: pydantic"]
