"""Picks the provider that a vendor is reached through: its own trust and its own egress proxy."""

from collections.abc import Mapping

from alos.domain.call import CheckedCall, CheckedCandidate
from alos.ports.provider import ProviderAnswer, ProviderFailure
from alos.providers.http import HttpProvider


class VendorProviders:
    """Implements :class:`alos.ports.provider.Provider` over one client for each way out.

    Args:
        default: for every vendor that names neither a CA file nor a proxy.
        by_vendor: for those that do.
    """

    def __init__(self, default: HttpProvider, by_vendor: Mapping[str, HttpProvider]) -> None:
        self._default = default
        self._by_vendor = by_vendor

    async def send(
        self, call: CheckedCall, candidate: CheckedCandidate
    ) -> ProviderAnswer | ProviderFailure:
        """See the port."""
        provider = self._by_vendor.get(candidate.model.vendor, self._default)
        return await provider.send(call, candidate)

    async def close(self) -> None:
        """Drop the idle connections."""
        for provider in (self._default, *self._by_vendor.values()):
            await provider.close()
