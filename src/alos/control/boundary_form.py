"""The part of ``workflow.yaml`` about where it runs, what may go in and what may not."""

from typing import Annotated, Literal

from pydantic import Field

from alos.control.forms import Day, Form, Name, Slug, Text
from alos.control.organisation_form import DataClassWord
from alos.domain.boundary import BoundaryAction, OpaqueKind, PiiAction
from alos.domain.workflow import SurfaceKind

Detector = Literal["secrets", "pii", "injection"]
"""A family of detectors of :mod:`alos.checks`."""


class AttestationForm(Form):
    """Somebody's dated word for what an external surface does."""

    owner: Name
    """The id of the person who vouches for it."""
    evidence: Text
    """The vendor's attestation: its title or URL."""
    evidence_date: Day
    """The day of the evidence."""
    expires_on: Day
    """The last day it is taken for good."""


class SurfaceForm(Form):
    """The sanctioned place the workflow runs."""

    name: Text
    """What people call it, e.g. Support console."""
    kind: Annotated[SurfaceKind, Field(strict=False)]
    """`gateway` where calls pass the gateway, else `external`."""
    client: Text | None = None
    """The start of the User-Agent its calls carry; another one is a near miss."""
    sso: bool
    """Whether people reach it only by the company's login."""
    offboarding: bool
    """Whether a person who left loses it by the directory alone."""
    attestation: AttestationForm | None = None
    """Required for an external surface."""


class ByHandForm(Form):
    """A named person's dated word that a procedure keeps a class out."""

    person: Name
    """The person's id."""
    procedure: Text
    """What is done."""
    expires_on: Day
    """The last day it is taken for good."""


class ForbiddenForm(Form):
    """How one forbidden class is recognised, and what then happens."""

    action: Annotated[BoundaryAction, Field(strict=False)]
    """`block`, `redact`, `tokenise` (reversible) or `flag`; credentials are always blocked."""
    detectors: list[Detector] = Field(default_factory=list)
    """Families of detectors: secrets, pii, injection."""
    dictionaries: list[Slug] = Field(default_factory=list)
    """Dictionaries of `alos.yaml`."""
    by_hand: ByHandForm | None = None
    """A procedure, where no detector can tell."""


class AllowedForm(Form):
    """A kind of input that is meant to go in."""

    name: Slug
    """What it is, e.g. ticket-text."""
    data_class: DataClassWord
    """Its class; every model of the route must be approved for it."""
    examples: list[Text] = Field(min_length=1)
    """Examples; each must pass the gate."""


class BoundaryForm(Form):
    """Allowed and forbidden inputs."""

    forbidden: dict[DataClassWord, ForbiddenForm]
    """What must not go in, by class."""
    allowed: list[AllowedForm] = Field(min_length=1)
    """What may go in, with examples."""
    pii: Annotated[PiiAction, Field(strict=False)]
    """Where a model is not approved for it: `block`, `redact`, `tokenise` or `reroute`."""
    opaque: list[Annotated[OpaqueKind, Field(strict=False)]] = Field(default_factory=list)
    """Parts that may pass unscanned, e.g. image or pdf; all others are refused."""
    hosted_tools: list[Name] = Field(default_factory=list)
    """Tools that may run at the provider, by the provider's name."""
    shadow: dict[DataClassWord, ForbiddenForm] = Field(default_factory=dict)
    """Rules on trial: calls they would block or redact are counted and go through."""
