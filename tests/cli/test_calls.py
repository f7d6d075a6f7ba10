import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from alos.cli.calls import app
from alos.cli.moments import to_unix_ns
from alos.cli.why import why
from alos.domain.record import Outcome
from alos.domain.refusal import ReasonCode
from alos.server.folder import open_folder
from alos.store.engine import Store
from alos.store.journal import FileJournal
from alos.store.shipper import Shipper
from tests.store.samples import NOW, ManualClock, make_closing

root = typer.Typer()
root.add_typer(app, name="call")
root.command("why")(why)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with three calls."""
    folder = open_folder(tmp_path / "home", dev=True)
    asyncio.run(_fill(folder.journal))
    store = Store(folder.database)
    Shipper(store, folder.journal, clock=ManualClock(), durable=dict).ship_once()
    store.close()
    monkeypatch.setenv("ALOS_HOME", str(folder.path))
    monkeypatch.setenv("COLUMNS", "200")
    return folder.path


async def _fill(folder: Path) -> None:
    journal = await FileJournal.start(folder, clock=ManualClock())
    first = make_closing("call_1")
    await journal.close(first)
    await journal.close(
        make_closing(
            "call_2",
            outcome=Outcome.REFUSED,
            reason=ReasonCode.NOT_RELEASED,
            opened_at_unix_ns=NOW + 1,
            approved_by=(),
            cost_nanousd=0,
        )
    )
    await journal.close(first._replace(call_id=make_closing("call_3").call_id, workflow=None))
    await journal.stop()


def run(*words: str) -> Result:
    return CliRunner().invoke(root, words)


def ids(lines: Sequence[dict[str, str]]) -> list[str]:
    return [line["call_id"] for line in lines]


@pytest.mark.usefixtures("home")
def test_show_prints_the_record_for_a_person() -> None:
    done = run("call", "show", "call_1")
    assert done.exit_code == 0
    for word in ("call_1", "person-dora", "p-ben", "acme-small-2026", "0.000093", "triage@3"):
        assert word in done.stdout


@pytest.mark.usefixtures("home")
def test_show_prints_json_for_a_machine() -> None:
    details = json.loads(run("call", "show", "call_1", "--json").stdout)
    assert details["record"]["cost_nanousd"] == 93_000
    assert details["record"]["findings"][0]["type"] == "EMAIL_ADDRESS"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("words", [("call", "show", "call_none"), ("why", "call_none")])
def test_an_unknown_call_is_a_no(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 1


@pytest.mark.usefixtures("home")
def test_search_filters_and_pages() -> None:
    page = json.loads(run("call", "search", "--json", "--limit", "2").stdout)
    assert ids(page["calls"]) == ["call_2", "call_3"]
    rest = json.loads(run("call", "search", "--json", "--cursor", page["next_cursor"]).stdout)
    assert ids(rest["calls"]) == ["call_1"]
    assert rest["next_cursor"] is None
    found = json.loads(
        run("call", "search", "--json", "--outcome", "refused", "--workflow", "triage").stdout
    )
    assert ids(found["calls"]) == ["call_2"]
    costly = json.loads(run("call", "search", "--json", "--min-cost", "0.00009").stdout)
    assert ids(costly["calls"]) == ["call_3", "call_1"]
    assert "alos_not_released" in run("call", "search").stdout
    assert "No call matches." in run("call", "search", "--person", "nobody").stdout


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "words",
    [
        ("--since", "yesterday"),
        ("--min-cost", "dear"),
        ("--cursor", "nonsense"),
        ("--outcome", "good"),
        ("--limit", "0"),
    ],
)
def test_a_filter_that_can_not_be_is_wrong_use(words: tuple[str, ...]) -> None:
    assert run("call", "search", *words).exit_code == 2


@pytest.mark.usefixtures("home")
def test_tail_prints_the_newest_last() -> None:
    lines = run("call", "tail", "--json", "-n", "2").stdout.splitlines()
    assert ids([json.loads(line) for line in lines]) == ["call_3", "call_2"]
    assert "call_1" in run("call", "tail").stdout


@pytest.mark.usefixtures("home")
def test_why_answers_the_four_questions() -> None:
    done = run("why", "call_2")
    assert done.exit_code == 0
    for words in (
        "Which model ran?",
        "What data did it see?",
        "Which tools did it call?",
        "Who approved the workflow?",
        "approved by: nobody (unreleased)",
        "has not been released",
        "messages[0].image",
    ):
        assert words in done.stdout
    answers = json.loads(run("why", "call_1", "--json").stdout)["answers"]
    assert answers["approval"]["answer"].startswith(
        "approved by: p-ben, p-cleo. Their votes are not"
    )


def test_a_folder_that_is_none_is_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALOS_HOME", str(tmp_path / "nothing"))
    assert run("call", "show", "call_1").exit_code == 2


def test_a_store_that_can_not_be_read_is_down(home: Path) -> None:
    (home / "alos.db").write_bytes(b"not a database" * 100)
    assert run("why", "call_1").exit_code == 3
    assert run("call", "search").exit_code == 3


def test_a_point_in_time_is_an_age_or_a_date() -> None:
    assert to_unix_ns("2h", NOW) == NOW - 7200 * 10**9
    assert to_unix_ns("1970-01-02", NOW) == 86400 * 10**9
    assert to_unix_ns("1970-01-01T00:00:01.5+00:00", NOW) == 1_500_000_000
    assert to_unix_ns(None, NOW) is None


@pytest.mark.usefixtures("home")
def test_prompts_lists_what_a_workflows_calls_used() -> None:
    workflow = make_closing("call_1").workflow or ""
    seen = json.loads(run("call", "prompts", workflow, "--since", "1970-01-01", "--json").stdout)
    assert [(one["version"], one["calls"]) for one in seen["prompts"]] == [("triage@3", 2)]
    assert (seen["calls"], seen["is_whole"]) == (2, True)
    shown = run("call", "prompts", workflow, "--since", "1970-01-01").stdout
    assert "triage@3" in shown
    assert "2 calls read." in shown
