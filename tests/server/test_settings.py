"""The environment is read in one place, and what is given wins over it."""

from pathlib import Path

import pytest

from alos.server.settings import get_home, get_url


def test_a_given_home_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALOS_HOME", "from-environment")
    assert get_home() == Path("from-environment")
    assert get_home(Path("given")) == Path("given")
    monkeypatch.delenv("ALOS_HOME")
    assert get_home() == Path(".alos")


def test_an_empty_url_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALOS_URL", "")
    assert get_url() is None
