"""The generated reference pages say what the code says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", REFERENCE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted(load_generator().PAGES))
def test_a_generated_page_is_current(page: str) -> None:
    written = (REFERENCE / page).read_text(encoding="utf-8")
    assert written == load_generator().PAGES[page](), "run: python docs/reference/generate.py"
