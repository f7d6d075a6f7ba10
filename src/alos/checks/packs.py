"""The packs that every organisation runs, in their order."""

from __future__ import annotations

from alos.checks.base import Pack
from alos.checks.injection import build_injection_pack
from alos.checks.pii import build_pii_pack
from alos.checks.secrets import secrets_pack


def standard_packs() -> list[Pack]:
    """Build the packs of credentials, personal data and injection wording."""
    return [secrets_pack(), build_pii_pack(), build_injection_pack()]
