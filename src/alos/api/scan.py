"""Looks at a text with the detectors in force."""

from collections.abc import Callable
from functools import cache
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import Field

from alos.api.access import Caller, May
from alos.api.body import Body
from alos.checks.catalogue import Scanner
from alos.checks.names import NamesToo, load_names
from alos.domain.action import Action

Anybody = Annotated[Caller, Depends(May(Action.SCAN))]


class ScanRequest(Body):
    """A text to look at."""

    id: str | int | None = Field(default=None, description="comes back with the findings")
    text: str = Field(max_length=100_000)
    names: bool = Field(
        default=False,
        description="guess names of people and places, too: types PERSON and LOCATION, rules"
        " guess/…, confidence 0.3; they miss many, and no call is read by them",
    )


class FindingAnswer(Body):
    """One finding; never what was found."""

    kind: str
    type: str
    start: int = Field(description="first character")
    end: int = Field(description="one past the last character")
    rule: str
    confidence: float


class ScanAnswer(Body):
    """What the detectors in force find in a text."""

    id: str | int | None
    findings: list[FindingAnswer]


def add_scan(app: FastAPI, scanner: Callable[[], Scanner]) -> None:
    """Add the endpoint of the scanner; the lists of names are read when first asked for."""
    lists = cache(load_names)

    @app.post("/api/v1/scan")
    async def scan(document: ScanRequest, _caller: Anybody) -> ScanAnswer:
        """What the detectors find in a text; it is neither kept nor recorded."""
        looks = NamesToo(scanner(), lists()) if document.names else scanner()
        return ScanAnswer(
            id=document.id,
            findings=[
                FindingAnswer(
                    kind=one.kind,
                    type=one.type,
                    start=one.start,
                    end=one.end,
                    rule=one.rule,
                    confidence=one.confidence,
                )
                for one in looks.scan(document.text)
            ],
        )
