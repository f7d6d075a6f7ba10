"""Metrics of the way to the models, by our own names of vendors and models."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from alos.control.upstreams import Upstreams

_STATES = {"closed": 0, "half_open": 1, "open": 2}


def collect_upstreams(upstreams: Upstreams) -> Iterable[Metric]:
    """Breakers with their reason, and connections."""
    state = GaugeMetricFamily(
        "alos_upstream_breaker",
        "0 closed, 1 half open, 2 open; reason is the last failure.",
        labels=["vendor", "model", "reason"],
    )
    opened = CounterMetricFamily(
        "alos_upstream_breaker_opened", "Times it opened.", labels=["vendor", "model"]
    )
    for breaker in upstreams.list_breakers():
        labels = [breaker.vendor, breaker.model]
        state.add_metric([*labels, breaker.reason], _STATES[breaker.state])
        opened.add_metric(labels, breaker.opened)
    used = GaugeMetricFamily("alos_upstream_calls", "Calls with a vendor.", labels=["vendor"])
    waiting = GaugeMetricFamily(
        "alos_upstream_waiting", "Calls that wait for a turn.", labels=["vendor"]
    )
    turned_away = CounterMetricFamily(
        "alos_upstream_turned_away", "Calls without a turn.", labels=["vendor"]
    )
    for one in upstreams.list_connections():
        used.add_metric([one.vendor], one.in_use)
        waiting.add_metric([one.vendor], one.waiting)
        turned_away.add_metric([one.vendor], one.turned_away)
    return (state, opened, used, waiting, turned_away)
