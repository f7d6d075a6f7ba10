"""Finds addresses of people's machines: IPv4, IPv6 and MAC, but not versions or private ranges."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from alos.checks.base import Finding, Trigger
from alos.checks.pii_context import NOT_PERSONAL, Labels

__all__ = ["Networks"]

_LEFT = r"(?:^|[^0-9A-Za-z_.\-:])"
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_IPV6 = re.compile(
    r"[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){2,7}(?:::)?|(?:[0-9A-Fa-f]{1,4}:){2,7}:"
)
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}")
_RESOLVERS = frozenset(
    {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "1.2.3.4"}
)
_LARGEST_VERSION_PART = 31
_SMALL_PARTS = 3
_PRIVATE = ("10.", "127.", "192.168.", "169.254.")
_OID = [1, 3]
_DOCUMENTATION = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Confirms network addresses.

    Attributes:
        labels: Index of the words that announce types.
        private_addresses: Count addresses of private ranges too; by default they name no person
            outside their own network. Loopback, multicast and unspecified ones never count.
    """

    labels: Labels
    private_addresses: bool = False

    def triggers(self) -> list[Trigger]:
        """Return the triggers; networks in CIDR form, masks and public resolvers don't count."""
        return [
            Trigger(
                rule="pii/ip_address",
                expression=_LEFT + r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
                confirm=self.confirm_ipv4,
                most=640,
                dense_type="IP_ADDRESS",
            ),
            Trigger(
                rule="pii/ip_address",
                expression=r"[0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]",
                confirm=self.confirm_ipv6,
                most=256,
                dense_type="IP_ADDRESS",
            ),
            Trigger(
                rule="pii/mac_address",
                expression=_LEFT + r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}",
                confirm=self.confirm_mac,
            ),
        ]

    def confirm_ipv4(self, text: str, start: int, end: int) -> Finding | None:
        """Confirm four numbers that are an address and not a version."""
        del end
        first = start if text[start].isdigit() else start + 1
        value = _IPV4.match(text, first, first + 15)
        if value is None or not _ends_here(text, value.end()):
            return None
        parts = [int(part) for part in value.group().split(".")]
        ordinary = _is_ordinary(value.group(), parts)
        if not ordinary and not self._counts(value.group(), ["IP_ADDRESS"]):  # whatever is near
            return None
        near = self.labels.near(text, first, value.end())
        if near[:1] == [NOT_PERSONAL] or not (ordinary or self._counts(value.group(), near)):
            return None
        small = sum(part <= _LARGEST_VERSION_PART for part in parts)
        if "IP_ADDRESS" not in near and (small >= _SMALL_PARTS or parts[:2] == _OID):
            return None
        return _finding("IP_ADDRESS", first, value.end(), 0.8)

    def confirm_ipv6(self, text: str, start: int, end: int) -> Finding | None:
        """Confirm groups of hex digits that are an address (RFC 4291)."""
        del end
        first = start
        if first and text[first - 1] in "0123456789abcdefABCDEF":
            first -= 1
        if first and (text[first - 1].isalnum() or text[first - 1] in "_.:-"):
            return None
        value = _IPV6.match(text, first, first + 40)
        if value is None or not _ends_here(text, value.end()):
            return None
        groups = value.group().count(":")
        if groups < 7 and "::" not in value.group():  # noqa: PLR2004 - eight groups
            return None
        if not self._counts(value.group(), self.labels.near(text, first, value.end())):
            return None
        return _finding("IP_ADDRESS", first, value.end(), 0.85)

    def confirm_mac(self, text: str, start: int, end: int) -> Finding | None:
        """Confirm six pairs of hex digits that are no longer chain and no placeholder."""
        first = end - 17
        del start
        value = _MAC.match(text, first, end)
        if value is None or text[end : end + 1].isalnum() or text[end : end + 1] in {":", "-"}:
            return None
        written = value.group().lower()
        if len(set(written)) < 4 or written.replace("-", "").isdigit():  # noqa: PLR2004
            return None  # a placeholder, or a date in dashes
        return _finding("MAC_ADDRESS", first, end, 0.8)

    def _counts(self, value: str, near: list[str]) -> bool:
        """Say whether the address may lead to a person; documentation ranges need a label."""
        if value in _RESOLVERS or (value.startswith(_PRIVATE) and not self.private_addresses):
            return False
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return False
        if address.is_loopback or address.is_multicast or address.is_unspecified:
            return False
        if any(address in network for network in _DOCUMENTATION):
            return "IP_ADDRESS" in near
        if address.is_link_local or address.is_private:
            return self.private_addresses and not value.startswith(("0.", "255."))
        return not (address.version == 4 and address.is_reserved)  # noqa: PLR2004


_RESERVED_IN = frozenset((0, 10, 100, 127, 169, 172, 192, 198, 203, *range(224, 256)))
"""First numbers under which ranges are set aside for something (IANA special-purpose registry)."""


def _is_ordinary(value: str, parts: list[int]) -> bool:
    """Say cheaply of an address far from every reserved range that it is a host's on the net."""
    return (
        parts[0] not in _RESERVED_IN
        and max(parts) < 256  # noqa: PLR2004 - a byte
        and value == "{}.{}.{}.{}".format(*parts)  # no leading zero
        and value not in _RESOLVERS
    )


def _ends_here(text: str, end: int) -> bool:
    """Say whether the address ends: no further group, no prefix length, no word."""
    following = text[end : end + 2]
    if not following:
        return True
    if following[0].isalnum() or following[0] == "_":
        return False
    if following[0] == "/" and following[1:].isdigit():
        return text[end : end + 4] in {"/32 ", "/32\n"}
    return not (following[0] in ".-" and following[1:].isalnum())


def _finding(type_: str, start: int, end: int, confidence: float) -> Finding:
    return Finding(
        kind="pii",
        type=type_,
        start=start,
        end=end,
        rule=f"pii/{type_.lower()}",
        confidence=confidence,
    )
