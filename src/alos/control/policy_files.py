"""Reads a policy that came as files, to try it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from alos.checks.base import ScannerFault
from alos.control.detectors import build_detectors
from alos.control.policy_trial import TriedPolicy
from alos.control.refused import ChangeRefused
from alos.control.registry import load_organisation
from alos.control.standing import to_standing_model, to_standing_workflow
from alos.domain.people import People

LARGEST_CHARACTERS = 8_000_000


def prepare_policy(files: Mapping[str, str], people: People) -> TriedPolicy:
    """Write the files to a folder that ends with this call, read and compile them (blocks).

    Raises:
        ChangeRefused: a path leaves the folder, the files are too large or hold mistakes.
    """
    if sum(map(len, files.values())) > LARGEST_CHARACTERS:
        raise ChangeRefused("the files are larger than a trial takes (8,000,000 characters)")
    with tempfile.TemporaryDirectory(prefix="alos-policy-") as name:
        folder = Path(name)
        for path, text in files.items():
            place = _get_place(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        loaded = load_organisation(folder)
    organisation = loaded.organisation
    if organisation is None or not loaded.is_usable:
        first = next(problem for problem in loaded.problems if problem.is_error)
        raise ChangeRefused(
            f"{first.path}, line {first.line}: {first.message}; `alos check` tells all of them"
        )
    try:
        scanner = build_detectors(organisation)
    except (ScannerFault, ValueError) as error:
        raise ChangeRefused(f"the detectors can't be built: {error}") from error
    return TriedPolicy(
        workflows={
            bundle.id: to_standing_workflow(bundle, organisation, people)
            for bundle in loaded.bundles.values()
        },
        models={
            model.name: to_standing_model(model, organisation.vendors[model.vendor])
            for model in organisation.models.values()
        },
        scanner=scanner,
    )


def _get_place(folder: Path, path: str) -> Path:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise ChangeRefused("a file of the policy is not below its folder")
    return folder.joinpath(*parts)
