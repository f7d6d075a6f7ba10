"""What a terminal shows: what somebody copies is never broken, the rest wraps."""

import io

import pytest
from rich.console import Console

from alos.cli.layout import print_under

DIGEST = "sha256:" + "0123456789abcdef" * 4


def show(head: str, text: str, *, width: int = 80) -> list[str]:
    out = io.StringIO()
    print_under(Console(file=out, width=width), head, text, style="bold")
    return out.getvalue().splitlines()


def test_a_short_text_stands_beside_its_head() -> None:
    assert show("  state  ", "voting") == ["  state  voting"]


def test_words_wrap_under_the_first_one() -> None:
    words = "Ask the holders of the roles named, and `alos release vote` takes theirs. " * 2
    lines = show("  ✗ ", words)
    assert len(lines) > 1
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])
    assert " ".join(line.removeprefix("  ✗ ").strip() for line in lines) == words.strip()


def test_a_digest_goes_below_whole_where_it_does_not_fit() -> None:
    assert show("  digest         ", DIGEST) == ["  digest", f"    {DIGEST}"]
    assert show("  digest         ", DIGEST, width=120) == [f"  digest         {DIGEST}"]
    assert show("  digest  ", DIGEST, width=20)[-1].strip() == DIGEST


def test_commands_are_not_broken_at_their_hyphens_and_lines_stay_lines() -> None:
    lines = show("  ", "alos release rollback support-reply-drafting --reason x\nsecond", width=40)
    assert any("support-reply-drafting" in line for line in lines)
    assert lines[-1] == "  second"


@pytest.mark.parametrize("text", ["[bold]x[/bold] [/]", ""], ids=["markup", "nothing"])
def test_recorded_text_is_no_markup(text: str) -> None:
    assert show("a  ", text) == [f"a  {text}"]
