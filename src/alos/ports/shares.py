"""Where several gateways say how much of each cap and rate they have taken for themselves."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

UNHEARD_SECONDS: Final = 60
"""So long after its window a share of requests lasts, when its gateway is not heard any more."""


class ShareKey(NamedTuple):
    """What is shared out.

    Attributes:
        period: a month (``YYYY-MM``) for money, or a window (``60s``) for requests.
        scope: of the cap or the rate.
    """

    period: str
    scope: str


@dataclass(frozen=True, slots=True)
class Pool:
    """What is not for this gateway to take.

    Attributes:
        taken: what the store knows as spent, and what all other gateways hold: nano-dollars
            for a month, requests for a window.
        others: how many other gateways hold something of it.
    """

    taken: int
    others: int


NOTHING_TAKEN = Pool(taken=0, others=0)
Decide = Callable[[Mapping[ShareKey, Pool]], Mapping[ShareKey, int]]
"""The pools of some shares → what this gateway holds of each from now on."""


class Shares(Protocol):
    """The shares of one gateway among those of all; every method blocks.

    A share is held until it is put lower, whatever becomes of the process that took it. One of
    requests ends by itself when it was not put for its window and :data:`UNHEARD_SECONDS`.

    Every method raises ``StoreDown``, and then it may have been done or not.
    """

    def begin(self) -> Mapping[ShareKey, int]:
        """Give back the money that an earlier process of this gateway held.

        Everything it spent has to be in the store by then.

        Returns:
            The shares of requests that it held; their requests may be in the window still.
        """

    def read(self, keys: Collection[ShareKey]) -> Mapping[ShareKey, Pool]:
        """See what others have taken."""

    def grow(self, keys: Collection[ShareKey], decide: Decide) -> None:
        """Take more, by what others have taken; no other gateway changes its share meanwhile."""

    def put(self, held: Mapping[ShareKey, int]) -> None:
        """Say what this gateway holds, without asking for more; 0 is no share."""
