"""Picks the way out to a vendor: its own trust and egress proxy, and its bounded connections."""

from collections.abc import Mapping

from alos.domain.call import CheckedCall, CheckedCandidate
from alos.domain.upstreams import SlotsView
from alos.ports.provider import Broken, ProviderAnswer, ProviderFailure
from alos.providers.http import HttpProvider
from alos.providers.slots import SlotLimits, Slots

_FULL = ProviderFailure(why=Broken.FULL, cause="every connection to the vendor is in use")


class VendorProviders:
    """Implements :class:`alos.ports.provider.Provider` over one client for each way out.

    Args:
        default: for every vendor that names neither a CA file nor a proxy.
        by_vendor: for those that do.
        limits: by vendor; others get the default bounds.
    """

    def __init__(
        self,
        default: HttpProvider,
        by_vendor: Mapping[str, HttpProvider],
        limits: Mapping[str, SlotLimits],
    ) -> None:
        self._default = default
        self._by_vendor = by_vendor
        self._slots = {vendor: Slots(bounds) for vendor, bounds in limits.items()}

    async def send(
        self, call: CheckedCall, candidate: CheckedCandidate, *, within_seconds: float
    ) -> ProviderAnswer | ProviderFailure:
        """See the port; a turn at the vendor is held until the answer is closed."""
        vendor = candidate.model.vendor
        slots = self._slots.get(vendor)
        if slots is None:
            slots = self._slots[vendor] = Slots(SlotLimits())
        if not slots.take_now() and not await slots.take(within_seconds=within_seconds):
            return _FULL
        provider = self._by_vendor.get(vendor, self._default)
        handed_on = False
        try:
            answer = await provider.send(call, candidate, within_seconds=within_seconds)
            if not isinstance(answer, ProviderFailure):
                answer.on_closed = slots.give
                handed_on = True
            return answer
        finally:
            if not handed_on:
                slots.give()

    def list_views(self) -> tuple[SlotsView, ...]:
        """The connections of every vendor, by name."""
        return tuple(
            SlotsView(
                vendor=vendor,
                in_use=one.in_use,
                most=one.limits.most,
                waiting=one.waiting,
                turned_away=one.turned_away,
            )
            for vendor, one in sorted(self._slots.items())
        )

    async def use(
        self, by_vendor: Mapping[str, HttpProvider], limits: Mapping[str, SlotLimits]
    ) -> None:
        """Reach vendors through other clients and within other bounds; calls that run go on."""
        for vendor, bounds in limits.items():
            if (slots := self._slots.get(vendor)) is not None:
                slots.limits = bounds
            else:
                self._slots[vendor] = Slots(bounds)
        before, self._by_vendor = self._by_vendor, by_vendor
        for provider in before.values():
            await provider.close()

    async def close(self) -> None:
        """Drop the idle connections."""
        for provider in (self._default, *self._by_vendor.values()):
            await provider.close()
