"""Assembles the pack that finds personal data: structured identifiers, validated, in context."""

from __future__ import annotations

from dataclasses import dataclass

from alos.checks.base import Pack, digest
from alos.checks.identifiers import load_rules
from alos.checks.phones import Phones
from alos.checks.pii_codes import code_triggers
from alos.checks.pii_columns import Columns
from alos.checks.pii_contact import email_triggers
from alos.checks.pii_context import build_labels
from alos.checks.pii_fields import load_fields
from alos.checks.pii_network import Networks
from alos.checks.pii_numbers import build_numbers
from alos.checks.pii_payment import iban_triggers
from alos.checks.pii_wallets import wallet_triggers

__all__ = ["PiiSettings", "build_pii_pack"]

CODE_VERSION = b"pii/3"
"""Changes with the code of the confirmations, so that cached verdicts end with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PiiSettings:
    """What an organisation may choose about personal data.

    Attributes:
        phone_regions: ISO 3166 regions whose national telephone form counts without a label.
        private_addresses: Count IP addresses of private ranges too.
    """

    phone_regions: tuple[str, ...] = ("US", "GB", "DE")
    private_addresses: bool = False


def build_pii_pack(settings: PiiSettings | None = None) -> Pack:
    """Build the pack of kind `pii`; the finding types are those of the docs page on detectors."""
    chosen = settings if settings is not None else PiiSettings()
    rules = load_rules()
    labels = build_labels(rules.labels)
    phones = Phones(regions=chosen.phone_regions, labels=labels)
    networks = Networks(labels=labels, private_addresses=chosen.private_addresses)
    fields = load_fields()
    numbers = build_numbers(rules.numbers, labels=labels, phones=phones)
    columns = Columns(
        labels=build_labels((*rules.labels, *fields.labels)), numbers=numbers, values=fields.values
    )
    return Pack(
        name="pii",
        digest=digest(CODE_VERSION, repr(chosen).encode(), *rules.source, fields.source),
        triggers=(
            *email_triggers(),
            *iban_triggers(),
            *phones.triggers(),
            *numbers.triggers(),
            *code_triggers(rules.codes, labels=labels),
            *networks.triggers(),
            *wallet_triggers(),
            *fields.triggers,
        ),
        sweeps=columns.sweeps(),
    )
