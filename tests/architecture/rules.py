"""What may stand where: each rule returns the places that break it as `file:line`."""

import ast
import sys
from collections.abc import Iterable, Iterator

from tests.architecture.source import Source, imported_packages

DOORS = ("api/", "cli/", "console/", "gateway/")
LAST_RESORT_FILES = ("pipeline/run.py", "pipeline/streams.py", "server/jobs.py")
LAST_RESORT_MARK = "# last resort"
SETTINGS = "server/settings.py"


def makers_of(name: str, sources: Iterable[Source], *, home: str) -> list[str]:
    """Places outside `home` (a module or a package) that construct a class."""
    return [
        f"{source.path}:{node.lineno}"
        for source in sources
        if not (source.path == f"{home}.py" or source.path.startswith(f"{home}/"))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and _last_name(node.func) == name
    ]


def blind_excepts(sources: Iterable[Source]) -> list[str]:
    """Handlers of everything that do not raise in their turn, outside the marked places."""
    return [
        f"{source.path}:{handler.lineno}"
        for source in sources
        for handler in ast.walk(source.tree)
        if isinstance(handler, ast.ExceptHandler)
        and _is_blind(handler)
        and not _is_marked_place(source, handler)
    ]


def readers_of_the_environment(sources: Iterable[Source]) -> list[str]:
    """Uses of `os.environ`, `os.getenv` and their kin outside the settings."""
    return [
        f"{source.path}:{line}"
        for source in sources
        if source.path != SETTINGS
        for line in _environment_lines(source.tree)
    ]


def beyond_the_standard_library(sources: Iterable[Source]) -> list[str]:
    """Imports of a domain file that are neither the standard library nor the domain."""
    return [
        f"{source.path}: {name}"
        for source in sources
        for name in sorted(imported_packages(source))
        if name not in sys.stdlib_module_names and name != "alos"
    ]


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""


def _is_blind(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise):  # the same error, or one of ours in its place
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or _last_name(kind) in {"Exception", "BaseException"} for kind in kinds
    )


def _is_marked_place(source: Source, handler: ast.ExceptHandler) -> bool:
    if source.path in LAST_RESORT_FILES:
        return True
    return source.path.startswith(DOORS) and LAST_RESORT_MARK in source.line(handler.lineno)


def _environment_lines(tree: ast.Module) -> Iterator[int]:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attribute) if attribute in names:
                yield node.lineno
            case ast.ImportFrom(module="os", names=aliases) if names & {a.name for a in aliases}:
                yield node.lineno
