"""What the gateways on one database hear of each other there, besides kill switches."""

import asyncio

from alos.control.custody import Custody
from alos.control.directory import Directory
from alos.control.plane import ControlPlane
from alos.control.release_desk import ReleaseDesk
from alos.control.trials import DRAFT_SECONDS
from alos.ports.clock import Clock
from alos.server.jobs import Jobs
from alos.store.bundles import StoredBundles
from alos.store.engine import Store
from alos.store.sessions import StoredSessions

_LOOK_SECONDS = 1.0


def start_news_jobs(
    jobs: Jobs,
    store: Store,
    *,
    plane: ControlPlane,
    directory: Directory,
    desk: ReleaseDesk,
    custody: Custody,
    clock: Clock,
) -> None:
    """Look once a second for keys, people, waivers, holds, accounts and drafts from elsewhere.

    Each asks for numbers or a short list first, and changes nothing where these are as before. A
    database in a file has no other gateway. Config revisions and releases are followed everywhere.
    """
    if store.path is not None:
        return
    news = News(plane, desk, store, clock)

    async def hear() -> None:
        """One after the other: they must not crowd out those that look for kill switches."""
        await plane.keys.catch_up()
        await directory.catch_up()
        await desk.waivers.catch_up()
        await news.hear_of_accounts()
        await news.hear_of_drafts()
        await custody.holds.catch_up()

    jobs.every(_LOOK_SECONDS, hear, name="hear of other gateways")


class News:
    """Takes over what has no part of its own that could catch up."""

    def __init__(self, plane: ControlPlane, desk: ReleaseDesk, store: Store, clock: Clock) -> None:
        self._plane = plane
        self._desk = desk
        self._sessions = StoredSessions(store)
        self._bundles = StoredBundles(store)
        self._clock = clock

    async def hear_of_accounts(self) -> None:
        """Know people by the accounts that they signed in with at other gateways."""
        bound = await asyncio.to_thread(self._sessions.list_bound)
        if not bound <= self._plane.bound:
            self._plane.bound |= bound
            self._plane.refresh()

    async def hear_of_drafts(self) -> None:
        """Let bundles be called that were uploaded of late, also at other gateways."""
        oldest = self._clock.unix_ns() // 1_000_000_000 - DRAFT_SECONDS
        trials = self._plane.trials
        uploads = await asyncio.to_thread(self._bundles.list_uploads, oldest)
        new = trials.list_new(uploads)
        for digest in new:
            bundle = await self._desk.bundles.get(digest)
            if bundle is not None:
                trials.add_draft(bundle, uploaded_at_unix=uploads[digest])
        if new:
            self._plane.refresh()
