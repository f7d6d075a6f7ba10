"""pydantic-ai with only base URL and key changed, against the real model."""

from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from tests.e2e.gateway import Gateway

pytestmark = pytest.mark.timeout(300)


class Mood(BaseModel):
    """What a structured answer has to be."""

    is_happy: bool


@pytest.fixture
async def model(gateway: Gateway, key: str) -> AsyncIterator[OpenAIChatModel]:
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=key, timeout=250) as client:
        yield OpenAIChatModel("small-local", provider=OpenAIProvider(openai_client=client))


async def test_a_plain_run(model: OpenAIChatModel) -> None:
    agent = Agent(model, instructions="Answer in one short sentence.")
    result = await agent.run(
        "What is the capital of France?", model_settings={"max_tokens": 24, "temperature": 0}
    )
    assert "Paris" in result.output
    assert result.usage.output_tokens > 0


async def test_a_streamed_run(model: OpenAIChatModel) -> None:
    agent = Agent(model, instructions="Answer in one short sentence.")
    settings = {"max_tokens": 24, "temperature": 0}
    async with agent.run_stream(
        "What is the capital of France?",
        model_settings=settings,  # type: ignore[arg-type]  # a typed dictionary of theirs
    ) as result:
        assert "Paris" in await result.get_output()


async def test_a_structured_run(model: OpenAIChatModel) -> None:
    agent = Agent(model, output_type=NativeOutput(Mood))
    result = await agent.run(
        "I won a prize. Am I happy?", model_settings={"max_tokens": 40, "temperature": 0}
    )
    assert isinstance(result.output, Mood)
