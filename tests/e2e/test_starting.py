"""A gateway that can't start says why, ends with the right status, and harms no other one."""

import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.gateway import Gateway, find_free_port, lay_out_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS
from tests.e2e.upstream import run_upstream


@pytest.fixture
def laid_out() -> Iterator[Gateway]:
    with run_upstream() as upstream, lay_out_gateway(upstream) as gateway:
        yield gateway


def start_in_vain(gateway: Gateway) -> tuple[int, str]:
    """Exit status and words of a gateway that does not get up."""
    gateway.log_path.unlink(missing_ok=True)
    process = gateway.launch()
    try:
        return process.wait(20), gateway.log
    except subprocess.TimeoutExpired:
        pytest.fail(f"it started:\n{gateway.log[-2000:]}")
    finally:
        gateway.kill()


def test_a_port_that_is_taken_ends_the_start_with_3_and_a_plain_message(laid_out: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        laid_out.port = taken.getsockname()[1]
        status, words = start_in_vain(laid_out)
    assert status == 3
    assert f"127.0.0.1:{laid_out.port}" in words
    assert "Traceback" not in words


def test_an_error_in_the_files_ends_the_start_with_2_and_names_the_place(
    laid_out: Gateway,
) -> None:
    path = laid_out.config / "workflows" / QUESTIONS / "workflow.yaml"
    path.write_text(path.read_text().replace("workspace: engineering", "workspace: enginering"))
    status, words = start_in_vain(laid_out)
    assert status == 2
    assert f"workflows/{QUESTIONS}/workflow.yaml" in words
    assert "Did you mean `engineering`?" in words
    assert "Traceback" not in words


def test_a_home_whose_path_is_too_long_for_a_socket_is_refused_in_plain_words(
    laid_out: Gateway,
) -> None:
    laid_out.home = laid_out.folder / ("long" * 30)
    status, words = start_in_vain(laid_out)
    assert status in {2, 3}
    assert "Traceback" not in words
    assert "shorter" in words


async def test_a_second_gateway_on_the_same_folder_is_refused_and_the_first_keeps_its_switch(
    laid_out: Gateway,
) -> None:
    """Two processes would each spend the whole budget, and the later one took the socket."""
    laid_out.start()
    key = laid_out.create_key()
    second = Gateway(laid_out.folder, laid_out.upstream)
    second.log_path = laid_out.folder / "second.log"
    second.port = find_free_port()
    status, words = start_in_vain(second)
    assert status == 2
    assert "already" in words
    assert (await ask(laid_out.port, say(), key=key)).status == 200
    assert laid_out.manage("POST", "/api/v1/stops", {"kind": "everything"})[0] == 201
    laid_out.kill()
    second.start()
    second.stop()


def test_a_command_without_a_gateway_ends_with_3_and_says_so(laid_out: Gateway) -> None:
    done = laid_out.cli("kill", QUESTIONS)
    assert done.returncode == 3
    assert "No gateway answers" in done.stderr
