from pathlib import Path

import pytest
from sqlalchemy import insert, select

from alos.domain.fault import StoreDown
from alos.store.engine import Store
from alos.store.tables import stops

_STOP = {"kind": "workflow", "target": "triage", "since_unix": 1, "by": "p", "reason": "r"}


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "alos.db")
    with pytest.raises(ZeroDivisionError), store.write() as connection:  # noqa: PT012
        connection.execute(insert(stops), _STOP)
        _ = 1 / 0
    with store.read() as connection:
        assert connection.execute(select(stops)).all() == []
    store.close()


def test_a_reader_sees_what_was_committed_while_a_writer_is_at_work(tmp_path: Path) -> None:
    store = Store(tmp_path / "alos.db", busy_ms=50)
    store.ensure()
    with store.write() as writing:
        writing.execute(insert(stops), _STOP)
        with store.read() as reading:
            assert reading.execute(select(stops)).all() == []
    with store.read() as reading:
        assert len(reading.execute(select(stops)).all()) == 1
    store.close()


def test_a_locked_store_is_down_and_not_an_sql_error(tmp_path: Path) -> None:
    first, second = Store(tmp_path / "alos.db"), Store(tmp_path / "alos.db", busy_ms=20)
    first.ensure()
    second.ensure()
    with first.write(), pytest.raises(StoreDown, match="locked"), second.write():
        pass
    first.close()
    second.close()


def test_reading_where_there_is_no_store_says_so_and_makes_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "alos.db")
    with pytest.raises(StoreDown), store.read():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "alos.db"
    store = Store(path)
    with store.write() as connection:
        connection.execute(insert(stops), _STOP)
    path.unlink()
    with store.write() as connection:
        assert connection.execute(select(stops)).all() == []
    assert path.exists()
    store.close()
