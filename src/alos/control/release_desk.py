"""The parts that releases are made of, put together once, for the doors to use."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from alos.control.bundles import Bundles
from alos.control.guards import Guards
from alos.control.release_book import ReleaseBook
from alos.control.release_facts import GetEvalFact, list_members
from alos.control.releases import Releases
from alos.control.standing import Configuration
from alos.control.voters import GetGainedAt
from alos.control.voting import Voting
from alos.control.waivers import Waivers
from alos.domain.bundle import Bundle
from alos.domain.fault import StoreDown
from alos.domain.people import Party
from alos.domain.release import Release, ReleaseState
from alos.ports.clock import Clock
from alos.ports.dev_clock import DevClock

_logger = logging.getLogger(__name__)

Notify = Callable[[Sequence[Party], str, Sequence[str]], Awaitable[None]]
"""Tells parties something: (who, subject, lines); keeps a record of each delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDesk:
    """Everything about releases, one of each.

    Attributes:
        get_gained_at: since when a person holds a role.
        notify: asks the consulted and tells the informed.
    """

    book: ReleaseBook
    bundles: Bundles
    releases: Releases
    voting: Voting
    waivers: Waivers
    configuration: Callable[[], Configuration]
    get_eval: GetEvalFact
    get_gained_at: GetGainedAt
    notify: Notify
    guards: Guards
    clock: Clock

    async def load(self) -> None:
        """Read what happened so far, and put what is served because of it into force.

        A dev folder's clock that had been moved on goes on from where it was.

        Raises:
            StoreDown: the log can't be read.
        """
        await self.waivers.load()
        await self.book.catch_up()
        if isinstance(self.clock, DevClock):
            self.clock.advance(max(0, self.book.newest_at_unix - self.now_unix()))
        await self.releases.reopen_widened()

    def now_unix(self) -> int:
        """Seconds, as releases count them."""
        return self.clock.unix_ns() // 1_000_000_000

    async def get_bundle(self, release: Release) -> Bundle:
        """The bundle of a release.

        Raises:
            StoreDown: its bytes are gone or no longer match its digest.
        """
        bundle = await self.bundles.get(release.digest)
        if bundle is None:
            raise StoreDown(f"the bundle of {release.id} can't be read")
        return bundle

    def speaks_for(self, person: str, party: str, bundle: Bundle) -> bool:
        """Whether a person is of a party that the workflow consults."""
        people = self.configuration().people
        return any(
            str(one) == party and person in list_members(one, people)
            for one in bundle.workflow.raci.consulted
        )

    async def announce(self, release: Release, bundle: Bundle) -> None:
        """Ask those consulted about a submission, and tell those informed about a stage."""
        current = self.releases.find(release.id) or release
        raci = bundle.workflow.raci
        is_new = current.state is ReleaseState.VOTING
        parties = raci.consulted if is_new else raci.informed
        stage = "stands for release" if is_new else f"is now in stage {current.stage}"
        lines = [
            f"{bundle.workflow.title} ({release.id}) {stage}.",
            f"Digest {release.digest}, Tier {int(release.submitted.tier)}.",
            f"`alos release show {release.id}` has everything.",
        ]
        await self.notify(parties, f"{release.id} {stage}", lines)


async def tell_nobody(parties: Sequence[Party], subject: str, lines: Sequence[str]) -> None:
    """Where no way to tell people is set up; the log says so."""
    del lines
    _logger.info("no notice is set up: %s (to %d parties)", subject, len(parties))
