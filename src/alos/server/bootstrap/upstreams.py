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
    paths = {name: one.upstream_path for name, one in FORMATS.items()}
    credentials = open_credentials(get_environment())
    own = {
        str(vendor.name): HttpProvider(
            paths, credentials, ca_file=vendor.ca_file, proxy_url=vendor.proxy_url
        )
        for vendor in organisation.vendors.values()
        if vendor.ca_file or vendor.proxy_url
    }
    limits = {
        str(vendor.name): SlotLimits(
            most=vendor.connections.most,
            queue=vendor.connections.queue,
            queue_seconds=vendor.connections.queue_seconds,
        )
        for vendor in organisation.vendors.values()
    }
    return VendorProviders(HttpProvider(paths, credentials), own, limits)
