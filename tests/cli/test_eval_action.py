"""The reusable action and the how-to: every command, option and input in them exists."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from alos.cli.evals import app

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "actions" / "eval-gate" / "action.yml"
HOW_TO = ROOT / "docs" / "how-to" / "gate-a-pull-request.md"


def read_action() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(ACTION.read_text())
    return document


def get_script() -> str:
    return str(read_action()["runs"]["steps"][0]["run"])


def list_options(name: str) -> set[str]:
    group: Any = typer.main.get_command(app)  # its classes are typer's own
    return {
        option
        for one in group.commands[name].params
        for option in (*one.opts, *one.secondary_opts)
    }


def test_the_script_is_bash() -> None:
    subprocess.run(["bash", "-n"], input=get_script(), text=True, check=True)  # noqa: S607


def test_the_file_holds_nothing_but_what_github_documents() -> None:
    """Of a composite action: docs.github.com, "Metadata syntax for GitHub Actions"."""
    action = read_action()
    assert {"name", "description", "runs"} <= action.keys()
    assert action.keys() <= {
        "name",
        "author",
        "description",
        "inputs",
        "outputs",
        "runs",
        "branding",
    }
    for one in action["inputs"].values():
        assert "description" in one
        assert one.keys() <= {"description", "required", "default", "deprecationMessage"}
        assert isinstance(one.get("default", ""), str), "an input is a string"
    for one in action["outputs"].values():
        assert one.keys() == {"description", "value"}
    assert action["runs"].keys() == {"using", "steps"}
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert step.keys() <= {
            "continue-on-error", "env", "id", "if", "name", "run", "shell", "uses", "with",
            "working-directory",
        }  # fmt: skip
        assert ("run" in step) == ("shell" in step), "a step that runs names its shell"
        assert ("run" in step) != ("uses" in step)
    ids = {step["id"] for step in action["runs"]["steps"]}
    for one in action["outputs"].values():
        assert set(re.findall(r"steps\.(\w+)\.", one["value"])) <= ids


def test_every_option_in_the_action_is_one_of_the_commands() -> None:
    script = get_script()
    call = script[script.index("alos eval gate") : script.index("|| status")]
    used = set(re.findall(r"--[a-z-]+", call)) | {"--base"}
    assert {"--config", "--repeats", "--junit", "--markdown", "--statement"} <= used
    assert used <= list_options("gate")


def test_inputs_come_through_the_environment_alone_and_are_declared() -> None:
    action = read_action()
    step = action["runs"]["steps"][0]
    named = {re.sub(r".*inputs\.(\w+).*", r"\1", value) for value in step["env"].values()}
    assert named == set(action["inputs"])
    assert "${{" not in step["run"], "an input in a command is a way to run one"
    assert set(re.findall(r"\$(IN_\w+)", step["run"])) == {
        name for name in step["env"] if name.startswith("IN_")
    }
    assert action["inputs"]["key"].get("required", False) is False


@pytest.mark.parametrize("page", [HOW_TO, ROOT / "docs" / "reference" / "graders.md"])
def test_every_eval_command_of_the_pages_exists(page: Path) -> None:
    text = page.read_text().replace("\\\n", " ")
    found = re.findall(r"alos eval ([a-z]+)([^`\n#]*)", text)
    assert found
    for name, rest in found:
        assert set(re.findall(r"--[a-z-]+", rest)) <= list_options(name), (name, rest)
