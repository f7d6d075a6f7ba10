"""Every wire format there is."""

from collections.abc import Mapping

from alos.gateway.wire.anthropic_messages import AnthropicCountTokens, AnthropicMessages
from alos.gateway.wire.openai_chat import OpenAiChat
from alos.gateway.wire.openai_embeddings import OpenAiEmbeddings
from alos.gateway.wire.openai_responses import OpenAiResponses
from alos.ports.wire import WireFormat

_ALL: tuple[WireFormat, ...] = (
    OpenAiChat(),
    OpenAiEmbeddings(),
    OpenAiResponses(),
    AnthropicMessages(),
    AnthropicCountTokens(),
)

FORMATS: Mapping[str, WireFormat] = {one.name: one for one in _ALL}
"""By name."""
