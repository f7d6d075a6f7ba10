"""Personal values of an entry one by one, with those that were erased in their places."""

from typing import Any, Final

import msgspec

from alos.domain.record import Personal
from alos.ledger.encoding import decode_values

_decode_plain: Final = msgspec.msgpack.Decoder(list[Any]).decode


def list_personal(chained: bytes, personal: bytes) -> list[Personal | None]:
    """An entry's personal values in their order, ``None`` where one was erased.

    Raises:
        EntryMalformedError: the bytes are not an entry, or a value does not match.
    """
    kept = iter(decode_values(chained, personal).personal)
    count = len(_decode_plain(chained)[-1])
    secrets = _decode_plain(personal) if personal else [None] * count
    return [None if secret is None else next(kept) for secret in secrets]
