"""The :class:`alos.ports.stop_channel.StopChannel` on Valkey: a hash of switches, and a bell.

One hash holds every switch in force, so that a gateway that was away reads all of them at once;
a publication wakes those that wait. One database of Valkey belongs to one installation.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from alos.domain.fault import ChannelDown
from alos.domain.standing import Stop

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

HASH: Final = "alos:stops"
BELL: Final = "alos:stops:news"
_SECONDS: Final = 0.5
"""Longest wait for a connection, and for an answer."""


class ValkeyMissingError(Exception):
    """The extra is not installed; the message says how to get it."""


class ValkeyStops:
    """Keeps its own connections; a lost one is made again by the next question.

    Raises:
        ValkeyMissingError: the extra ``valkey`` is not installed.
        ValueError: the URL is none of Valkey's.
    """

    def __init__(self, url: str) -> None:
        try:
            from redis import RedisError  # noqa: PLC0415 - an extra
            from redis.asyncio import Redis  # noqa: PLC0415
            from redis.asyncio.retry import Retry  # noqa: PLC0415
            from redis.backoff import NoBackoff  # noqa: PLC0415
        except ImportError as error:
            why = "ALOS_VALKEY needs the extra: pip install 'alos[valkey]'"
            raise ValkeyMissingError(why) from error
        self._broken = (RedisError, OSError, TimeoutError)
        self._client: Redis = Redis.from_url(
            url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._bell: PubSub | None = None

    async def tell(self, stop: Stop) -> None:
        """Add a switch and ring."""
        said = {
            "since_unix": stop.since_unix,
            "by": stop.by,
            "reason": stop.reason,
            "pulled_at_unix_ns": stop.pulled_at_unix_ns,
        }
        field = _to_field(stop.kind, stop.target)
        await self._do("hset", HASH, field, json.dumps(said))
        await self._do("publish", BELL, field)

    async def forget(self, kind: str, target: str) -> None:
        """Take a switch out; nobody has to be woken for that."""
        await self._do("hdel", HASH, _to_field(kind, target))

    async def list_stops(self) -> Sequence[Stop]:
        """Every switch in the hash; one that can't be read counts as pulled just like any other.

        Its name alone is needed to stop something; what else it says is for people.
        """
        kept = await self._do("hgetall", HASH)
        return [stop for field, said in kept.items() if (stop := _to_stop(field, said))]

    async def wait(self, seconds: float) -> None:
        """Return when it rings, or after so long."""
        try:
            if self._bell is None:
                bell = self._client.pubsub(ignore_subscribe_messages=True)
                await asyncio.wait_for(bell.subscribe(BELL), _SECONDS)
                self._bell = bell
            await self._bell.get_message(timeout=seconds)
        except self._broken as error:
            await self._hang_up()
            raise ChannelDown(f"Valkey does not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._hang_up()
        await self._client.aclose()

    async def _hang_up(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None:
            try:
                await bell.aclose()  # type: ignore[no-untyped-call]
            except self._broken:
                return

    async def _do(self, command: str, *words: str) -> Any:
        try:
            return await asyncio.wait_for(getattr(self._client, command)(*words), 2 * _SECONDS)
        except self._broken as error:
            raise ChannelDown(f"Valkey does not answer: {type(error).__name__}") from error


def _to_field(kind: str, target: str) -> str:
    return f"{kind} {target}"


def _to_stop(field: str, said: str) -> Stop | None:
    kind, _, target = field.partition(" ")
    try:
        more = json.loads(said)
        return Stop(
            kind=kind,
            target=target,
            since_unix=int(more["since_unix"]),
            by=str(more["by"]),
            reason=str(more["reason"]),
            pulled_at_unix_ns=int(more["pulled_at_unix_ns"]),
        )
    except (ValueError, TypeError, KeyError):
        return Stop(
            kind=kind,
            target=target,
            since_unix=0,
            by="unknown",
            reason="unreadable",
            pulled_at_unix_ns=1,
        )
