"""Builds the whole installation from its settings; the only place that makes adapters."""

from alos.providers.local_model import MODEL_NAME, LocalModel, LocalModelFailed, ModelMissing
from alos.server.bootstrap.configuration import ConfigurationProblems
from alos.server.bootstrap.folders import open_call_index, open_ledger_home
from alos.server.bootstrap.installation import Installation, build

__all__ = [
    "MODEL_NAME",
    "ConfigurationProblems",
    "Installation",
    "LocalModel",
    "LocalModelFailed",
    "ModelMissing",
    "build",
    "open_call_index",
    "open_ledger_home",
]
