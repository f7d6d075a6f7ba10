"""What happens by itself in the days to come: promotions that freeze, traffic that stops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from alos.control.release_facts import GetEvalFact
from alos.control.standing import Configuration
from alos.domain.ids import WorkflowId
from alos.domain.promotion import DAY_SECONDS, DRILL_FRESH_DAYS, EVAL_FRESH_DAYS, Ending
from alos.domain.release import Lineage, Release
from alos.domain.release_events import DrillKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Both lists, soonest first; what has ended already is in them too."""

    freezes: tuple[Ending, ...]
    stops: tuple[Ending, ...]


async def forecast(
    lineages: Mapping[WorkflowId, Lineage],
    configuration: Configuration,
    *,
    get_eval: GetEvalFact,
    now_unix: int,
    days: int,
) -> Forecast:
    """Look ahead; evidence that ages only freezes, a permission that ends stops calls.

    Raises:
        StoreDown: the eval runs can't be read.
    """
    until = now_unix + days * DAY_SECONDS
    freezes: list[Ending] = []
    for lineage in lineages.values():
        release = lineage.rolling_release or lineage.live_release
        if release is None:
            continue
        fact = await get_eval(release.digest)
        if fact is not None:
            freezes.append(_age(f"{release.id}: eval run", fact.at_unix, EVAL_FRESH_DAYS))
        freezes += _list_drills(lineage, release)
    stops = list(_list_approvals(configuration))
    return Forecast(freezes=_pick(freezes, until), stops=_pick(stops, until))


def _list_drills(lineage: Lineage, release: Release) -> Iterator[Ending]:
    for kind in DrillKind:
        drill = lineage.get_drill(kind)
        if drill is not None:
            yield _age(f"{release.id}: {kind} drill", drill.at_unix, DRILL_FRESH_DAYS)


def _list_approvals(configuration: Configuration) -> Iterator[Ending]:
    organisation = configuration.organisation
    for bundle in configuration.bundles.values():
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
                stops_traffic=True,
            )


def _age(what: str, at_unix: int, fresh_days: int) -> Ending:
    ends = at_unix + fresh_days * DAY_SECONDS
    return Ending(what=what, ends_at_unix=ends, stops_traffic=False)


def _pick(endings: list[Ending], until: int) -> tuple[Ending, ...]:
    picked = [one for one in endings if one.ends_at_unix <= until]
    return tuple(sorted(picked, key=lambda one: (one.ends_at_unix, one.what)))
