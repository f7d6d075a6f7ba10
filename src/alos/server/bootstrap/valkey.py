"""The second way by which gateways hear of each other's kill switches."""

from alos.control.kill_switches import KillSwitches
from alos.counters.valkey_stops import ValkeyMissingError, ValkeyStops
from alos.server.settings import SettingsError


def open_valkey(url: str | None, switches: KillSwitches) -> ValkeyStops | None:
    """Give the switches this channel, where one is named; it is not asked yet, so it may be down.

    Raises:
        SettingsError: the extra is not installed, or the URL can't be used.
    """
    if url is None:
        return None
    try:
        switches.channel = channel = ValkeyStops(url)
    except (ValkeyMissingError, ValueError) as error:
        raise SettingsError(str(error)) from error
    return channel
