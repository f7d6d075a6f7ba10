"""Reads the product's own source as syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "alos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of the package."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Source":
        """Parses a file's text."""
        return cls(path=path, text=text, tree=ast.parse(text, path))

    def line(self, number: int) -> str:
        """The text of a line, numbered as in `ast`."""
        return self.text.splitlines()[number - 1]


def sources(under: str = "") -> Iterator[Source]:
    """Every Python file of the package, or of one of its folders."""
    for file in sorted((PACKAGE / under).rglob("*.py")):
        yield Source.of(str(file.relative_to(PACKAGE)), file.read_text("utf-8"))


def imported_packages(source: Source) -> set[str]:
    """The first names of everything a file imports, at the top or inside functions."""
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found
