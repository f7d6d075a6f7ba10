"""Every mistake in ``alos.yaml`` is named with its line, its key and what to do."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.control.documents import Severity, parse_document
from alos.control.organisation import read_organisation
from alos.domain.ids import ModelName, VendorName, WorkspaceId
from alos.domain.organisation import CredentialKind, SizeClass
from alos.domain.tier import Tier
from tests.control.organisation_folder import OrganisationFolder

KEYS = ["organisation", "workspaces", "vendors", "models", "roles", "lanes", "retention", "x"]
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab:{}[] #-\n", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
SECRET = "sk-live-4f9c2b7e1d"


@pytest.fixture
def folder(tmp_path: Path) -> OrganisationFolder:
    return OrganisationFolder(tmp_path / "org")


def test_the_scaffold_becomes_an_organisation(folder: OrganisationFolder) -> None:
    organisation = folder.load().organisation
    assert organisation is not None
    assert organisation.name == "Northwind"
    model = organisation.models[ModelName("small-local")]
    assert model.size_class is SizeClass.SMALL
    assert model.wire_formats == organisation.vendors[VendorName("local")].wire_formats
    assert model.price is not None
    assert model.price.source == "alos.yaml"
    assert set(organisation.lanes) == set(Tier)


@pytest.mark.parametrize(
    ("written", "nanousd"),
    [("50", 50_000_000_000), ("0.000000001", 1), ('"12.50"', 12_500_000_000), ("1e-3", 1_000_000)],
)
def test_money_is_exact(folder: OrganisationFolder, written: str, nanousd: int) -> None:
    folder.replace("alos.yaml", "monthly_budget_usd: 50\n", f"monthly_budget_usd: {written}\n")
    organisation = folder.load().organisation
    assert organisation is not None
    assert organisation.workspaces[WorkspaceId("support")].monthly_budget_nanousd == nanousd


@pytest.mark.parametrize("written", ["-1", "0.0000000001", "lots", ".nan", "true", "1e30", "[1]"])
def test_what_is_no_amount_of_money_is_refused(folder: OrganisationFolder, written: str) -> None:
    line = folder.replace(
        "alos.yaml", "monthly_budget_usd: 50\n", f"monthly_budget_usd: {written}\n"
    )
    problem = folder.find("workspaces.support.monthly_budget_usd")
    assert (problem.path, problem.line, problem.is_error) == ("alos.yaml", line, True)
    assert problem.mend


def test_an_unknown_key_is_answered_with_the_likely_one(folder: OrganisationFolder) -> None:
    line = folder.replace("alos.yaml", "sprint_workflow:", "sprint_workfow:")
    problem = folder.find("sprint_workfow")
    assert (problem.line, problem.mend.split("?")[0]) == (line, "Did you mean `sprint_workflow`")


def test_a_missing_key_is_described(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "    region: our own premises\n", "")
    problem = folder.find("vendors.local.region")
    assert problem.message == "this key is missing"
    assert "Where it processes and stores what is sent" in problem.mend


def test_a_wrong_word_is_answered_with_the_known_ones(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "size_class: small", "size_class: smal")
    assert folder.find("models.small-local.size_class").mend == "Did you mean `small`?"
    folder.replace(
        "alos.yaml",
        "wire_formats: [openai-chat, openai-responses, anthropic",
        "wire_formats: [open-chat, openai-responses, anthropic",
    )
    assert folder.find("vendors.local.wire_formats[0]").mend == "Did you mean `openai-chat`?"


def test_every_mistake_is_found_in_one_go(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "retention_days: 0", "retention_days: soon")
    folder.replace("alos.yaml", "context_tokens: 2048", "context_token: 2048")
    folder.replace("alos.yaml", "  legal: {groups: [legal]}", "  lawyer: {groups: [legal]}")
    keys = {problem.key for problem in folder.load().problems if problem.is_error}
    assert keys == {
        "vendors.local.retention_days",
        "models.small-local.context_token",
        "models.small-local.context_tokens",
        "roles.lawyer",
    }


@pytest.mark.parametrize("key", ["credential", "base_url"])
def test_a_pasted_credential_is_refused_and_not_repeated(
    folder: OrganisationFolder, key: str
) -> None:
    old = {"credential": "credential: none", "base_url": "base_url: http://127.0.0.1:8081"}[key]
    new = {"credential": SECRET, "base_url": f"https://user:{SECRET}@example.com/v1"}[key]
    folder.replace("alos.yaml", old, f"{key}: {new}")
    problem = folder.find(f"vendors.local.{key}")
    assert problem.is_error
    assert SECRET not in f"{problem.message} {problem.mend}"


def test_a_credential_is_kept_as_the_place_it_is_read_from(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "credential: none", "credential: file:/run/secrets/key")
    organisation = folder.load().organisation
    assert organisation is not None
    reference = organisation.vendors[VendorName("local")].credential
    assert reference is not None
    assert (reference.kind, reference.name) == (CredentialKind.FILE, "/run/secrets/key")


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://api.example.com/v1", True),
        ("http://10.0.0.8:8000", True),
        ("http://vllm:8000/v1", True),
        ("http://api.example.com/v1", False),
        ("https://api.example.com/v1?key=1", False),
        ("https://:443", False),
        ("https://host:port", False),
        ("ftp://api.example.com", False),
    ],
)
def test_a_vendor_outside_is_reached_by_https_only(
    folder: OrganisationFolder, url: str, *, is_taken: bool
) -> None:
    folder.replace("alos.yaml", "base_url: http://127.0.0.1:8081", f"base_url: {url}")
    assert (folder.load().organisation is not None) is is_taken


def test_a_model_of_no_vendor_is_refused(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "    vendor: local", "    vendor: locl")
    assert folder.find("models.small-local.vendor").mend == "Did you mean `local`?"


def test_a_model_can_not_speak_what_its_vendor_does_not(folder: OrganisationFolder) -> None:
    folder.replace(
        "alos.yaml",
        "    upstream_name",
        "    wire_formats: [openai-embeddings]\n    upstream_name",
    )
    assert folder.find("models.small-local.wire_formats").is_error


def test_no_model_may_be_approved_for_credentials(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "[public, internal]", "[public, credentials]")
    assert folder.find("models.small-local.data_classes").is_error


@pytest.mark.parametrize(
    ("lane", "key"),
    [
        ('"2": {votes: [[pm]]}', "lanes.2.votes"),
        ('"2": {votes: [[pm], [security, pm]]}', "lanes.2.votes"),
        ('"3": {votes: [[pm], [security], [builder]]}', "lanes.3.votes"),
        (
            '"3": {votes: [[pm], [security], [legal]], personal_signature: false}',
            "lanes.3.personal_signature",
        ),
        ('"4": {votes: [[pm], [security], [legal]], minimum_people: 2}', "lanes.4.minimum_people"),
    ],
)
def test_a_lane_may_not_ask_for_less_than_the_built_in_one(
    folder: OrganisationFolder, lane: str, key: str
) -> None:
    folder.replace("alos.yaml", "\npolicy:", f"\nlanes:\n  {lane}\npolicy:")
    assert folder.find(key).is_error


def test_a_lane_may_ask_for_more(folder: OrganisationFolder) -> None:
    lane = "2: {votes: [[legal], [security], [pm], [builder]]}"
    folder.replace("alos.yaml", "\npolicy:", f"\nlanes:\n  {lane}\npolicy:")
    organisation = folder.load().organisation
    assert organisation is not None
    assert len(organisation.lanes[Tier.CUSTOMER_FACING].votes) == 4
    assert organisation.lanes[Tier.CUSTOMER_FACING].minimum_people == 4


@pytest.mark.parametrize("entry", ["[ab]", "[]"])
def test_a_dictionary_that_would_fire_on_anything_is_refused(
    folder: OrganisationFolder, entry: str
) -> None:
    folder.replace("alos.yaml", "\ndictionaries:\n", f"\ndictionaries:\n  short: {entry}\n")
    problems = [p for p in folder.load().problems if p.key.startswith("dictionaries.short")]
    assert [problem.is_error for problem in problems] == [True]


def test_a_role_of_one_person_held_by_two_blocks_releases(folder: OrganisationFolder) -> None:
    folder.replace("alos.yaml", "{people: [chloe]}", "{people: [chloe, dan]}")
    problem = folder.find("roles.gateway_owner")
    assert problem.severity is Severity.BLOCKS_RELEASE
    assert folder.load().organisation is not None


def test_an_approval_that_ended_warns_and_leaves_the_rest_readable(
    folder: OrganisationFolder,
) -> None:
    text = (folder.path / "alos.yaml").read_text()
    folder.write("alos.yaml", text.replace("2027-05-21", "2026-11-21"))
    assert folder.find("vendors.local.approved_until").severity is Severity.WARNING
    assert folder.find("models.primary").severity is Severity.BLOCKS_RELEASE
    assert folder.load().bundles


@given(DOCUMENTS)
def test_no_document_makes_the_form_fail(value: object) -> None:
    document, _ = parse_document("alos.yaml", json.dumps(value).encode())
    assert document is not None
    organisation, problems = read_organisation(document)
    assert organisation is None
    assert problems
    assert all(problem.message and problem.line >= 1 for problem in problems)
