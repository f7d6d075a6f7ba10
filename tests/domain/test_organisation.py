"""What an organisation says about lanes, approvals and holders of roles."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from alos.control.registry import load_organisation
from alos.control.scaffold import Extent, ScaffoldWish, build_scaffold, write_scaffold
from alos.domain.boundary import DataClass
from alos.domain.ids import ModelName, PersonId
from alos.domain.organisation import (
    CredentialKind,
    CredentialReference,
    Organisation,
    WireFormat,
    build_default_lane,
)
from alos.domain.people import People, Role
from alos.domain.tier import Tier

SMALL = ModelName("small-local")


@pytest.fixture
def read(tmp_path: Path) -> tuple[Organisation, People]:
    wish = ScaffoldWish(
        organisation="Northwind",
        templates=["internal-doc-qa"],
        extent=Extent.FULL,
        today=date(2026, 11, 22),
    )
    write_scaffold(tmp_path, build_scaffold(wish))
    loaded = load_organisation(tmp_path)
    assert loaded.organisation is not None
    assert loaded.people is not None
    return loaded.organisation, loaded.people


def test_from_tier_1_on_lanes_add_up() -> None:
    votes = [build_default_lane(tier).votes for tier in Tier]
    assert votes[0] == (frozenset({Role.TEAM_LEAD}),)
    assert votes[1] == votes[2] == (frozenset({Role.PM}), frozenset({Role.SECURITY}))
    assert votes[3] == votes[4] == (*votes[2], frozenset({Role.LEGAL, Role.COMPLIANCE}))


def test_regulated_and_autonomous_releases_take_three_people_who_sign_themselves() -> None:
    for tier in (Tier.REGULATED, Tier.AUTONOMOUS):
        lane = build_default_lane(tier)
        assert (lane.minimum_people, lane.personal_signature) == (3, True)


def test_an_approval_covers_its_last_day_and_none_after(read: tuple[Organisation, People]) -> None:
    model = read[0].models[SMALL]
    assert model.is_approved_on(model.approved_until)
    assert not model.is_approved_on(model.approved_until + timedelta(days=1))


def test_no_model_may_see_credentials_whatever_its_list_says(
    read: tuple[Organisation, People],
) -> None:
    model = replace(read[0].models[SMALL], data_classes=frozenset(DataClass))
    assert not model.is_approved_for(DataClass.CREDENTIALS)
    assert model.is_approved_for(DataClass.PII)


def test_an_unknown_model_shares_no_wire_format(read: tuple[Organisation, People]) -> None:
    organisation = read[0]
    assert WireFormat.OPENAI_CHAT in organisation.list_shared_wire_formats((SMALL,))
    assert not organisation.list_shared_wire_formats((SMALL, ModelName("gone")))
    assert not organisation.list_shared_wire_formats(())


def test_a_role_is_held_by_active_people_only(read: tuple[Organisation, People]) -> None:
    organisation, people = read
    assert [person.id for person in organisation.list_holders(Role.SECURITY, people)] == ["dan"]
    dan = people.persons[PersonId("dan")]
    gone = {**people.persons, dan.id: replace(dan, active=False)}
    left = replace(people, persons=MappingProxyType(gone))
    assert organisation.list_holders(Role.SECURITY, left) == ()
    assert organisation.list_holders(Role.SECURITY_OWNER, left) == ()


def test_a_credential_reference_shows_the_place_and_holds_no_value() -> None:
    reference = CredentialReference(kind=CredentialKind.ENV, name="OPENAI_API_KEY")
    assert str(reference) == "env:OPENAI_API_KEY"
