"""``alos demo``: a scratch organisation, a real small model, and calls that show the gate."""

import http.client
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alos.cli.client import EXIT_DOWN, EXIT_NO
from alos.cli.demo_calls import Row, Visitor
from alos.cli.demo_organisation import (
    QUESTIONS,
    SUPPORT,
    Upstream,
    VendorChoice,
    get_vendor,
    write_organisation,
)
from alos.cli.demo_release import RELEASE, Company
from alos.control.scaffold import ScaffoldRefused
from alos.server.bootstrap import (
    MODEL_NAME,
    LocalModel,
    LocalModelFailed,
    ModelMissing,
)

_READY_SECONDS = 90
_console = Console()


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Exit when done; non-zero if anything surprised.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder to work in; a temporary one unless given.")
    ] = None,
    vendor: Annotated[
        VendorChoice, typer.Option(help="Who answers: the local model, or a vendor you pay.")
    ] = VendorChoice.LOCAL,
) -> None:
    """Watch real calls go through the gate, and what the gate does about each."""
    signal.signal(signal.SIGTERM, _end)
    folder = home or Path(tempfile.mkdtemp(prefix="alos-demo-"))
    model: LocalModel | None = None
    gateway: subprocess.Popen[bytes] | None = None
    try:
        if vendor is VendorChoice.LOCAL:
            model = LocalModel()
            _say("Starting a real language model on this machine (SmolLM2, 135 million weights)…")
            upstream = _start_model(model)
        else:
            upstream = get_vendor(vendor)
        try:
            write_organisation(folder, upstream)
        except ScaffoldRefused as error:
            _say(str(error))
            raise typer.Exit(EXIT_NO) from None
        _say(f"Wrote a scratch organisation to {folder}.")
        data = folder / ".alos"
        url, gateway = _start_gateway(folder, data)
        _say(f"The gateway listens on {url}. Now the calls, through the openai SDK:\n")
        visitor = Visitor(url, data)
        rows = visitor.visit(_show_progress)
        _show(rows)
        surprises = [row.as_expected for row in rows] + _release(
            Company(url, folder, data), visitor
        )
        if once:
            if not all(surprises):
                _say(f"{surprises.count(False)} of {len(surprises)} did not end as expected.")
                raise typer.Exit(EXIT_NO)
            _say(f"All {len(surprises)} ended as expected.")
            return
        _invite(url, data, rows)
        _wait(gateway)
    finally:
        if gateway is not None and gateway.poll() is None:
            gateway.send_signal(signal.SIGTERM)
            gateway.wait(timeout=20)
        if model is not None:
            model.stop()


def _end(*_: object) -> None:
    """Leave by the way that stops what was started."""
    raise typer.Exit(128 + signal.SIGTERM)


def _start_model(model: LocalModel) -> Upstream:
    try:
        started = model.start(lambda text: _say(f"  {text}"))
    except LocalModelFailed as error:
        _say(f"The model did not start: {error}")
        raise typer.Exit(EXIT_DOWN) from None
    if isinstance(started, ModelMissing):
        _say(str(started))
        raise typer.Exit(EXIT_DOWN)
    return Upstream(base_url=started, model=MODEL_NAME, credential="", vendor="local")


def _start_gateway(folder: Path, data: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start `alos serve` as any operator would, and wait until it is ready."""
    port = _find_free_port()
    log = (folder / "gateway.log").open("wb")
    command = [sys.executable, "-m", "alos", "serve", "--dev", "--config", str(folder)]
    command += ["--home", str(data)]
    gateway = subprocess.Popen([*command, "--port", str(port)], stderr=log, stdout=log)  # noqa: S603 - our own words
    log.close()
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if gateway.poll() is not None:
            break
        if _is_ready(port):
            return url, gateway
        time.sleep(0.05)
    gateway.kill()
    _say(f"The gateway did not start; its words are in {folder / 'gateway.log'}.")
    raise typer.Exit(EXIT_DOWN)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _say(text: str) -> None:
    _console.print(text, highlight=False, markup=False)


def _show_progress(tried: str) -> None:
    _console.print(f"  • {tried}…", highlight=False, markup=False)


def _show(rows: list[Row]) -> None:
    """The table: what was tried, what happened, why, and where it is written down."""
    table = Table(show_lines=True, title="What happened to each call", expand=True)
    for column, ratio in (("what was tried", 4), ("what happened", 4), ("why", 6)):
        table.add_column(column, ratio=ratio)
    table.add_column("USD", justify="right", no_wrap=True)
    for row in rows:
        tried = Text.assemble(("✓ ", "green") if row.as_expected else ("✗ ", "red"), row.tried)
        happened = Text(row.happened)
        if not row.as_expected:
            happened.append(f"\nexpected {row.expected}, got {row.got}", style="red")
        table.add_row(tried, happened, Text(row.why), Text(row.cost_usd))
    _console.print(table)
    _say("Each of them left one record; `alos why ID` reads it:")
    for row in rows:
        _say(f"  {row.call}  {row.tried}")
    _say("Approved by: nobody (unreleased). Only a dev folder serves what no lane has approved.")


def _release(company: Company, visitor: Visitor) -> list[bool]:
    """Take a workflow through its lane, then call it; whether each step ended as expected."""
    _say(
        f"\nNow {QUESTIONS} goes to everyone. The people are stand-ins (DEV): fay, dan, emil, ben."
    )
    steps, is_released = company.release(_show_progress)
    table = Table(show_lines=True, title=f"How {RELEASE} was released", expand=True)
    for column, ratio in (("who", 2), ("did", 5), ("what the server said", 6)):
        table.add_column(column, ratio=ratio)
    for step in steps:
        mark = ("✓ ", "green") if step.as_expected else ("✗ ", "red")
        table.add_row(Text.assemble(mark, step.who), Text(step.did), Text(step.happened))
    _console.print(table)
    ended = [step.as_expected for step in steps]
    if not is_released:
        _say("It is not released: the golden set was not passed on this machine, and so it stays.")
        return ended
    row, closing = visitor.ask_released(f"A colleague asks {QUESTIONS}")
    is_granted = closing is not None and closing.release_stage == "all"
    is_granted = is_granted and closing is not None and set(closing.approved_by) == {"emil", "dan"}
    _say(f"{'✓' if row.as_expected and is_granted else '✗'} {row.tried}: {row.happened}")
    _say(f"  {row.call}  {row.why} (demo people); `alos release show {RELEASE}` has their votes.")
    return [*ended, row.as_expected and is_granted]


def _invite(url: str, data: Path, rows: list[Row]) -> None:
    leaked = next((row.call for row in rows if row.expected == "alos_secret_found"), "")
    _say(f"\nThe gateway goes on at {url} until Ctrl-C. Try in another terminal:\n")
    _say(f"  export ALOS_HOME={data.resolve()}")
    _say(f"  ./run alos why {leaked}")
    _say("  ./run alos call tail")
    _say(f"  ./run alos kill {SUPPORT}\n")


def _wait(gateway: subprocess.Popen[bytes]) -> None:
    try:
        gateway.wait()
    except KeyboardInterrupt:
        _say("Stopping.")
