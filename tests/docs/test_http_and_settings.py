"""What the pages on HTTP, settings and failures say is what the code has."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alos.gateway.routes import list_routes
from alos.pipeline.labels import ALONE, LIST, OBJECTS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "alos"
_HEADER = re.compile(r"""b"((?:x-alos|x-ratelimit|anthropic-ratelimit)-[a-z-]+)\"""")
_VARIABLE = re.compile(r"\bALOS_[A-Z]+(?:_[A-Z]+)*\b")


def read(page: str) -> str:
    return (REFERENCE / page).read_text(encoding="utf-8")


def list_headers() -> Iterator[str]:
    """Every header of ours that the gateway and the pipeline know by name."""
    for folder in ("gateway", "pipeline", "server"):
        for path in sorted((SOURCE / folder).rglob("*.py")):
            yield from _HEADER.findall(path.read_text(encoding="utf-8"))


def is_named(header: str, page: str) -> bool:
    """Written whole, or as the end of one (`-remaining`) beside its family."""
    family, _, last = header.rpartition("-")
    return f"`{header}" in page or (f"`{family}-" in page and f"`-{last}`" in page)


@pytest.mark.parametrize("header", sorted(set(list_headers())))
def test_every_header_is_in_the_reference(header: str) -> None:
    assert is_named(header, read("http.md"))


def test_every_header_that_becomes_a_tag_is_in_the_reference() -> None:
    page = read("http.md")
    for header in (*ALONE, *OBJECTS, LIST, b"baggage"):
        assert f"`{header.decode()}`" in page, header


@pytest.mark.parametrize("path", list_routes())
def test_every_path_of_the_model_door_is_in_the_reference(path: str) -> None:
    route = list_routes()[path]
    page = read("http.md")
    assert f"`{route.method} {path}`" in page
    assert route.method.encode() == route.allow


def test_every_environment_variable_is_in_the_reference() -> None:
    code = (SOURCE / "server" / "settings.py").read_text(encoding="utf-8")
    names = set(_VARIABLE.findall(code)) - {"ALOS_VAULT"}
    names |= {f"ALOS_VAULT_{one}" for one in ("BODIES", "KEYS", "MASTER_KEY")}
    assert len(names) > 4
    page = read("settings.md")
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_nothing_but_the_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if re.search(r"^import os$", text := path.read_text(encoding="utf-8"), re.MULTILINE)
        and re.search(r"\bos\.(environ|getenv)\b", text)
    ]
    assert readers == ["server/settings.py"]


def list_failure_rows() -> list[list[str]]:
    rows = [line for line in read("failure-modes.md").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


@pytest.mark.parametrize("row", list_failure_rows(), ids=lambda row: str(row[0])[:40])
def test_every_failure_has_somebody_who_mends_it_and_a_test_that_there_is(row: list[str]) -> None:
    assert len(row) == 5, row
    assert row[3], "nobody mends it"
    tests = re.findall(r"`(tests/[^`]+)`", row[4])
    assert tests, "no test"
    for one in tests:
        assert (ROOT / one).exists(), one
