"""The model door's paths: what each one is called inside, and whose error shape it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass

from alos.gateway.wire.formats import FORMATS

MODELS = "models"
"""The pipeline's name for a listing of what a key may use."""
NOWHERE = ""
"""The pipeline's name for a request that no format takes; it is recorded and refused."""

OPENAI = "openai-chat"
ANTHROPIC = "anthropic-messages"


@dataclass(frozen=True, slots=True)
class Route:
    """One served path.

    Attributes:
        wire_format: what the pipeline is told.
        speaks: name of the format whose error shape answers here; empty where it depends on
            who asks.
        allow: the method, as the header says it.
    """

    method: str
    wire_format: str
    speaks: str
    allow: bytes


def list_routes() -> Mapping[str, Route]:
    """Every path that the door serves."""
    routes = {
        one.upstream_path: Route("POST", one.name, one.name, b"POST") for one in FORMATS.values()
    }
    routes["/v1/models"] = Route("GET", MODELS, "", b"GET")
    return routes


def get_speaker(path: str, headers: Mapping[bytes, bytes]) -> str:
    """Whose error shape fits a path that is not served, or that two families share."""
    if path.startswith("/v1/messages") or b"anthropic-version" in headers:
        return ANTHROPIC if ANTHROPIC in FORMATS else OPENAI
    return OPENAI
