"""Signed statements: RFC 8785 JSON in a DSSE envelope, signed by the installation's key.

An envelope (https://github.com/secure-systems-lab/dsse, v1.0) is the JSON object::

    {"payloadType": …, "payload": <base64>, "signatures": [{"keyid": …, "sig": <base64>}]}

and what is signed is PAE(type, payload) = ``DSSEv1 <bytes in type> <type> <bytes in payload>
<payload>``. The key id is the verifying key's text (:class:`alos.ledger.note.VerifyKey`). The
first word keeps such a signature apart from those over checkpoints and receipts.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import rfc8785

from alos.ledger.note import (
    NoteMalformedError,
    SigningKey,
    VerifyKey,
    decode_base64,
    encode_base64,
)

STATEMENT_TYPE: Final = "application/vnd.alos.statement.v1+json"
IN_TOTO_TYPE: Final = "application/vnd.in-toto+json"
_MOST_BYTES: Final = 1_000_000


class StatementBadError(ValueError):
    """The envelope can't be read, or no trusted key signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An envelope that was opened and whose signature holds.

    Attributes:
        signer: the trusted key that signed it.
        digest: hex SHA-256 of the payload's bytes; what others refer to.
    """

    payload_type: str
    content: Mapping[str, Any]
    signer: VerifyKey
    digest: str


def write_payload(content: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a statement (RFC 8785).

    Raises:
        ValueError: something in it is not JSON, or an integer beyond 2^53.
    """
    return rfc8785.dumps(dict(content))


def hash_payload(content: Mapping[str, Any]) -> str:
    """Hex SHA-256 of the canonical bytes."""
    return sha256(write_payload(content)).hexdigest()


def sign_statement(
    content: Mapping[str, Any], key: SigningKey, *, payload_type: str = STATEMENT_TYPE
) -> str:
    """Sign; returns the envelope as JSON text."""
    payload = write_payload(content)
    signature = key.sign(encode_pae(payload_type, payload))
    envelope = {
        "payloadType": payload_type,
        "payload": encode_base64(payload),
        "signatures": [{"keyid": str(key.verify_key), "sig": encode_base64(signature)}],
    }
    return json.dumps(envelope, separators=(",", ":"))


def open_statement(envelope: str, trusted: Iterable[VerifyKey]) -> Statement:
    """Read an envelope that one of the trusted keys signed.

    Raises:
        StatementBadError: it is no envelope, its payload is not canonical JSON, or no trusted
            key signed it.
    """
    payload_type, payload, signatures = _read(envelope)
    signed = encode_pae(payload_type, payload)
    by_name = {str(key): key for key in trusted}
    for key_id, signature in signatures:
        key = by_name.get(key_id)
        if key is not None and key.is_signed(signed, signature):
            return Statement(
                payload_type=payload_type,
                content=_decode(payload),
                signer=key,
                digest=sha256(payload).hexdigest(),
            )
    raise StatementBadError("no trusted key signed the statement")


def encode_pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what the signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _read(envelope: str) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    if len(envelope) > _MOST_BYTES:
        raise StatementBadError("the envelope is too large")
    try:
        read = json.loads(envelope)
        payload_type, payload = read["payloadType"], decode_base64(read["payload"])
        signatures = [(one["keyid"], decode_base64(one["sig"])) for one in read["signatures"]]
    except (ValueError, KeyError, TypeError, NoteMalformedError) as error:
        raise StatementBadError("not a DSSE envelope") from error
    if not isinstance(payload_type, str):
        raise StatementBadError("not a DSSE envelope")
    return payload_type, payload, signatures


def _decode(payload: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(payload)
        canonical = isinstance(content, dict) and write_payload(content) == payload
    except ValueError as error:
        raise StatementBadError("the payload is not JSON") from error
    if not canonical:
        raise StatementBadError("the payload is not a JSON object in RFC 8785 form")
    found: Mapping[str, Any] = content
    return found
