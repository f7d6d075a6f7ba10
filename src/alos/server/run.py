"""Opens the sockets, serves until told to stop, and closes in order."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator

import uvicorn

from alos.server.asgi import Application
from alos.server.bootstrap import Installation, build
from alos.server.http_guard import build_protocol
from alos.server.settings import Settings, SettingsError

_logger = logging.getLogger(__name__)

_GRACE_SECONDS = 10
_CHECK_SECONDS = 0.05
_LONGEST_SOCKET_PATH = 100
"""Bytes; the smallest bound of the systems we run on is 104, with an end mark."""
_COLLECT_AFTER = 20_000
"""Objects; a call makes some hundred, and nearly all of them die with it by themselves."""


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us: there are two of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def run(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: how to run.
        announce: shows a text once to whoever starts this, and keeps it nowhere.

    Raises:
        ConfigurationProblems, SettingsError, Fault, OSError: it could not start.
    """
    if len(os.fsencode(settings.socket)) > _LONGEST_SOCKET_PATH:
        raise SettingsError(
            f"{settings.socket} is too long a path for a local socket; choose a shorter ALOS_HOME"
        )
    installation = await build(settings)
    if installation.set_up_token is not None:
        announce(_write_set_up(installation.set_up_token))
    gc.collect()
    gc.freeze()  # what lives for ever is not looked through again at each collection
    gc.set_threshold(_COLLECT_AFTER, 20, 50)
    try:
        await _serve(settings, installation)
    finally:
        await installation.close()


def _write_set_up(token: str) -> str:
    return (
        "Nobody has signed in here yet. Within an hour the executive sponsor can, once, with\n\n"
        f"    alos login --setup-token {token}\n\n"
        "This is the only time it is shown."
    )


async def _serve(settings: Settings, installation: Installation) -> None:
    settings.socket.unlink(missing_ok=True)
    public = _Server(_configure(installation.public, host=settings.host, port=settings.port))
    local = _Server(_configure(installation.local, uds=str(settings.socket)))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        public.should_exit = local.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    before = os.umask(0o177)  # the socket is born with mode 0600
    serving_locally = asyncio.ensure_future(local.serve())
    while not local.started and not serving_locally.done():  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(_CHECK_SECONDS)
    os.umask(before)
    settings.socket.chmod(0o600)
    serving = asyncio.ensure_future(public.serve())
    kind = "dev (what is unreleased is served)" if settings.dev else "production"
    _logger.info("http://%s:%d, folder %s: %s", settings.host, settings.port, settings.home, kind)
    try:
        done, _ = await asyncio.wait(
            {serving, serving_locally}, return_when=asyncio.FIRST_COMPLETED
        )
        stop()
        await asyncio.wait({serving, serving_locally})
        for ended in done:
            ended.result()
    finally:
        settings.socket.unlink(missing_ok=True)


def _configure(
    application: Application, *, host: str = "", port: int = 0, uds: str | None = None
) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        uds=uds,
        loop="none",
        http=build_protocol() if uds is None else "httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=2048,
    )
