r"""What a detector pack contributes: triggers for the shared scan and the code that confirms.

All packs share ONE Hyperscan database. Hyperscan reads the text once, in its UTF-8 bytes, and
says where a *trigger* matched; only then does Python run, to confirm the hit and to find the
exact span. So the price of a rule is (a) what its trigger adds to the automaton and (b) how
often the trigger fires on ordinary text. Write triggers accordingly:

* start with a literal of three or more characters where you can (`ghp_`, `password`);
* keep the width fixed, so that a hit is reported once: `ghp_[A-Za-z0-9]{20}`, not `{20,}`;
* end at a definite character: `passw(?:or)?d["']?\s{0,3}[:=]` and read the value in `confirm`;
* never begin with an open class (`\S+@`): that costs more than two hundred literals;
* a shape without a literal goes into a `Sweep`: the trigger is reported once per text, and its
  function then walks the text itself.

Triggers are byte patterns without UTF-8 mode: a non-ASCII letter is two to four bytes, so
write `[\x80-\xff]` where any of them may stand. `\b` is not worth its price; look around in
`confirm`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from alos.domain.finding import Finding

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "Confirm",
    "Finding",
    "Need",
    "Pack",
    "ScannerFault",
    "Sweep",
    "SweepText",
    "Trigger",
    "digest",
]


class ScannerFault(Exception):  # noqa: N818 - the glossary's word for a failure
    """The scan could not be carried out; the text is neither clean nor dirty, so refuse."""


class Confirm(Protocol):
    """Decide on one hit of one trigger."""

    def __call__(self, text: str, start: int, end: int, /) -> Finding | None:
        """Return the finding at this hit, or None when it is a false alarm.

        Args:
            text: The whole text under scan, as given to the scanner.
            start: First character of the trigger's match (leftmost).
            end: One past its last character. The value may reach further, or begin only here.

        Must cost a bounded amount of work per hit (a few microseconds, no search to the end of
        the text), keep no state, and never raise on any text.
        """
        ...


class SweepText(Protocol):
    """Walk a whole text because a once-only trigger fired in it."""

    def __call__(self, text: str, start: int, /) -> Iterable[Finding]:
        """Yield every finding of the text; nothing of interest ends before `start`.

        Must be linear in the text, keep no state, and never raise on any text.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Need:
    """What begins near every hit worth judging; one walk over the text tells it for all hits.

    Attributes:
        pattern: What begins there; cheap to look for.
        width: Upper bound in characters of one match of it.
        before: It begins at most so many characters before the hit,
        after: or at most so many behind its end.
    """

    pattern: re.Pattern[str]
    width: int
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A pattern of the shared database whose every hit is confirmed on its own.

    Attributes:
        rule: Id of the rule, `<kind>/<name>`; several triggers may share one rule.
        expression: Hyperscan (PCRE subset) expression over UTF-8 bytes; bounded width.
        confirm: Called with the exact span of each match of the expression.
        caseless: Match ASCII letters of either case.
        most: How many hits of one text are judged; the rest is not skipped but taken for
            findings unjudged (see `density.Budget`). Only for triggers that ordinary text does
            not hit so often.
        is_worth_counting: Cheap; hits of which it says no don't count towards `most`.
        dense_type: What those findings are called.
        yields_above: Below 1, its hits are judged after all others, and not where they lie in a
            finding of the same kind with more than this confidence, or in an unjudged one.
        needs: What stands near every hit that is confirmed; hits without all of it are not
            judged.
    """

    rule: str
    expression: str
    confirm: Confirm
    caseless: bool = False
    most: int | None = None
    is_worth_counting: Callable[[str, int, int], bool] | None = None
    dense_type: str = ""
    yields_above: float = 1.0
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A pattern reported at most once per text; its function then reads the text itself.

    Attributes:
        rule: Id used in faults and cost reports.
        expression: Hyperscan expression over UTF-8 bytes; cheap, and rare in ordinary text.
        sweep: Called once, with the character where the first match ends less its width bound.
        width: Upper bound in characters of one match of the expression.
        caseless: Match ASCII letters of either case.
    """

    rule: str
    expression: str
    sweep: SweepText
    width: int
    caseless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The triggers of one detector family, with the digest of the data they were built from.

    Attributes:
        name: `secrets`, `pii`, …
        digest: SHA-256 (hex) over the rule data; changes whenever a rule does. Use `digest`.
        triggers: Confirmed one by one.
        sweeps: Run once per text.
    """

    name: str
    digest: str
    triggers: Sequence[Trigger] = ()
    sweeps: Sequence[Sweep] = ()


def digest(*parts: bytes) -> str:
    """Return the SHA-256 (hex) over length-prefixed parts of rule data."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.hexdigest()
