"""How long kill switches took until they were in force in this process."""

from prometheus_client.core import HistogramMetricFamily

from alos.control.delays import Delays


def write_delays(delays: Delays) -> HistogramMetricFamily:
    """One histogram for each way by which they came.

    ``here`` is the process that was asked; ``store`` and ``channel`` what came first from
    elsewhere, by the clocks of both hosts; ``kill_file`` counts from when the file was written.
    """
    family = HistogramMetricFamily(
        "alos_kill_propagation_seconds",
        "Time from the pull of a kill switch until it was in force in this process.",
        labels=["way"],
    )
    for way in sorted(delays.counts):
        family.add_metric(
            [way], buckets=delays.list_buckets(way), sum_value=delays.sums_seconds[way]
        )
    return family
