"""Text for a terminal of any width: words wrap under themselves, what is copied stays whole."""

import textwrap

from rich.console import Console
from rich.text import Text

_BELOW = 4


def print_under(console: Console, head: str, text: str, *, style: str = "") -> None:
    """Print ``text`` beside ``head`` (in ``style``), further lines under its first word.

    No word is ever broken. Where one does not fit beside the head, such as a digest in 80 columns,
    the whole text goes below it.
    """
    indent = len(head)
    if any(len(word) > console.width - indent for word in text.split()):
        console.print(Text(head.rstrip(), style), soft_wrap=True)
        head, indent = " " * _BELOW, _BELOW
    lines = [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(
            part,
            max(1, console.width - indent),
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
    shown = Text(head, style).append(f"\n{' ' * indent}".join(lines), "none")
    console.print(shown, soft_wrap=True, highlight=False)
