"""The secrets pack: everything that finds credentials and private keys in a text."""

from __future__ import annotations

from importlib import resources

from alos.checks.base import Pack, digest
from alos.checks.secrets_carriers import carrier_triggers
from alos.checks.secrets_commands import command_triggers
from alos.checks.secrets_context import assignment_trigger
from alos.checks.secrets_nearby import nearby_triggers
from alos.checks.secrets_prose import prose_triggers
from alos.checks.secrets_shapes import load_shapes, shape_trigger
from alos.checks.secrets_structure import structure_triggers

CODE_VERSION = b"secrets/10"
"""Changes with the code of the confirmations, so that cached verdicts end with it."""


def secrets_pack() -> Pack:
    """Build the secrets pack from the rule data that ships with the package."""
    rules = resources.files("alos.data") / "rules"
    shapes = (rules / "secrets.toml").read_text("utf-8")
    vendors = (rules / "secrets_vendors.toml").read_text("utf-8")
    return Pack(
        name="secrets",
        digest=digest(CODE_VERSION, shapes.encode(), vendors.encode()),
        triggers=(
            *map(shape_trigger, load_shapes(shapes)),
            *structure_triggers(),
            assignment_trigger(),
            *carrier_triggers(),
            *command_triggers(),
            *prose_triggers(),
            *nearby_triggers(vendors),
        ),
    )
