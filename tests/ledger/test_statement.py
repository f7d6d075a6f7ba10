"""Statements in DSSE envelopes."""

import json

import pytest

from alos.ledger.note import SigningKey, decode_base64, encode_base64
from alos.ledger.statement import (
    StatementBadError,
    encode_pae,
    open_statement,
    sign_statement,
)

KEY = SigningKey("alos/test", bytes(range(32)))
OTHER = SigningKey("alos/test", bytes(range(1, 33)))
CONTENT = {"b": [1, "é"], "a": {"z": True, "y": None}}


def test_the_encoding_is_the_published_one() -> None:
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert encode_pae("http://example.com/HelloWorld", b"hello world") == expected


def test_what_was_signed_comes_back_in_canonical_form() -> None:
    envelope = sign_statement(CONTENT, KEY)
    statement = open_statement(envelope, [OTHER.verify_key, KEY.verify_key])
    assert statement.content == CONTENT
    assert statement.signer == KEY.verify_key
    payload = decode_base64(json.loads(envelope)["payload"])
    assert payload == '{"a":{"y":null,"z":true},"b":[1,"é"]}'.encode()


def test_a_changed_byte_a_changed_type_and_another_key_are_refused() -> None:
    envelope = json.loads(sign_statement(CONTENT, KEY))
    payload = bytearray(decode_base64(envelope["payload"]))
    payload[-2] ^= 1
    changed = {**envelope, "payload": encode_base64(bytes(payload))}
    retyped = {**envelope, "payloadType": "application/json"}
    for bad in (changed, retyped, {**envelope, "signatures": []}):
        with pytest.raises(StatementBadError):
            open_statement(json.dumps(bad), [KEY.verify_key])
    with pytest.raises(StatementBadError):
        open_statement(json.dumps(envelope), [OTHER.verify_key])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"payloadType":1,"payload":"","signatures":[]}', "x" * 2_000_000]
)
def test_what_is_no_envelope_is_refused(text: str) -> None:
    with pytest.raises(StatementBadError):
        open_statement(text, [KEY.verify_key])


def test_a_signed_payload_that_is_not_canonical_is_refused() -> None:
    payload = b'{"b":1, "a":2}'
    kind = "application/vnd.alos.statement.v1+json"
    envelope = {
        "payloadType": kind,
        "payload": encode_base64(payload),
        "signatures": [
            {
                "keyid": str(KEY.verify_key),
                "sig": encode_base64(KEY.sign(encode_pae(kind, payload))),
            }
        ],
    }
    with pytest.raises(StatementBadError, match="8785"):
        open_statement(json.dumps(envelope), [KEY.verify_key])
