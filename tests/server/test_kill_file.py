"""The kill file works with everything else down."""

import os
from pathlib import Path

import pytest

from alos.server.kill_file import EVERYTHING, KillFile


def test_no_file_stops_nothing(tmp_path: Path) -> None:
    assert KillFile(tmp_path / "kill").read() == frozenset()


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("workflow support\n", {("workflow", "support")}),
        ("# why\nworkflow a # here\n\nmodel b\n", {("workflow", "a"), ("model", "b")}),
        ("everything\n", {EVERYTHING}),
        ("tool send_refund\n", {("tool", "send_refund")}),
        ("workflow\n", {EVERYTHING}),
        ("stop it all please", {EVERYTHING}),
        ("", set()),
    ],
)
def test_each_line_stops_one_thing_and_an_unreadable_line_stops_everything(
    tmp_path: Path, text: str, stopped: set[tuple[str, str]]
) -> None:
    path = tmp_path / "kill"
    path.write_text(text)
    assert KillFile(path).read() == stopped


def test_bytes_that_are_no_text_stop_everything(tmp_path: Path) -> None:
    path = tmp_path / "kill"
    path.write_bytes(b"\xff\xfe\x00")
    assert KillFile(path).read() == {EVERYTHING}


def test_a_folder_in_its_place_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "kill").mkdir()
    assert KillFile(tmp_path / "kill").read() == {EVERYTHING}


def test_a_change_and_a_removal_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "kill"
    watched = KillFile(path)
    path.write_text("workflow a")
    assert watched.read() == {("workflow", "a")}
    path.write_text("workflow b")
    os.utime(path, ns=(1, 1))
    assert watched.read() == {("workflow", "b")}
    path.unlink()
    assert watched.read() == frozenset()
