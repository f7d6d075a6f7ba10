"""Makes the JSON Schemas that complete and check the YAML files in an editor.

``python -m alos.control.schemas`` writes them anew; a test holds that they are current.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from alos.control.forms import Form
from alos.control.golden import GoldenForm
from alos.control.organisation_form import OrganisationForm
from alos.control.people import PeopleForm
from alos.control.workflow_form import WorkflowForm

FORMS: Mapping[str, type[Form]] = {
    "alos.schema.json": OrganisationForm,
    "people.schema.json": PeopleForm,
    "workflow.schema.json": WorkflowForm,
    "evals.schema.json": GoldenForm,
}
FOLDER = Path(__file__).parent.parent / "data" / "schemas"


def build_schemas() -> dict[str, str]:
    """The text of each schema file, by file name."""
    return {name: _build(form) for name, form in FORMS.items()}


def _build(form: type[Form]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= form.model_json_schema(mode="validation")
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Write every schema file into a folder, over what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in build_schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_schemas(FOLDER)
    sys.stdout.write(f"{len(FORMS)} schemas written to {FOLDER}\n")
