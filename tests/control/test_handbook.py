"""The pull request template and the runbooks say what the configuration says, and nothing else."""

import hashlib
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from alos.control.documents import Problem, Severity
from alos.control.handbook import (
    PULL_REQUEST,
    RenderRefused,
    build_handbook,
    check_handbook,
    write_handbook,
)
from alos.control.handbook_words import describe_guard, escape, to_code
from alos.domain.rollout_plan import Guard, GuardAction, GuardMetric
from tests.control.organisation_folder import SUPPORT, WORKFLOW, OrganisationFolder

RUNBOOK = f"runbooks/{SUPPORT}.md"
HOSTILE = (
    "# Gone --> <script>alert(1)</script> ![x](http://evil) [a](b) `c` **d** @everyone ``` \u202e"
)


@pytest.fixture
def folder(tmp_path: Path) -> OrganisationFolder:
    return OrganisationFolder(tmp_path / "org")


def render(folder: OrganisationFolder) -> dict[str, bytes]:
    pages = build_handbook(folder.load(), folder.path)
    write_handbook(folder.path, pages)
    return pages


def find_problems(folder: OrganisationFolder) -> list[Problem]:
    return list(check_handbook(folder.load(), folder.path))


def test_the_same_files_make_the_same_bytes_in_another_folder(tmp_path: Path) -> None:
    one, other = (OrganisationFolder(tmp_path / name) for name in ("a", "b-longer-name"))
    assert render(one) == render(other)


def test_each_page_names_its_command_and_the_digest_of_its_rest(
    folder: OrganisationFolder,
) -> None:
    pages = render(folder)
    assert set(pages) == {PULL_REQUEST, RUNBOOK}
    for raw in pages.values():
        first, _, rest = raw.partition(b"\n")
        assert b"`alos render`" in first
        assert hashlib.sha256(rest).hexdigest().encode() in first


def test_the_template_asks_for_the_decision_log_and_each_rule_of_a_person(
    folder: OrganisationFolder,
) -> None:
    text = render(folder)[PULL_REQUEST].decode()
    headings = ("## What changed", "## Why", "## Expected impact", "## Rollback plan")
    assert [text.index(one) for one in headings] == sorted(text.index(one) for one in headings)
    assert "`money-or-date-promised`" in text
    assert "Accepted by the group `support`" in text
    assert "Ben Example" in text
    assert f"alos release rollback {SUPPORT}" in text


def test_the_runbook_says_how_to_stop_whom_to_tell_and_what_people_do_meanwhile(
    folder: OrganisationFolder,
) -> None:
    text = render(folder)[RUNBOOK].decode()
    assert f"alos kill {SUPPORT} --yes" in text
    assert f'echo "workflow {SUPPORT}" >>' in text
    assert "Agents write replies from the saved replies" in text
    assert "**Accountable for an incident:** Ben Example" in text
    assert "A draft promises a customer money" in text
    assert "`answers-blocked`" in text
    assert "pulls the workflow's kill switch" in text


def test_the_runbook_changes_nothing_of_the_bundles_digest(folder: OrganisationFolder) -> None:
    before = folder.load().digests[SUPPORT]
    render(folder)
    assert folder.load().digests[SUPPORT] == before


def test_fresh_pages_have_no_problem_and_missing_ones_a_warning(
    folder: OrganisationFolder,
) -> None:
    missing = find_problems(folder)
    assert {one.severity for one in missing} == {Severity.WARNING}
    assert {one.path for one in missing} == {PULL_REQUEST, RUNBOOK}
    render(folder)
    assert find_problems(folder) == []


@pytest.mark.parametrize("page", [PULL_REQUEST, RUNBOOK])
def test_one_byte_changed_by_hand_is_drift_wherever_it_stands(
    folder: OrganisationFolder, page: str
) -> None:
    raw = render(folder)[page]
    for place in (5, raw.index(b"\n") - 10, raw.index(b"\n") + 1, len(raw) // 2, len(raw) - 1):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        (folder.path / page).write_bytes(changed)
        found = find_problems(folder)
        assert [one.path for one in found] == [page], place
        assert found[0].severity is Severity.BLOCKS_RELEASE
        assert "alos render" in found[0].mend


def test_a_hand_that_mends_the_digest_too_is_found_all_the_same(
    folder: OrganisationFolder,
) -> None:
    raw = render(folder)[RUNBOOK]
    first, _, rest = raw.partition(b"\n")
    rest = rest.replace(b"One person is enough.", b"Ask three people first.")
    sealed = re.sub(rb"[0-9a-f]{64}", hashlib.sha256(rest).hexdigest().encode(), first)
    (folder.path / RUNBOOK).write_bytes(sealed + b"\n" + rest)
    assert [one.path for one in find_problems(folder)] == [RUNBOOK]


def test_a_configuration_that_moved_on_is_drift_too(folder: OrganisationFolder) -> None:
    render(folder)
    folder.replace(WORKFLOW, "accountable: ben", "accountable: dan")
    found = {one.path: one for one in find_problems(folder)}
    assert set(found) == {PULL_REQUEST, RUNBOOK}
    assert "older than the configuration" in found[RUNBOOK].message
    render(folder)
    assert find_problems(folder) == []


def test_a_person_who_left_is_shown_with_whoever_answers_instead(
    folder: OrganisationFolder,
) -> None:
    render(folder)
    folder.replace(WORKFLOW, "accountable: ben", "accountable: dan")
    folder.replace(
        "people.yaml", "email: dan@example.com", "email: dan@example.com\n    active: false"
    )
    text = build_handbook(folder.load(), folder.path)[RUNBOOK].decode()
    assert "no longer active" in text
    assert "**Answers now instead,** as workspace owner: Ben Example" in text


def test_the_runbook_of_a_workflow_that_is_gone_is_named(folder: OrganisationFolder) -> None:
    raw = render(folder)[RUNBOOK]
    (folder.path / "runbooks/other.md").write_bytes(raw)
    (folder.path / "runbooks/our-own-notes.md").write_text("# Notes\n")
    found = find_problems(folder)
    assert [one.path for one in found] == ["runbooks/other.md"]
    assert found[0].severity is Severity.BLOCKS_RELEASE


def test_a_page_of_somebodys_own_is_never_overwritten(folder: OrganisationFolder) -> None:
    folder.write(PULL_REQUEST, "our own template\n")
    with pytest.raises(RenderRefused, match="nothing was written"):
        render(folder)
    assert (folder.path / PULL_REQUEST).read_text() == "our own template\n"
    assert not (folder.path / RUNBOOK).exists()
    assert find_problems(folder)[0].severity is Severity.BLOCKS_RELEASE


def test_a_link_in_the_place_of_a_page_is_neither_followed_nor_written_through(
    folder: OrganisationFolder, tmp_path: Path
) -> None:
    raw = render(folder)[RUNBOOK]
    outside = tmp_path / "outside.md"
    outside.write_bytes(raw)
    (folder.path / RUNBOOK).unlink()
    (folder.path / RUNBOOK).symlink_to(outside)
    assert [one.path for one in find_problems(folder)] == [RUNBOOK]
    with pytest.raises(RenderRefused):
        render(folder)
    assert outside.read_bytes() == raw


def test_nothing_is_written_through_a_folder_or_a_draft_that_is_a_link(
    folder: OrganisationFolder, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs").write_text("theirs")
    (folder.path / "runbooks").symlink_to(outside)
    with pytest.raises(RenderRefused, match="link"):
        render(folder)
    assert sorted(one.name for one in outside.iterdir()) == ["theirs"]
    (folder.path / "runbooks").unlink()
    (folder.path / "runbooks").mkdir()
    (folder.path / f"runbooks/.{SUPPORT}.md.new").symlink_to(outside / "theirs")
    render(folder)
    assert (outside / "theirs").read_text() == "theirs"
    assert find_problems(folder) == []


def test_the_template_stands_at_the_top_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    folder = OrganisationFolder(tmp_path / "governance" / "ai")
    render(folder)
    assert (tmp_path / PULL_REQUEST).is_file()
    assert not (folder.path / PULL_REQUEST).exists()
    assert (folder.path / RUNBOOK).is_file()


def test_hostile_words_of_a_file_stay_words(folder: OrganisationFolder) -> None:
    plain = render(folder)
    quoted = '"' + HOSTILE.replace('"', "'") + "\\n\\n# Heading\\n-->\\n- [x] done" + '"'
    folder.replace(WORKFLOW, "title: Support reply drafting", f"title: {quoted}")
    folder.replace(WORKFLOW, "name: Support console", f"name: {quoted}")
    folder.replace(WORKFLOW, "definition: one ticket answered", f"definition: {quoted}")
    folder.replace("people.yaml", "name: Ben Example", f"name: {quoted}")
    pages = build_handbook(folder.load(), folder.path)
    for path, raw in pages.items():
        text, before = raw.decode(), plain[path].decode()
        assert text.count("\n") == before.count("\n"), "a line broke out"
        starts = [line[:6] for line in text.splitlines() if not line.startswith("#")]
        assert starts == [line[:6] for line in before.splitlines() if not line.startswith("#")]
        own = text.replace("@<!-- -->", "")
        assert own.count("<!--") == own.count("-->") == before.count("-->")
        assert "\u202e" not in text
        outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", own)
        assert "<script" not in outside_code.replace(r"\<", "")
        assert not re.search(r"(?<!\\)\[a\]", outside_code)
        assert "@everyone" not in outside_code


def test_a_markdown_parser_sees_the_same_page_whatever_the_files_say(
    folder: OrganisationFolder,
) -> None:
    def parse(raw: bytes) -> tuple[list[str], set[str]]:
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(raw.decode())
        inline = {
            f"{one.type} {one.content}" if one.type == "html_inline" else one.type
            for token in tokens
            for one in token.children or ()
        }
        return [f"{one.type}{one.tag}" for one in tokens], inline - {"html_inline <!-- -->"}

    plain = render(folder)
    for place, old in (
        (WORKFLOW, "title: Support reply drafting"),
        (WORKFLOW, "name: Support console"),
        (WORKFLOW, "definition: one ticket answered"),
        ("people.yaml", "name: Ben Example"),
    ):
        folder.replace(
            place, old, f'{old.partition(":")[0]}: "{HOSTILE}\\n\\n# H\\n-->\\n- [x] y"'
        )
    for path, raw in build_handbook(folder.load(), folder.path).items():
        assert raw != plain[path]
        assert parse(raw) == parse(plain[path])


@pytest.mark.parametrize("text", ["a`b", "``", "`", "", "a``b`", "\n`\n"])
def test_a_code_span_is_closed_by_nothing_inside_it(text: str) -> None:
    span = to_code(text)
    fence = re.match(r"`+", span)
    assert fence is not None
    inner = span[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall(r"`+", inner)
    assert "\n" not in span


def test_no_mark_of_markdown_survives_unescaped() -> None:
    assert escape("<b>*_`[x](y)#|~&!\\") == r"\<b\>\*\_\`\[x\](y)\#\|\~\&\!\\"
    assert "\n" not in escape("a\n# b\u2028c\x1bd")


@pytest.mark.parametrize("metric", list(GuardMetric))
@pytest.mark.parametrize("action", list(GuardAction))
def test_every_guard_has_words(metric: GuardMetric, action: GuardAction) -> None:
    guard = Guard(
        name="g", metric=metric, above=0.5, window_minutes=5, minimum_calls=3, action=action
    )
    said = describe_guard(guard)
    assert said.startswith("`g`: the ")
    assert said.endswith(".")
