"""Every wire format there is, and the path each is served under."""

from collections.abc import Mapping

from alos.gateway.wire.openai_chat import OpenAiChat
from alos.ports.wire import WireFormat

FORMATS: Mapping[str, WireFormat] = {one.name: one for one in (OpenAiChat(),)}
"""By name."""
