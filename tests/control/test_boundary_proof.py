"""A boundary's test corpus: what is bound catches it, and what is broken is told."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from alos.checks.base import Pack, Trigger
from alos.checks.catalogue import build_scanner
from alos.control.boundary_proof import prove_boundary
from alos.control.detectors import build_detectors
from alos.control.registry import Loaded, load_organisation
from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold
from alos.domain.organisation import Organisation
from alos.domain.workflow import Workflow


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder: Path = tmp_path_factory.mktemp("org")
    wish = ScaffoldWish(
        organisation="Test",
        templates=("support-reply-drafting",),
        extent=Extent.FULL,
        today=date(2026, 9, 1),
    )
    write_scaffold(folder, build_scaffold(wish))
    return load_organisation(folder)


def _get(loaded: Loaded) -> tuple[Organisation, Workflow]:
    assert loaded.organisation is not None
    (bundle,) = loaded.bundles.values()
    return loaded.organisation, bundle.workflow


def test_the_starter_workflows_catch_their_corpus(loaded: Loaded) -> None:
    organisation, workflow = _get(loaded)
    gaps = list(prove_boundary(workflow, organisation, build_detectors(organisation)))
    assert gaps == []


def test_detectors_that_find_nothing_are_found_out(loaded: Loaded) -> None:
    organisation, workflow = _get(loaded)
    idle = Trigger(rule="secret/idle", expression="zzzzzz", confirm=lambda *_: None)
    scanner = build_scanner([Pack(name="idle", digest="", triggers=[idle])])
    gaps = list(prove_boundary(workflow, organisation, scanner))
    assert {gap.data_class for gap in gaps} == set(workflow.boundary.forbidden)
    assert all("@" not in gap.message for gap in gaps)


def test_a_dictionary_that_holds_nothing_is_found_out(loaded: Loaded) -> None:
    organisation, workflow = _get(loaded)
    scanner = build_detectors(organisation)
    emptied = replace(organisation, dictionaries=dict.fromkeys(organisation.dictionaries, ()))
    gaps = {gap.message for gap in prove_boundary(workflow, emptied, scanner)}
    assert gaps == {"the dictionary is empty"}
