"""The :class:`alos.ports.answers.Claims` on the database, so that a restart repeats no call."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import RowMapping, delete, insert, select, update

from alos.domain.fault import CountersDown, StoreDown
from alos.domain.ids import BodyReference, CallId, ModelName
from alos.ports.answers import EarlierAnswer, NotYours
from alos.store.claim_tables import claims
from alos.store.engine import Store

CLAIM_SECONDS: Final = 24 * 3600
_NANOSECONDS: Final = 1_000_000_000
_LONGEST_CALL_NS: Final = 3600 * _NANOSECONDS
"""A key that has been running for longer has nobody who will say how its call ended."""
_T = TypeVar("_T")


class StoredClaims:
    """Keys and what they were answered; a commit is on disk.

    A key is granted in one transaction, so of two calls at a time one gets it, in whichever
    process. A key whose call was running when its process died is answered by nobody: it counts
    as one whose answer is not kept (:meth:`end_running`), since the call may have been made.

    Args:
        gateway: whose calls claim keys here; other gateways' keys are not ended by its start.
    """

    def __init__(self, store: Store, *, gateway: str = "", seconds: int = CLAIM_SECONDS) -> None:
        self._store = store
        self._gateway = gateway
        self._lifetime_ns = seconds * _NANOSECONDS
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="claims")
        """One thread, so that its writes wait for one another and not for the database."""

    def end_running(self) -> None:
        """Say of this gateway's running keys that their calls will not be answered; for a start.

        Raises:
            StoreDown: nothing was changed.
        """
        with self._store.write() as connection:
            columns = claims.c
            mine = columns.gateway.is_(None) | (columns.gateway == self._gateway)
            connection.execute(update(claims).where(mine).values(is_running=False))

    async def claim(
        self, key: bytes, fingerprint: bytes, *, now_unix_ns: int
    ) -> EarlierAnswer | NotYours | None:
        """See the port."""
        work = self._start(self._claim, key, fingerprint, now_unix_ns)
        try:
            return await self._wait(work)
        except asyncio.CancelledError:
            with suppress(CountersDown):
                if await self._wait(work) is None:  # granted to a caller who is gone
                    await self._wait(self._start(self._let_go, key))
            raise

    async def keep(self, key: bytes, answer: EarlierAnswer | None, *, now_unix_ns: int) -> None:
        """See the port; a key's day begins with its claim."""
        del now_unix_ns
        await self._wait(self._start(self._keep, key, answer))

    async def let_go(self, key: bytes) -> None:
        """See the port."""
        await self._wait(self._start(self._let_go, key))

    def _start(self, work: Callable[..., _T], *arguments: Any) -> "asyncio.Future[_T]":
        return asyncio.get_running_loop().run_in_executor(self._writer, partial(work, *arguments))

    async def _wait(self, work: "asyncio.Future[_T]") -> _T:
        """Wait for a thread; who stops waiting does not stop it half-way."""
        try:
            return await asyncio.shield(work)
        except StoreDown as error:
            raise CountersDown(str(error)) from error

    def _claim(
        self, key: bytes, fingerprint: bytes, now_unix_ns: int
    ) -> EarlierAnswer | NotYours | None:
        columns = claims.c
        with self._store.write() as connection:
            ended = columns.claimed_at_unix_ns <= now_unix_ns - self._lifetime_ns
            connection.execute(delete(claims).where(ended))
            found = select(claims).where(columns.key == key)
            row = connection.execute(found).mappings().one_or_none()
            if row is None:
                values = {
                    "key": key,
                    "fingerprint": fingerprint,
                    "claimed_at_unix_ns": now_unix_ns,
                    "is_running": True,
                    "gateway": self._gateway,
                }
                connection.execute(insert(claims), values)
                return None
        if row["fingerprint"] != fingerprint:
            return NotYours.OTHER_REQUEST
        if row["is_running"] and now_unix_ns - row["claimed_at_unix_ns"] < _LONGEST_CALL_NS:
            return NotYours.RUNNING
        return _to_answer(row)

    def _keep(self, key: bytes, answer: EarlierAnswer | None) -> None:
        values: dict[str, Any] = {"is_running": False}
        if answer is not None:
            values |= answer._asdict()
        with self._store.write() as connection:
            connection.execute(update(claims).where(claims.c.key == key).values(values))

    def _let_go(self, key: bytes) -> None:
        with self._store.write() as connection:
            connection.execute(delete(claims).where(claims.c.key == key, claims.c.is_running))


def _to_answer(row: RowMapping) -> EarlierAnswer | NotYours:
    if row["reference"] is None:
        return NotYours.NOT_KEPT
    return EarlierAnswer(
        call_id=CallId(row["call_id"]),
        reference=BodyReference(row["reference"]),
        streamed=row["streamed"],
        model=ModelName(row["model"]),
        output_hash=row["output_hash"],
    )
