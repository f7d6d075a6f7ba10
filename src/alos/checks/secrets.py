"""The secrets pack: everything that finds credentials and private keys in a text."""

from __future__ import annotations

from importlib import resources

from alos.checks.base import Pack, digest
from alos.checks.secrets_shapes import load_shapes, shape_trigger
from alos.checks.secrets_structure import structure_triggers

_VERSION = b"secrets/1"


def secrets_pack() -> Pack:
    """Build the secrets pack from the rule data that ships with the package."""
    source = (resources.files("alos.data") / "rules" / "secrets.toml").read_text("utf-8")
    return Pack(
        name="secrets",
        digest=digest(_VERSION, source.encode()),
        triggers=(*map(shape_trigger, load_shapes(source)), *structure_triggers()),
    )
