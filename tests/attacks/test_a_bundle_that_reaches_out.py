"""A workflow's folder points outside itself, or is made too large to look at."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import QUESTIONS
from tests.e2e.upstream import run_upstream


@pytest.fixture
def laid_out() -> Iterator[Gateway]:
    with run_upstream() as upstream, lay_out_gateway(upstream) as gateway:
        yield gateway


def link_a_file(bundle: Path) -> None:
    (bundle / "prompts" / "passwords.md").symlink_to("/etc/passwd")


def link_the_prompt(bundle: Path) -> None:
    prompt = bundle / "prompts" / "answer-from-passage.md"
    prompt.rename(bundle.parent / "outside.md")
    prompt.symlink_to(bundle.parent / "outside.md")


def link_a_folder(bundle: Path) -> None:
    (bundle / "evals" / "more").symlink_to("/etc")


def link_the_bundle(bundle: Path) -> None:
    bundle.rename(bundle.parent.parent / "elsewhere")
    bundle.symlink_to(bundle.parent.parent / "elsewhere")


def climb_out(bundle: Path) -> None:
    path = bundle / "workflow.yaml"
    text = path.read_text()
    climbing = text.replace("file: prompts/answer-from-passage.md", "file: ../../people.yaml")
    assert climbing != text
    path.write_text(climbing)


def put_a_pipe(bundle: Path) -> None:
    os.mkfifo(bundle / "prompts" / "pipe.md")


def put_a_large_file(bundle: Path) -> None:
    (bundle / "prompts" / "large.md").write_bytes(b"x" * (1024 * 1024 + 1))


def put_too_much(bundle: Path) -> None:
    for number in range(10):
        (bundle / "prompts" / f"{number}.md").write_bytes(b"x" * 1024 * 1024)


def put_many_files(bundle: Path) -> None:
    for number in range(600):
        (bundle / "prompts" / f"{number}.md").write_text("x")


def nest_deeply(bundle: Path) -> None:
    deep = bundle / "prompts" / "a" / "b" / "c" / "d" / "e"
    deep.mkdir(parents=True)
    (deep / "x.md").write_text("x")


def bomb_the_yaml(bundle: Path) -> None:
    """Ten times ten times ten … by aliases."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    path = bundle / "workflow.yaml"
    path.write_text("\n".join(lines) + "\n" + path.read_text())


Attack = Callable[[Path], None]
ATTACKS: list[Attack] = [
    link_a_file,
    link_the_prompt,
    link_a_folder,
    link_the_bundle,
    climb_out,
    put_a_pipe,
    put_a_large_file,
    put_too_much,
    put_many_files,
    nest_deeply,
    bomb_the_yaml,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_nothing_is_served_and_the_place_is_named(laid_out: Gateway, attack: Attack) -> None:
    attack(laid_out.config / "workflows" / QUESTIONS)
    process = laid_out.launch()
    assert process.wait(20) == 2, laid_out.log[-2000:]
    assert f"workflows/{QUESTIONS}" in laid_out.log
    assert "Nothing is served." in laid_out.log
    assert "Traceback" not in laid_out.log
    assert "root:" not in laid_out.log, "nothing of a linked file is quoted"
