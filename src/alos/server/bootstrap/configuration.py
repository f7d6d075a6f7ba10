"""Reads the organisation's files, and refuses to start from files that hold errors."""

from collections.abc import Sequence
from pathlib import Path

from alos.checks.catalogue import Scanner
from alos.control.detectors import build_detectors
from alos.control.registry import load_organisation
from alos.control.standing import Configuration
from alos.domain.ids import Digest


class ConfigurationProblems(Exception):  # noqa: N818 - a "no" to the operator
    """The files hold errors, so nothing may be served from them."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(f"{len(lines)} problems")
        self.lines = lines


def read_configuration(folder: Path) -> tuple[Scanner, Configuration]:
    """Build the detectors and read the organisation's files.

    Raises:
        ConfigurationProblems: every error, one line each.
    """
    loaded = load_organisation(folder)
    if not loaded.is_usable or loaded.organisation is None or loaded.people is None:
        raise ConfigurationProblems([str(one) for one in loaded.problems if one.is_error])
    scanner = build_detectors(loaded.organisation)
    configuration = Configuration(
        organisation=loaded.organisation,
        people=loaded.people,
        bundles=loaded.bundles,
        policy=loaded.policy or Digest(""),
    )
    return scanner, configuration
