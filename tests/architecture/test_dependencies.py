"""Every dependency is declared, locked by hash, and explained."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.source import ROOT, imported_packages, sources

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PAGE = ROOT / "docs" / "reference" / "dependencies.md"
DECLARED = {
    "At run time": PROJECT["project"]["dependencies"],
    "For the demo": PROJECT["dependency-groups"]["model"],
    "For tests and checks": PROJECT["dependency-groups"]["dev"],
}
LOCKS = ["requirements.lock", "requirements-model.lock", "requirements-dev.lock"]


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_blocks(lock: str) -> list[str]:
    text = (ROOT / lock).read_text("utf-8")
    return [block for block in re.split(r"(?m)^(?=[a-z0-9])", text) if "==" in block]


@pytest.mark.parametrize("heading", DECLARED)
def test_each_dependency_has_its_line_of_why(heading: str) -> None:
    (section,) = re.findall(rf"(?ms)^## {heading}.*?(?=^## |\Z)", PAGE.read_text("utf-8"))
    rows = dict(re.findall(r"(?m)^\| ([a-z][\w.-]*) \| (.+) \|$", section))
    rows.pop("package")
    assert rows.keys() == names(DECLARED[heading])
    assert all(len(why.split()) > 1 for why in rows.values())


@pytest.mark.parametrize(("lock", "heading"), list(zip(LOCKS, DECLARED, strict=True)))
def test_each_dependency_is_in_its_lock(lock: str, heading: str) -> None:
    locked = names([block.partition("==")[0] for block in locked_blocks(lock)])
    assert names(DECLARED[heading]) <= locked


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_everything_by_hash_and_names_no_host(lock: str) -> None:
    assert all("--hash=sha256:" in block for block in locked_blocks(lock))
    assert "://" not in (ROOT / lock).read_text("utf-8")


def test_the_locks_agree_on_every_version() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for block in locked_blocks(lock):
            name, _, rest = block.partition("==")
            versions.setdefault(name, set()).add(rest.split()[0])
    assert {name for name, found in versions.items() if len(found) > 1} == set()


def test_the_package_imports_nothing_undeclared() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    declared = names(PROJECT["project"]["dependencies"]) | names(DECLARED["For the demo"])
    declared |= {name for extra in extras for name in names(extra)}
    owners = packages_distributions()
    undeclared = {
        f"{source.path}: {name}"
        for source in sources()
        for name in imported_packages(source) - sys.stdlib_module_names - {"alos"}
        if declared.isdisjoint(map(normal, owners.get(name, [name])))
    }
    assert undeclared == set()
