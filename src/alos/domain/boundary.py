"""What may go into a workflow and what may not, in classes that models are approved for too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from alos.domain.ids import PersonId


class DataClass(StrEnum):
    """A kind of content; a model is approved for some, a boundary forbids some.

    Credentials are a class that a boundary forbids and that no model is ever approved for.
    """

    PUBLIC = "public"
    INTERNAL = "internal"
    PII = "pii"
    CUSTOMER_DATA = "customer_data"
    INCIDENT_DETAILS = "incident_details"
    UNRELEASED_FINANCIALS = "unreleased_financials"
    REGULATED_DATA = "regulated_data"
    CREDENTIALS = "credentials"


class BoundaryAction(StrEnum):
    """What happens to an input of a forbidden class."""

    BLOCK = "block"
    REDACT = "redact"
    TOKENISE = "tokenise"
    """Redact, with tokens that a named role can reverse; never for credentials."""
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledByHand:
    """A named person's dated word that a class is kept out by a procedure, not a detector."""

    person: PersonId
    procedure: str
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbiddenInput:
    """One class that must not go in, and how it is recognised: at least one of the three."""

    data_class: DataClass
    action: BoundaryAction
    detectors: tuple[str, ...] = ()
    dictionaries: tuple[str, ...] = ()
    by_hand: HandledByHand | None = None


FORBIDDEN_CLASSES = (
    DataClass.CREDENTIALS,
    DataClass.CUSTOMER_DATA,
    DataClass.INCIDENT_DETAILS,
    DataClass.UNRELEASED_FINANCIALS,
    DataClass.REGULATED_DATA,
)
"""The classes that every boundary takes a stand on: forbidden, or allowed with an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedInput:
    """A kind of input that is meant to go in, with examples that must pass the gate."""

    name: str
    data_class: DataClass
    examples: tuple[str, ...]


class PiiAction(StrEnum):
    """What happens when personal data meets a model that is not approved for it.

    ``reroute`` drops that candidate and refuses where none is left.
    """

    BLOCK = "block"
    REDACT = "redact"
    TOKENISE = "tokenise"
    REROUTE = "reroute"


class OpaqueKind(StrEnum):
    """A part of a request that no detector can read."""

    IMAGE = "image"
    AUDIO = "audio"
    PDF = "pdf"
    FILE_REFERENCE = "file_reference"
    REMOTE_URL = "remote_url"
    STORED_STATE = "stored_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Allowed and forbidden inputs.

    Attributes:
        opaque: kinds that may pass unscanned, and are recorded as such; all others are refused.
        hosted_tools: provider-run tools that may be asked for, by the provider's name.
        shadow: rules that are only counted: what each would have done.
    """

    forbidden: Mapping[DataClass, ForbiddenInput]
    allowed: tuple[AllowedInput, ...]
    pii: PiiAction
    opaque: frozenset[OpaqueKind] = frozenset()
    hosted_tools: frozenset[str] = frozenset()
    shadow: Mapping[DataClass, ForbiddenInput] = field(default_factory=dict)
