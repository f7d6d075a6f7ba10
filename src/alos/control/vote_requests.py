"""Asks those who may fill a lane for their vote, with the change on one page, and reminds them."""

import difflib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

from alos.control.release_desk import ReleaseDesk
from alos.control.voters import get_identities
from alos.domain.bundle import Bundle
from alos.domain.people import Party, PartyKind, Role
from alos.domain.release import Release, ReleaseState

REMIND_SECONDS: Final = 24 * 3600
"""A vote that is still missing is asked for again after so long, and then as often."""
MOST_REMINDERS: Final = 5
_MOST_LINES: Final = 60
_MOST_WIDTH: Final = 200


class Reminders:
    """Writes again to the people whose votes are missing.

    Args:
        list_subjects: subjects of the newest notices; a reminder that is among them was sent,
            by whichever process.
    """

    def __init__(
        self, desk: ReleaseDesk, list_subjects: Callable[[], Awaitable[frozenset[str]]]
    ) -> None:
        self._desk = desk
        self._list_subjects = list_subjects

    async def remind(self) -> None:
        """Ask again where votes are missing for a day; a job calls it.

        Raises:
            StoreDown: nobody was reminded; the next turn will.
        """
        known: frozenset[str] | None = None
        for lineage in tuple(self._desk.book.lineages.values()):
            for release in lineage.releases.values():
                if release.state is not ReleaseState.VOTING:
                    continue
                waited = self._desk.now_unix() - release.submitted.at_unix
                number = min(waited // REMIND_SECONDS, MOST_REMINDERS)
                if number < 1:
                    continue
                if known is None:
                    known = await self._list_subjects()
                subject = f"Reminder {number}: your vote on {release.id}"
                if subject not in known:
                    await ask_for_votes(self._desk, release, subject)


async def ask_for_votes(desk: ReleaseDesk, release: Release, subject: str = "") -> None:
    """Ask for the votes that a release misses.

    Raises:
        StoreDown: nobody was asked; the reminder will.
    """
    parties = list_asked(desk, release)
    if not parties:
        return
    bundle = await desk.get_bundle(release)
    live = desk.book.get(bundle.id).live_release
    before = await desk.get_bundle(live) if live is not None else None
    lines = list(write_page(release, bundle, before))
    await desk.notify(parties, subject or f"Your vote on {release.id}", lines)


def list_asked(desk: ReleaseDesk, release: Release) -> list[Party]:
    """Holders of the roles that are missing, without the authors and who voted already."""
    configuration = desk.configuration()
    state = desk.voting.get_lane_state(release)
    voted = {vote.voter for vote in release.votes if not vote.void_because}
    wanted: dict[str, None] = {}
    for roles in state.missing:
        for role in sorted(roles, key=list(Role).index):
            for person in configuration.organisation.list_holders(role, configuration.people):
                is_author = not get_identities(person).isdisjoint(release.submitted.authors)
                if person.id not in voted and not is_author:
                    wanted[person.id] = None
    return [Party(kind=PartyKind.PERSON, name=name) for name in wanted]


def write_page(release: Release, bundle: Bundle, before: Bundle | None) -> Iterator[str]:
    """What a voter needs to see first: what it is, the decision, what changed; one page."""
    yield f"{bundle.workflow.title} ({release.id}), Tier {int(bundle.workflow.tier)}."
    yield f"Submitted by {release.submitted.by}. Digest {release.digest}."
    if bundle.decisions:
        newest = bundle.decisions[-1]
        yield f"What changed: {newest.what_changed}"
        yield f"Why: {newest.why}"
    yield f"`alos release show {release.id}`, then `alos release vote {release.id} --role ROLE`."
    yield ""
    lines = list(_diff(before.contents if before is not None else {}, bundle.contents))
    yield "Changed since the live release:" if before is not None else "Nothing is live yet; new:"
    for line in lines[:_MOST_LINES]:
        yield line[:_MOST_WIDTH]
    if len(lines) > _MOST_LINES:
        yield f"… and {len(lines) - _MOST_LINES} more lines."


def _diff(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[str]:
    """A new bundle by its files alone, a changed one by its lines."""
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        if not before or old is None or new is None:
            word = "gone" if new is None else "new"
            yield f"{path} ({word}, {len(new or old or b'')} bytes)"
            continue
        try:
            texts = (old.decode().splitlines(), new.decode().splitlines())
        except UnicodeDecodeError:
            yield f"{path} (changed, no text)"
            continue
        yield from difflib.unified_diff(*texts, path, path, n=1, lineterm="")
