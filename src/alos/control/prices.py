"""The price book: the organisation's own prices first, then the pinned public list.

The public list (``genai-prices``) ships inside its package, so no network is needed. A model
that neither knows has no price, and what has no price is never free.
"""

from dataclasses import replace
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from genai_prices import Usage as ListUsage
from genai_prices import calc_price

from alos.domain.money import Price, from_usd
from alos.domain.organisation import Model, Vendor


def get_price(model: Model, vendor: Vendor) -> Price | None:
    """The model's price, or ``None`` where nobody states one."""
    if model.price is not None:
        return model.price
    try:
        found = calc_price(
            ListUsage(input_tokens=1, output_tokens=1),
            model_ref=model.upstream_name,
            provider_id=vendor.price_book_id,
        )
    except LookupError:
        return None
    return _to_price(found.model_price, f"genai-prices {version('genai-prices')}")


def _to_price(listed: Any, source: str) -> Price | None:
    """Translate one row; a row without an input or an output price is no price."""
    base = _get_rates(listed, 0)
    if base is None:
        return None
    thresholds = sorted({tier.start for rate in _list_rates(listed) for tier in _get_tiers(rate)})
    above = None
    if thresholds:
        dearer = _get_rates(listed, thresholds[-1] + 1)
        if dearer is not None:
            above = (int(thresholds[0]), replace(dearer, source=source))
    return replace(base, source=source, above=above)


def _list_rates(listed: Any) -> list[Any]:
    return [
        getattr(listed, name, None)
        for name in ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
    ]


def _get_tiers(rate: Any) -> list[Any]:
    return list(getattr(rate, "tiers", ()))


def _get_rates(listed: Any, input_tokens: int) -> Price | None:
    """Nano-dollars per million tokens at so many input tokens.

    Cached reads without a price of their own cost what input costs; so do cache writes.
    Reasoning is billed as output.
    """
    input_usd, output_usd, read_usd, write_usd = (
        _at(rate, input_tokens) for rate in _list_rates(listed)
    )
    if input_usd is None or output_usd is None:
        return None
    return Price(
        input_nanousd=from_usd(input_usd),
        output_nanousd=from_usd(output_usd),
        cached_read_nanousd=from_usd(input_usd if read_usd is None else read_usd),
        cache_write_nanousd=from_usd(input_usd if write_usd is None else write_usd),
        reasoning_nanousd=from_usd(output_usd),
        source="",
    )


def _at(rate: Any, input_tokens: int) -> Decimal | None:
    """The rate that holds for so many input tokens."""
    if rate is None or isinstance(rate, Decimal):
        return rate
    price: Decimal = rate.base
    for tier in sorted(rate.tiers, key=lambda one: one.start):
        if input_tokens > tier.start:
            price = tier.price
    return price
