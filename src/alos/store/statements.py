"""The installation's signing key put to statements (:class:`alos.ports.statements`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from alos.ledger.note import SigningKey, VerifyKey
from alos.ledger.statement import (
    STATEMENT_TYPE,
    StatementBadError,
    open_statement,
    sign_statement,
)


class KeyedStatements:
    """Signs with the key in force, and knows the keys before it."""

    def __init__(self, key: SigningKey, earlier: Sequence[VerifyKey] = ()) -> None:
        self._key = key
        self._trusted = (key.verify_key, *earlier)

    @property
    def verify_key(self) -> VerifyKey:
        """What others check its signatures with."""
        return self._key.verify_key

    def sign(self, content: Mapping[str, Any], *, payload_type: str | None = None) -> str:
        """See :class:`alos.ports.statements.Statements`."""
        return sign_statement(content, self._key, payload_type=payload_type or STATEMENT_TYPE)

    def open(self, envelope: str) -> Mapping[str, Any] | None:
        """See :class:`alos.ports.statements.Statements`."""
        try:
            return open_statement(envelope, self._trusted).content
        except StatementBadError:
            return None
