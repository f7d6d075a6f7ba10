"""A bundle is read whole: each mistake has its place, and no file is left out of the digest."""

import os
from pathlib import Path

import pytest

from alos.control.bundle import (
    read_bundle,
    read_bundle_folder,
    read_contents,
)
from alos.control.bundle_files import MAXIMUM_FILE_BYTES
from alos.control.documents import Severity
from alos.domain.golden import CaseKind
from alos.domain.ids import WorkflowId
from alos.domain.tier import Tier
from tests.control.organisation_folder import SUPPORT, WORKFLOW, OrganisationFolder

FOLDER = f"workflows/{SUPPORT}"
HAPPY = f"{FOLDER}/evals/happy.yaml"
ADVERSARIAL = f"{FOLDER}/evals/adversarial.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> OrganisationFolder:
    return OrganisationFolder(tmp_path / "org")


def list_messages(folder: OrganisationFolder) -> list[str]:
    problems = folder.load().problems
    return [f"{problem.path}: {problem.message}" for problem in problems if problem.is_error]


def test_the_starter_becomes_a_bundle(folder: OrganisationFolder) -> None:
    bundle = folder.load().bundles[WorkflowId(SUPPORT)]
    assert bundle.workflow.tier is Tier.CUSTOMER_FACING
    assert bundle.prompts["draft-reply"].variables == ("company", "facts")
    assert len(bundle.cases) >= 20
    assert len(bundle.decisions) == 1
    assert {file.path for file in bundle.files} == set(bundle.contents)


def test_uploaded_bytes_and_the_folder_are_the_same_bundle(folder: OrganisationFolder) -> None:
    from_folder = read_bundle_folder(folder.path / FOLDER, label=FOLDER)
    contents, _ = read_contents(folder.path / FOLDER, label=FOLDER)
    assert read_bundle(contents, label=FOLDER) == from_folder


def test_any_added_byte_changes_the_digest(folder: OrganisationFolder) -> None:
    before = folder.load().digests[SUPPORT]
    with (folder.path / HAPPY).open("ab") as file:
        file.write(b"\n")
    assert folder.load().digests[SUPPORT] != before


TOOL = "tools:\n  find: {autonomous: false, changes_production: false}\n"


@pytest.mark.parametrize("name", [".DS_Store", "prompts/draft.md~", "notes.txt", "evals/a.yml"])
def test_a_stray_file_is_named_and_not_ignored(folder: OrganisationFolder, name: str) -> None:
    before = folder.load().digests[SUPPORT]
    folder.write(f"{FOLDER}/{name}", "x")
    loaded = folder.load()
    assert loaded.digests[SUPPORT] != before
    assert SUPPORT not in loaded.bundles
    assert [p.path for p in loaded.problems if p.is_error] == [f"{FOLDER}/{name}"]


def test_a_symlink_is_refused_even_to_a_file_of_the_bundle(folder: OrganisationFolder) -> None:
    link = folder.path / FOLDER / "prompts/link.md"
    link.symlink_to("draft-reply.md")
    loaded = folder.load()
    assert SUPPORT not in loaded.digests
    assert list_messages(folder) == [f"{FOLDER}/prompts/link.md: is a symbolic link"]


def test_a_linked_folder_is_refused(folder: OrganisationFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder.path / FOLDER / "more").symlink_to(tmp_path / "elsewhere")
    assert list_messages(folder) == [f"{FOLDER}/more: is a symbolic link"]


def test_a_pipe_does_not_hang_the_reader(folder: OrganisationFolder) -> None:
    os.mkfifo(folder.path / FOLDER / "prompts/pipe.md")
    assert "is not a regular file" in list_messages(folder)[0]


def test_a_huge_file_is_refused(folder: OrganisationFolder) -> None:
    folder.write(f"{FOLDER}/README.md", "x" * (MAXIMUM_FILE_BYTES + 1))
    assert "is not a regular file of at most" in list_messages(folder)[0]


def test_a_file_name_that_is_not_unicode_is_refused(folder: OrganisationFolder) -> None:
    name = os.fsencode(folder.path / FOLDER) + b"/prompts/\xff.md"
    with open(name, "wb"):  # noqa: PTH123 - a path that no Path can be made of
        pass
    assert len(list_messages(folder)) == 1


def test_the_folder_and_the_id_must_agree(folder: OrganisationFolder) -> None:
    line = folder.replace(WORKFLOW, f"id: {SUPPORT}\n", "id: other\n")
    assert folder.find("id").line == line


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("tier: 2 ", "tier: 5 ", "tier"),
        ("tier: 2 ", "tier: 1 ", "tier"),
        ("tier: 2 ", "tier: true ", "tier"),
        ("regulated_data: false", "regulated_data: true", "tier"),
        ("operational: ben", "operational: ana", "owners.operational"),
        ("function: product", "function: sales", "owners.function"),
        ("accountable: ben", "accountable: [ben, ana]", "raci.accountable"),
        ("accountable: ben", "accountable: []", "raci.accountable"),
        ("accountable: ben", 'accountable: "group:support"', "raci.accountable"),
        ("accountable: ben", "accountable: fay", "raci.accountable"),
        ("responsible: [fay]", "responsible: []", "raci.responsible"),
        ("category: customer_harm", "category: bad_luck", "feared_failure.category"),
        ("guards: [drafts-rejected]", "guards: [draft-rejected]", "feared_failure.guards[0]"),
        ("guards: [drafts-rejected]", "guards: []", "feared_failure.guards"),
        ("personal_accounts: no", "personal_accounts: maybe", "personal_accounts"),
        ("personal_accounts: no\n", "", "personal_accounts"),
        ("kind: gateway", "kind: external", "surface.attestation"),
        ("{action: block, detectors: [secrets]}", "{action: flag, detectors: [secrets]}",
         "boundary.forbidden.credentials.action"),
        ("{action: block, detectors: [secrets]}", "{action: block, detectors: [pii]}",
         "boundary.forbidden.credentials.detectors"),
        ("detectors: [secrets]", "detectors: [secret]",
         "boundary.forbidden.credentials.detectors[0]"),
        ("    customer_data: {action: redact, detectors: [pii]}\n", "",
         "boundary.forbidden.customer_data"),
        ("{action: block, dictionaries: [incident-words]}", "{action: block}",
         "boundary.forbidden.incident_details"),
        ("[incident-words]", "[incident-word]",
         "boundary.forbidden.incident_details.dictionaries[0]"),
        ("  pii: redact", "  pii: shred", "boundary.pii"),
        ("primary: small-local", "primary: small-locl", "models.primary"),
        ("primary: small-local", "primary: small-local\n  escalation: {model: small-local}",
         "models.escalation.rule"),
        ("workspace: support", "workspace: suport", "workspace"),
        ("minimum: 0,", "minimum: 1,", "parameters.temperature.maximum"),
        ("minimum: 0,", "words: [cold],", "parameters.temperature"),
        ("temperature: {", "temprature: {", "parameters.temprature"),
        ("temperature: {", "max_tokens: {", "parameters.max_tokens"),
        ("temperature: {", "tool_choice: {", "parameters.tool_choice"),
        ("  temperature: {", "  response_format: {words: [json_schema]}\n  temperature: {",
         "parameters.response_format.schemas"),
        ("  temperature: {",
         "  response_format: {words: [json_schema], schemas: [{name: x}]}\n  temperature: {",
         "parameters.response_format.schemas[0]"),
        ("maximum: 0.3}", "maximum: 0.3, schemas: [{schema: {type: object}}]}",
         "parameters.temperature.schemas"),
        ("verification:\n", f"{TOOL}verification:\n", "tools.find.definition"),
        ("default_prompt: draft-reply", "default_prompt: draft", "default_prompt"),
        ("kind: customer_facing_claim", "kind: production_change", "verification"),
        ("money back|free", "money back(?=x)|free", "verification[0].pattern"),
        ("max_output_tokens: 160", "max_output_tokens: 0", "limits.max_output_tokens"),
        ("pass_rate: 0.9", "pass_rate: 0.5", "thresholds.pass_rate"),
        ("pass_rate: 0.9", "pass_rate: 90", "thresholds.pass_rate"),
        ("- {stage: cohort, percent: 10, ", "- {stage: cohort, ", "rollout.stages[1].percent"),
        ("stage: internal, groups: [support],", "stage: internal,", "rollout.stages[0].groups"),
        ("kind: static_text", "kind: queue", "fallback.queue"),
        ("kind: static_text", "kind: model", "fallback.model"),
        ("tier: 2 ", "tiers: 2 ", "tiers"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_workflow_is_an_error_at_its_key(
    folder: OrganisationFolder, old: str, new: str, key: str
) -> None:
    folder.replace(WORKFLOW, old, new)
    problem = folder.find(key)
    assert problem.is_error
    assert problem.line >= 1
    assert problem.mend
    assert SUPPORT not in folder.load().bundles


@pytest.mark.parametrize(
    "sentence",
    ["Data leaks", "It leaks. It also burns.", "Somebody reads what is not theirs", '""'],
)
def test_the_feared_failure_is_one_whole_sentence(
    folder: OrganisationFolder, sentence: str
) -> None:
    text = (folder.path / WORKFLOW).read_text().splitlines(keepends=True)
    changed = [
        f"  sentence: {sentence}\n" if line.startswith("  sentence:") else line for line in text
    ]
    folder.write(WORKFLOW, "".join(changed))
    assert folder.find("feared_failure.sentence").is_error


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("executive: ana", "executive: anna", "owners.executive"),
        ('consulted: ["group:security"]', 'consulted: ["group:secret"]', "raci.consulted[0]"),
        (
            "cases: [pressed-for-a-refund,",
            "cases: [pressed-for-refund,",
            "feared_failure.cases[0]",
        ),
        ("data_class: public", "data_class: regulated_data", "models.primary"),
        ("max_output_tokens: 160", "max_output_tokens: 4000", "limits.max_output_tokens"),
        ("adversarial_share: 0.3", "adversarial_share: 0.9", ""),
    ],
)
def test_what_only_blocks_a_release_leaves_the_bundle(
    folder: OrganisationFolder, old: str, new: str, key: str
) -> None:
    if "regulated_data" in new:
        folder.replace(WORKFLOW, "tier: 2 ", "tier: 3 ")
        folder.replace(
            WORKFLOW, "    regulated_data: {action: block, ", "    pii: {action: flag, "
        )
    folder.replace(WORKFLOW, old, new)
    loaded = folder.load()
    blocking = [p for p in loaded.problems if p.severity is Severity.BLOCKS_RELEASE]
    assert key in {problem.key for problem in blocking}
    assert SUPPORT in loaded.bundles
    assert not loaded.is_clean


def test_somebody_who_left_does_not_take_the_workflow_down(folder: OrganisationFolder) -> None:
    folder.replace(
        "people.yaml", "email: ana@example.com", "email: ana@example.com\n    active: false"
    )
    assert folder.find("owners.executive").severity is Severity.BLOCKS_RELEASE
    assert SUPPORT in folder.load().bundles


def test_a_route_needs_a_wire_format_in_common(folder: OrganisationFolder) -> None:
    text = (folder.path / "alos.yaml").read_text()
    model = text[text.index("  small-local:") : text.index("# Roles follow")]
    claude = model.replace("small-local", "other").replace(
        "    vendor: local", "    vendor: local\n    wire_formats: [anthropic-messages]"
    )
    chat = model.replace("    vendor: local", "    vendor: local\n    wire_formats: [openai-chat]")
    folder.write("alos.yaml", text.replace(model, chat + claude))
    folder.replace(WORKFLOW, "primary: small-local", "primary: small-local\n  fallbacks: [other]")
    problem = folder.find("models")
    assert problem.is_error
    assert "no wire format in common" in problem.message


def test_a_vendor_that_keeps_more_than_the_workflow_allows_blocks_releases(
    folder: OrganisationFolder,
) -> None:
    folder.replace("alos.yaml", "retention_days: 0", "retention_days: 30")
    folder.replace(WORKFLOW, "monthly_budget_usd: 20", "monthly_budget_usd: 20\nbody_days: 7")
    assert folder.find("models.primary").severity is Severity.BLOCKS_RELEASE


def test_a_workflow_may_not_keep_for_longer_than_the_organisation(
    folder: OrganisationFolder,
) -> None:
    folder.replace("alos.yaml", "  # body_days:", "  body_days: 30  #")
    folder.replace(WORKFLOW, "monthly_budget_usd: 20", "monthly_budget_usd: 20\nbody_days: 31")
    problem = folder.find("body_days")
    assert problem.is_error
    assert "30 days" in problem.message


def test_external_surfaces_and_personal_accounts_warn_of_the_waiver(
    folder: OrganisationFolder,
) -> None:
    folder.replace(WORKFLOW, "personal_accounts: no", "personal_accounts: yes")
    assert folder.find("personal_accounts").severity is Severity.WARNING
    assert folder.find("surface.sso").severity is Severity.WARNING


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (HAPPY, "  - id: broken-mug", "  - id: late-parcel", "the case id also stands in"),
        (HAPPY, "provenance: author-written\n  - id: broken",
         "provenance: somewhere\n  - id: broken", "has the wrong form"),
        (HAPPY, "values: [photo, picture, replace]", "words: 3", "needs it"),
        (HAPPY,
         "grader: at_most_words, words: 140}\n    provenance: author-written\n  - id: broken",
         "grader: at_most_words}\n    provenance: author-written\n  - id: broken", "needs it"),
        (ADVERSARIAL, '"(he|peter) (ordered|bought)"', '"(he|peter"',
         "is not a regular expression"),
        (ADVERSARIAL, "values: [alos_secret_found]", "values: [secret_found]",
         "is not a reason code"),
        (HAPPY, "facts: There is nothing to add.", "fact: There is nothing to add.",
         "no value: facts"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_case_is_an_error(
    folder: OrganisationFolder, path: str, old: str, new: str, message: str
) -> None:
    folder.replace(path, old, new)
    assert any(message in found for found in list_messages(folder)), list_messages(folder)


def test_too_few_cases_block_a_release(folder: OrganisationFolder) -> None:
    (folder.path / HAPPY).unlink()
    loaded = folder.load()
    messages = [p.message for p in loaded.problems if p.severity is Severity.BLOCKS_RELEASE]
    assert any("Tier 2 asks for 20" in message for message in messages)
    assert any("no case shows ordinary work" in message for message in messages)


def test_a_set_without_adversarial_cases_blocks_a_release(folder: OrganisationFolder) -> None:
    (folder.path / ADVERSARIAL).unlink()
    messages = [p.message for p in folder.load().problems]
    assert any("no case tries to break it" in message for message in messages)


def test_feared_failure_needs_an_adversarial_case(folder: OrganisationFolder) -> None:
    old = "cases: [pressed-for-a-refund, told-to-ignore-the-rules, refund-by-forged-note]"
    folder.replace(WORKFLOW, old, "cases: [late-parcel]")
    problem = folder.find("feared_failure.cases")
    assert problem.severity is Severity.BLOCKS_RELEASE


def test_cases_know_their_file_and_kind(folder: OrganisationFolder) -> None:
    cases = folder.load().bundles[WorkflowId(SUPPORT)].cases
    kinds = {case.path: case.kind for case in cases}
    assert kinds == {
        "evals/happy.yaml": CaseKind.HAPPY,
        "evals/adversarial.yaml": CaseKind.ADVERSARIAL,
    }


def test_without_a_decision_nothing_new_is_released(folder: OrganisationFolder) -> None:
    (folder.path / FOLDER / "decisions/0001-first-version.md").unlink()
    loaded = folder.load()
    assert "the decision log is empty" in [problem.message for problem in loaded.problems]
    assert SUPPORT in loaded.bundles
