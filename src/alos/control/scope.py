"""What the configuration lets one workflow do, so that a change which widens it shows.

A scope is a set of sentences of three kinds: ``may …`` (one more widens), ``keeps out …`` (one
fewer widens) and ``up to N …`` (a larger N widens). Votes are about a scope; a wider one reopens
the voting, a narrower one does not.
"""

import hashlib
import re
from collections.abc import Iterator

from alos.domain.bundle import Bundle
from alos.domain.organisation import Organisation, Vendor
from alos.domain.workflow import FallbackKind

_MAY = "may "
_KEEPS_OUT = "keeps out "
_UP_TO = re.compile(r"up to (\d+) (.*)")


def get_scope(bundle: Bundle, organisation: Organisation) -> frozenset[str]:
    """What this workflow may do under this configuration."""
    return frozenset((*_list_models(bundle, organisation), *_list_rest(bundle, organisation)))


def _list_models(bundle: Bundle, organisation: Organisation) -> Iterator[str]:
    workflow = bundle.workflow
    names = list(workflow.route.models)
    if workflow.fallback.kind is FallbackKind.MODEL and workflow.fallback.model is not None:
        names.append(workflow.fallback.model)
    for name in names:
        model = organisation.models.get(name)
        if model is None:
            continue
        for data_class in model.data_classes:
            yield f"{_MAY}show {data_class} to {name}"
        vendor = organisation.vendors[model.vendor]
        yield f"{_MAY}reach {model.upstream_name} as {name}"
        yield from _list_vendor(vendor)


def _list_vendor(vendor: Vendor) -> Iterator[str]:
    yield f"{_MAY}send to {vendor.name} at {vendor.base_url} in {vendor.region}"
    yield f"up to {vendor.retention_days} days kept by {vendor.name}"


def _list_rest(bundle: Bundle, organisation: Organisation) -> Iterator[str]:
    workflow = bundle.workflow
    days = workflow.body_days
    if days is None:
        days = organisation.retention.body_days
    if days is not None:
        yield f"up to {days} days kept here"
    for rule in workflow.boundary.forbidden.values():
        for name in rule.dictionaries:
            words = organisation.dictionaries.get(name, ())
            hashed = hashlib.sha256("\n".join(sorted(words)).encode()).hexdigest()[:16]
            yield f"{_KEEPS_OUT}{len(words)} words of {name} ({hashed})"


def list_widened(before: frozenset[str], now: frozenset[str]) -> tuple[str, ...]:
    """What is allowed now and was not before, in words; empty where nothing widened.

    A dictionary that was replaced counts as widened unless it has more words than before.
    """
    found = [one for one in now - before if one.startswith(_MAY)]
    found += _compare_numbers(before, now)
    found += _compare_dictionaries(before, now)
    return tuple(sorted(found))


def _compare_numbers(before: frozenset[str], now: frozenset[str]) -> Iterator[str]:
    limits = {
        match[2]: int(match[1]) for one in before if (match := _UP_TO.fullmatch(one)) is not None
    }
    for one in now:
        match = _UP_TO.fullmatch(one)
        if match is not None and int(match[1]) > limits.get(match[2], -1):
            yield one


_WORDS = re.compile(r"keeps out (\d+) words of (.*) \((.*)\)")


def _compare_dictionaries(before: frozenset[str], now: frozenset[str]) -> Iterator[str]:
    current = {
        match[2]: (int(match[1]), match[3])
        for one in now
        if (match := _WORDS.fullmatch(one)) is not None
    }
    for one in before:
        match = _WORDS.fullmatch(one)
        if match is None:
            continue
        count, hashed = current.get(match[2], (0, ""))
        if hashed != match[3] and count <= int(match[1]):
            yield f"{_MAY}pass words that {match[2]} kept out"
