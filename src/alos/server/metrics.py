"""What Prometheus reads: counters of our own parts, never anything of a caller."""

from collections.abc import Callable, Iterable
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alos.control.plane import ControlPlane
from alos.control.upstreams import Upstreams
from alos.pipeline.tally import Tally
from alos.server.call_metrics import collect_calls
from alos.server.stop_metrics import write_delays
from alos.server.upstream_metrics import collect_upstreams


class JournalCounts(Protocol):
    """What the journal counts since its start."""

    appended: int
    synced: int
    sync_rounds: int
    refused: int
    gaps: int


class ShipperCounts(Protocol):
    """What the shipper counts since its start."""

    shipped: int


class Metrics(Collector):
    """Reads the counters as they stand when somebody asks; nothing is counted twice."""

    def __init__(
        self,
        *,
        journal: JournalCounts,
        shipper: ShipperCounts,
        plane: ControlPlane,
        upstreams: Upstreams,
        calls: Tally,
        more: Callable[[], Iterable[tuple[str, str, int]]] = tuple,
    ) -> None:
        self._calls = calls
        self._journal = journal
        self._upstreams = upstreams
        self._shipper = shipper
        self._plane = plane
        self._more = more
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Every metric with its value now."""
        journal = self._journal
        counters = (
            ("alos_journal_appended", "Entries appended.", journal.appended),
            ("alos_journal_synced", "Entries made durable.", journal.synced),
            ("alos_journal_sync_rounds", "Group commits.", journal.sync_rounds),
            ("alos_journal_refused", "Entries that could not be written.", journal.refused),
            ("alos_journal_gaps", "Declared gaps.", journal.gaps),
            ("alos_shipped", "Entries brought into the call index.", self._shipper.shipped),
            *self._more(),
        )
        for name, help_, value in counters:
            yield CounterMetricFamily(name, help_, value=value)
        yield GaugeMetricFamily("alos_stops", "Kill switches in force.", len(self._plane.stops))
        yield write_delays(self._plane.switches.delays)
        yield from collect_upstreams(self._upstreams)
        yield from collect_calls(self._calls)

    def write(self) -> bytes:
        """The page that a scrape gets."""
        return generate_latest(self._registry)
