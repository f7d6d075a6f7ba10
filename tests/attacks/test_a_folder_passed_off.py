"""A dev folder is passed off as production, and the other way round."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from alos.domain.record import NoteKind
from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.upstream import run_upstream


@pytest.fixture
def laid_out() -> Iterator[Gateway]:
    with run_upstream() as upstream, lay_out_gateway(upstream) as gateway:
        yield gateway


@pytest.mark.parametrize("born_dev", [True, False], ids=["born dev", "born production"])
def test_a_folder_stays_what_it_was_born_as(laid_out: Gateway, born_dev: bool) -> None:  # noqa: FBT001 - a parameter of the test
    laid_out.dev = born_dev
    laid_out.start()
    status = laid_out.manage("GET", "/api/v1/status")[1]
    assert status["folder"] == ("dev" if born_dev else "production")
    laid_out.stop()
    laid_out.dev = not born_dev
    with pytest.raises(AssertionError, match="stays one"):
        laid_out.start()


def test_the_refused_start_ends_with_2_and_leaves_the_folder_alone(laid_out: Gateway) -> None:
    laid_out.start()
    laid_out.stop()
    before = {path: path.stat().st_mtime_ns for path in laid_out.home.rglob("*")}
    laid_out.dev = False
    try:
        assert laid_out.launch().wait(20) == 2
    except subprocess.TimeoutExpired:
        pytest.fail("it started")
    assert {path: path.stat().st_mtime_ns for path in laid_out.home.rglob("*")} == before


def carry_keys(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute("ATTACH ? AS other", (str(source),))
        connection.execute("INSERT INTO keys SELECT * FROM other.keys")


def test_a_whole_database_that_is_carried_over_is_noticed(laid_out: Gateway) -> None:
    laid_out.start()
    laid_out.create_key()
    laid_out.stop()
    database = laid_out.folder / "carried.db"
    shutil.move(laid_out.home / "alos.db", database)
    shutil.rmtree(laid_out.home)
    laid_out.dev = False
    laid_out.start()
    laid_out.stop()
    shutil.copy(database, laid_out.home / "alos.db")
    with pytest.raises(AssertionError, match="another installation"):
        laid_out.start()


def test_a_birth_that_was_changed_by_hand_is_noticed_by_the_ledger(laid_out: Gateway) -> None:
    """The signing key is named after the birth, so whoever lies has to replace it too."""
    laid_out.start()
    laid_out.stop()
    birth = laid_out.home / "folder.json"
    told = birth.read_text()
    birth.write_text(told.replace('"dev"', '"production"'))
    laid_out.dev = False
    (laid_out.home / "ledger.key").unlink()
    with pytest.raises(AssertionError, match="somebody changed its birth"):
        laid_out.start()


async def test_keys_that_are_carried_into_production_open_nothing_unreleased(
    laid_out: Gateway,
) -> None:
    """Whoever can write the database can carry a key over; nothing has been released for it."""
    laid_out.start()
    key = laid_out.create_key()
    laid_out.stop()
    database = laid_out.folder / "carried.db"
    shutil.move(laid_out.home / "alos.db", database)
    shutil.rmtree(laid_out.home)
    laid_out.dev = False
    laid_out.start()
    laid_out.stop()
    carry_keys(database, laid_out.home / "alos.db")
    laid_out.start()
    answer = await ask(laid_out.port, say(), key=key)
    assert answer.status == 403
    assert answer.code in {"alos_not_released", "alos_retention_undecided"}
    assert laid_out.upstream.bytes_received == 0
    laid_out.stop()
    journal = laid_out.read_journal()
    assert journal.by_call[answer.call].reason == answer.code
    assert journal.get_notes(NoteKind.KEY_CREATED) == [], "no entry speaks for this key"


def test_dev_listens_on_loopback_only(laid_out: Gateway) -> None:
    done = laid_out.cli("serve", "--dev", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert done.returncode == 2
    assert "loopback" in done.stderr
