"""``alos scan`` answers each line of JSON, walks everything else, and never prints a text."""

import json
import random  # noqa: TID251 - seeded samples, not secrets
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from alos.cli.scan import scan_command
from tests.control.organisation_folder import OrganisationFolder

TOKEN = "ghp_" + "".join(random.Random(4).choices("ABCDEFabcdef0123456789xyz", k=36))  # noqa: S311
EMAIL = "ann.lee@acme.io"


def scan(*arguments: str, lines: str | bytes = "") -> Result:
    app = typer.Typer()
    app.command()(scan_command)
    return CliRunner().invoke(app, list(arguments), input=lines)


def answers(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_is_answered_in_its_order_with_offsets_in_characters() -> None:
    documents = [
        {"id": "a", "text": f"Grüße 🎉 an {EMAIL}, bitte"},
        {"id": 2, "text": "nothing here"},
        {"id": "c", "text": f"token={TOKEN}"},
    ]
    result = scan("-", lines="".join(json.dumps(one) + "\n" for one in documents))
    assert result.exit_code == 0
    first, second, third = answers(result)
    (email,) = first["findings"]
    assert (first["id"], email["kind"], email["type"]) == ("a", "pii", "EMAIL_ADDRESS")
    assert documents[0]["text"][email["start"] : email["end"]] == EMAIL
    assert second == {"id": 2, "findings": []}
    (token,) = third["findings"]
    assert set(token) == {"kind", "type", "start", "end", "rule", "confidence"}
    assert (token["kind"], token["type"], token["start"]) == ("secret", "GITHUB_TOKEN", 6)


def test_a_malformed_line_gets_an_error_and_the_others_their_findings() -> None:
    lines = b'{"id": 1\n\n[2]\n{"id": 3, "text": 4}\n\xff\n{"id": 5, "text": "fine"}\n'
    result = scan(lines=lines)
    assert result.exit_code == 2
    assert [one.get("line") for one in answers(result)] == [1, 3, 4, 5, None]
    assert answers(result)[-1] == {"id": 5, "findings": []}


def test_a_file_of_json_lines_is_known_by_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "documents.txt"
    path.write_text(json.dumps({"id": 1, "text": TOKEN}) + "\n", encoding="utf-8")
    result = scan(str(path))
    assert result.exit_code == 0
    assert [one["id"] for one in answers(result)] == [1]


def test_a_folder_is_walked_and_a_credential_in_it_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(TOKEN)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x00" + TOKEN.encode())
    (tmp_path / "notes.md").write_text("nothing to see")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "app.env").write_text(f"GITHUB_TOKEN={TOKEN}\nMAIL={EMAIL}\n")
    (tmp_path / "wide.txt").write_bytes(f"mail {EMAIL}".encode("utf-16"))
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "app.env")
    result = scan(str(tmp_path))
    assert result.exit_code == 1
    found = {Path(str(one["path"])).name: one["findings"] for one in answers(result)}
    assert set(found) == {"app.env", "wide.txt"}
    assert {one["type"] for one in found["app.env"]} == {"GITHUB_TOKEN", "EMAIL_ADDRESS"}
    assert "1 binary left out, 1 folders .git left out, 1 links" in result.stderr


def test_personal_data_alone_does_not_fail_the_build(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(f"Write to {EMAIL}.")
    assert scan(str(tmp_path)).exit_code == 0


def test_what_was_found_is_never_printed(tmp_path: Path) -> None:
    (tmp_path / "app.env").write_text(f"GITHUB_TOKEN={TOKEN}\nMAIL={EMAIL}\n")
    lines = json.dumps({"id": 1, "text": f"{TOKEN} {EMAIL}"}) + f'\n{{"text": "{TOKEN}\n'
    for result in (scan(str(tmp_path)), scan("-", lines=lines)):
        assert TOKEN not in result.output
        assert EMAIL not in result.output


def test_a_place_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert scan(str(tmp_path / "nowhere")).exit_code == 2


def test_an_organisations_dictionaries_are_looked_for_too(tmp_path: Path) -> None:
    folder = OrganisationFolder(tmp_path / "org")
    loaded = folder.load().organisation
    assert loaded is not None
    name, entries = next(iter(sorted(loaded.dictionaries.items())))
    line = json.dumps({"id": 1, "text": f"about {entries[0]} today"})
    assert answers(scan("-", lines=line)) == [{"id": 1, "findings": []}]
    (answer,) = answers(scan("-", "--config", str(folder.path), lines=line))
    assert [(one["kind"], one["type"]) for one in answer["findings"]] == [("forbidden", name)]


@pytest.mark.parametrize("count", [2000])
def test_ten_thousand_documents_take_less_than_a_minute(count: int) -> None:
    lines = "".join(
        json.dumps({"id": at, "text": f"Ticket {at}: please rotate the key. " * 40}) + "\n"
        for at in range(count)
    )
    began = time.thread_time()
    assert scan("-", lines=lines).exit_code == 0
    assert (time.thread_time() - began) * 10_000 / count < 60
