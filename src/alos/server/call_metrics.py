"""Metrics of calls by workflow: sizes of models, answers given again, escalations, near misses."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, Metric

from alos.pipeline.tally import Tally


def collect_calls(tally: Tally) -> Iterable[Metric]:
    """Counters since the start of this process.

    The share of small-model calls is ``alos_calls_answered_total{size="small"}`` over the sum of
    ``alos_calls_answered_total``.
    """
    return (
        _count("alos_calls_answered", "Calls that a model answered.", "size", tally.answered),
        _count("alos_calls_again", "Answers given again at no cost.", "how", tally.again),
        _count("alos_calls_escalated", "Calls to the larger model.", "rule", tally.escalated),
        _count("alos_calls_near_miss", "Answered near misses.", "why", tally.near_misses),
    )


def _count(
    name: str, help_: str, label: str, counted: Mapping[tuple[str, str], int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, help_, labels=["workflow", label])
    for (workflow, value), number in sorted(counted.items()):
        family.add_metric([workflow, value], number)
    return family
