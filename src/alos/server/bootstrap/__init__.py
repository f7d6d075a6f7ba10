"""Builds the whole installation from its settings; the only place that makes adapters.

Each name is imported when it is asked for: a command that only reads a data folder must not load
a gateway first.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from alos.providers.local_model import MODEL_NAME, LocalModel, LocalModelFailed, ModelMissing
    from alos.server.bootstrap.configuration import ConfigurationProblems
    from alos.server.bootstrap.folders import open_call_index, open_ledger_home
    from alos.server.bootstrap.installation import Installation, build
    from alos.store.ledger_witness import GIT, fetch_witness
    from alos.store.ledger_witness import WitnessFailedError as WitnessFailed

__all__ = [
    "GIT",
    "MODEL_NAME",
    "ConfigurationProblems",
    "Installation",
    "LocalModel",
    "LocalModelFailed",
    "ModelMissing",
    "WitnessFailed",
    "build",
    "fetch_witness",
    "open_call_index",
    "open_ledger_home",
]
_PLACES: Final = {
    "GIT": "alos.store.ledger_witness",
    "fetch_witness": "alos.store.ledger_witness",
    "WitnessFailed": "alos.store.ledger_witness",
    "MODEL_NAME": "alos.providers.local_model",
    "LocalModel": "alos.providers.local_model",
    "LocalModelFailed": "alos.providers.local_model",
    "ModelMissing": "alos.providers.local_model",
    "ConfigurationProblems": "alos.server.bootstrap.configuration",
    "open_call_index": "alos.server.bootstrap.folders",
    "open_ledger_home": "alos.server.bootstrap.folders",
    "Installation": "alos.server.bootstrap.installation",
    "build": "alos.server.bootstrap.installation",
}
_NAMES: Final = {"WitnessFailed": "WitnessFailedError"}


def __getattr__(name: str) -> Any:
    """Import a name at its first use (PEP 562)."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(place), _NAMES.get(name, name))
