"""Builds the whole installation from its settings; the only place that makes adapters."""

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
