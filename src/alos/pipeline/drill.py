"""A drill's calls: the ordinary way through the stages, under a Standing of their own.

The mark is a field of the call that no door sets, so no header makes a call one of a drill, and
the key that these calls bring is in the drill's Standing alone.
"""

from alos.domain.call import Call
from alos.domain.record import Fact
from alos.domain.standing import Standing
from alos.ports.standing import StandingSource


def get_current(source: StandingSource, call: Call) -> Standing | None:
    """What is true for ``call`` now; ``None`` where its drill is over, and then nothing is."""
    current = source.current
    return current if call.drill is None else current.drills.get(call.drill)


def get_drill_facts(call: Call) -> tuple[tuple[str, str], ...]:
    """What the record of a drill's call says; empty for every other call."""
    if call.drill is None:
        return ()
    return ((Fact.PURPOSE.value, "drill"), (Fact.RUN.value, call.drill))
