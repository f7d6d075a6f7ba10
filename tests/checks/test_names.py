"""Guessed names and places: only when asked for, labelled, and without a say."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from alos.checks.catalogue import build_scanner
from alos.checks.names import CONFIDENCE, NamesToo, load_names
from alos.checks.packs import standard_packs
from alos.cli.scan import scan_command
from alos.domain.finding import Finding

NAMES = load_names()
TEXT = "Please forward it to Sarah Klein in Berlin, sarah.klein@acme.io knows."


def _found(text: str) -> list[tuple[str, str]]:
    return [(one.type, text[one.start : one.end]) for one in NAMES.find(text)]


def test_a_name_of_the_lists_and_a_place_are_guessed() -> None:
    assert _found(TEXT) == [("PERSON", "Sarah Klein"), ("LOCATION", "Berlin")]
    assert _found("Dr. Okafor is in New Zealand.") == [
        ("PERSON", "Okafor"),
        ("LOCATION", "New Zealand"),
    ]


def test_ordinary_capitals_are_none() -> None:
    for text in (
        "The Quarterly Report lists Gross Margin for May.",
        "Will you mark the Mission Statement as final?",
        "see src/Berlin/Sarah.py and Sarah.Klein()",
    ):
        assert _found(text) == []


def test_a_guess_is_labelled_and_weaker_than_any_rule() -> None:
    both = NamesToo(build_scanner(standard_packs()), NAMES)
    found = both.scan(TEXT)
    assert [one.type for one in found] == ["PERSON", "LOCATION", "EMAIL_ADDRESS"]
    guesses = [one for one in found if one.rule.startswith("guess/")]
    assert {one.confidence for one in guesses} == {CONFIDENCE}
    assert min(one.confidence for one in found if one not in guesses) > CONFIDENCE


def test_no_pack_that_reads_calls_holds_the_lists() -> None:
    assert not any(rule.startswith("guess/") for rule in build_scanner(standard_packs()).rules)


def test_a_guess_overlaps_nothing_that_a_rule_found() -> None:
    class _Found:
        def scan(self, text: str) -> tuple[Finding, ...]:
            del text
            return (build_scanner(standard_packs()).scan(TEXT)[0].at(21, 32),)

    assert [one.start for one in NamesToo(_Found(), NAMES).scan(TEXT)] == [21, 36]


def test_the_command_guesses_only_when_asked_and_says_that_it_guesses(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Sarah Klein moved to Berlin last year.", "utf-8")
    app = typer.Typer()
    app.command()(scan_command)
    quiet = CliRunner().invoke(app, [str(tmp_path)])
    assert (quiet.exit_code, quiet.stdout) == (0, "")
    asked = CliRunner().invoke(app, [str(tmp_path), "--names"])
    assert asked.exit_code == 0, "a guess changes no exit status"
    found = json.loads(asked.stdout)["findings"]
    assert [(one["type"], one["rule"]) for one in found] == [
        ("PERSON", "guess/person"),
        ("LOCATION", "guess/location"),
    ]
    assert "guesses from lists" in asked.stderr
    assert "Sarah" not in asked.stdout + asked.stderr
