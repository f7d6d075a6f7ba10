"""The shape of a key: ``alos_`` + 8 searchable characters + ``_`` + 43 secret characters.

Only the prefix and the SHA-256 of the whole key are kept. A key has 256 random bits, so a
plain hash is enough (no dictionary to try); comparing hashes is constant-time.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

PREFIX_LENGTH = len("alos_") + 8
KEY_LENGTH = PREFIX_LENGTH + 1 + 43
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def make_key(randomness: bytes, word: str = "alos") -> tuple[str, str, bytes]:
    """Make (key, prefix, hash) from 40 random bytes.

    Args:
        randomness: 40 bytes.
        word: what it begins with; a key of the gateway with ``alos``, a directory's token with
            ``scim``.

    Raises:
        ValueError: not 40 bytes.
    """
    if len(randomness) != 40:  # noqa: PLR2004 - 8 for the prefix, 32 for the secret
        message = "a key needs 40 random bytes"
        raise ValueError(message)
    prefix = f"{word}_" + "".join(_ALPHABET[byte % 32] for byte in randomness[:8])
    secret = urlsafe_b64encode(randomness[8:]).rstrip(b"=").decode()
    key = f"{prefix}_{secret}"
    return key, prefix, hash_key(key.encode())


def hash_key(key: bytes) -> bytes:
    """SHA-256 of the whole key."""
    return hashlib.sha256(key).digest()


def matches(key: bytes, secret_hash: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hash_key(key), secret_hash)
