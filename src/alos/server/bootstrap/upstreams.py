"""The clients that reach the vendors."""

from alos.domain.organisation import Organisation
from alos.gateway.wire.formats import FORMATS
from alos.providers.credentials import open_credentials
from alos.providers.http import HttpProvider
from alos.providers.slots import SlotLimits
from alos.providers.vendors import VendorProviders
from alos.server.settings import get_environment


def build_provider(organisation: Organisation) -> VendorProviders:
    """One client for all, and one of its own for each vendor with a CA file or a proxy."""
    own, limits = build_own_providers(organisation), list_limits(organisation)
    return VendorProviders(_open(None, None), own, limits)


async def renew_provider(provider: VendorProviders, organisation: Organisation) -> None:
    """Reach vendors as the organisation says now."""
    await provider.use(build_own_providers(organisation), list_limits(organisation))


def list_limits(organisation: Organisation) -> dict[str, SlotLimits]:
    """How many calls may be with each vendor at a time."""
    return {
        str(vendor.name): SlotLimits(
            most=vendor.connections.most,
            queue=vendor.connections.queue,
            queue_seconds=vendor.connections.queue_seconds,
        )
        for vendor in organisation.vendors.values()
    }


def build_own_providers(organisation: Organisation) -> dict[str, HttpProvider]:
    """A client for each vendor with a CA file or a proxy, by the vendor's name."""
    return {
        str(vendor.name): _open(vendor.ca_file, vendor.proxy_url)
        for vendor in organisation.vendors.values()
        if vendor.ca_file or vendor.proxy_url
    }


def _open(ca_file: str | None, proxy_url: str | None) -> HttpProvider:
    paths = {name: one.upstream_path for name, one in FORMATS.items()}
    credentials = open_credentials(get_environment())
    return HttpProvider(paths, credentials, ca_file=ca_file, proxy_url=proxy_url)
