"""What happens by itself in the days to come, and which nights went by without an eval."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from alos.control.eval_drift import Measured
from alos.control.release_desk import ReleaseDesk
from alos.control.standing import Served
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest, WorkflowId
from alos.domain.promotion import DAY_SECONDS, DRILL_FRESH_DAYS, EVAL_FRESH_DAYS, Ending
from alos.domain.release import Lineage, Release
from alos.domain.release_events import DrillKind, ReleaseId
from alos.domain.waiver import list_needed

NIGHT_SECONDS = 36 * 3600
"""A night, and the morning after it: what serves and was measured longer ago missed one."""

GetMeasured = Callable[[WorkflowId, Digest], Awaitable[Measured]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A release that serves, and its nightly evals.

    Attributes:
        due_unix: it is to be measured again by then.
        is_missed: it was not.
    """

    release: ReleaseId
    measured: Measured
    due_unix: int
    is_missed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The lists, soonest first; what has ended already is in them too.

    Attributes:
        nights: of every release that serves, however far ahead one looks.
    """

    freezes: tuple[Ending, ...]
    stops: tuple[Ending, ...]
    nights: tuple[Night, ...]


async def forecast(desk: ReleaseDesk, get_measured: GetMeasured, *, days: int) -> Forecast:
    """Look ahead; evidence that ages only freezes, a permission that ends stops calls.

    Raises:
        StoreDown: the eval runs can't be read.
    """
    now_unix = desk.now_unix()
    until = now_unix + days * DAY_SECONDS
    freezes: list[Ending] = []
    nights: list[Night] = []
    for lineage in desk.book.lineages.values():
        served = [one for one in (lineage.rolling_release, lineage.live_release) if one]
        for release in served:
            measured = await get_measured(lineage.workflow, release.digest)
            nights.append(_find_night(release, measured, now_unix))
        if not served:
            continue
        fact = await desk.get_eval(served[0].digest)
        if fact is not None:
            freezes.append(_age(f"{served[0].id}: eval run", fact.at_unix, EVAL_FRESH_DAYS))
        freezes += _list_drills(lineage, served[0])
    stops = {
        ending
        for bundle in _list_bundles(desk)
        for ending in (*_list_approvals(bundle, desk), *_list_waivers(bundle, desk))
    }
    return Forecast(
        freezes=_pick(freezes, until),
        stops=_pick(stops, until),
        nights=tuple(sorted(nights, key=lambda one: (one.due_unix, one.release))),
    )


def _find_night(release: Release, measured: Measured, now_unix: int) -> Night:
    due = max(measured.at_unix, release.stage_since_unix) + NIGHT_SECONDS
    return Night(release=release.id, measured=measured, due_unix=due, is_missed=due <= now_unix)


def _list_drills(lineage: Lineage, release: Release) -> Iterator[Ending]:
    for kind in DrillKind:
        drill = lineage.get_drill(kind)
        if drill is not None:
            yield _age(f"{release.id}: {kind} drill", drill.at_unix, DRILL_FRESH_DAYS)


def _list_bundles(desk: ReleaseDesk) -> Iterator[Bundle]:
    """What calls run: the released bundles, and the files of a workflow without a release."""
    for name, filed in desk.configuration().bundles.items():
        if name not in desk.book.served:
            yield filed
    for first in desk.book.served.values():
        served: Served | None = first
        while served is not None:
            yield served.bundle
            served = served.before


def _list_approvals(bundle: Bundle, desk: ReleaseDesk) -> Iterator[Ending]:
    organisation = desk.configuration().organisation
    for name in bundle.workflow.route.models:
        model = organisation.models.get(name)
        if model is None:
            continue
        vendor = organisation.vendors[model.vendor]
        last_day = min(model.approved_until, vendor.approved_until)
        ends = datetime.combine(last_day + timedelta(days=1), time(), tzinfo=UTC)
        yield Ending(
            what=f"{bundle.id}: approval of {name} ({model.vendor})",
            ends_at_unix=int(ends.timestamp()),
        )


def _list_waivers(bundle: Bundle, desk: ReleaseDesk) -> Iterator[Ending]:
    """Of each thing that the workflow goes without, the waiver that ends last."""
    for about in list_needed(bundle.workflow):
        ends = [
            one.ends_at_unix
            for one in desk.waivers.all.values()
            if one.workflow == bundle.id
            and one.about is about
            and one.granted_by is not None
            and one.ended_by is None
        ]
        if ends:
            what = f"{bundle.id}: waiver for {about.sentence}"
            yield Ending(what=what, ends_at_unix=max(ends))


def _age(what: str, at_unix: int, fresh_days: int) -> Ending:
    return Ending(what=what, ends_at_unix=at_unix + fresh_days * DAY_SECONDS)


def _pick(endings: Iterable[Ending], until: int) -> tuple[Ending, ...]:
    picked = [one for one in endings if one.ends_at_unix <= until]
    return tuple(sorted(picked, key=lambda one: (one.ends_at_unix, one.what)))
