"""Reads the name beside a value: does it promise a password, a machine's secret, or neither?"""

from __future__ import annotations

import re
from typing import Literal

NameKind = Literal["password", "secret", "weak"]

_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_PASSWORDS = frozenset(
    {
        *("password", "passwd", "passphrase", "passcode", "pwd", "pass", "pw", "psw", "passwort"),
        *("kennwort", "senha", "contrasena", "mdp", "passw", "userpass", "dbpass", "sshpass"),
        *("pgpassword", "requirepass", "masterauth", "rootpw", "authpass", "psk"),
    },
)
_SECRETS = frozenset(
    {
        *("secret", "token", "apikey", "credential", "credentials", "creds", "secretkey"),
        *("authtoken", "accesstoken", "accesskey", "authkey", "appkey", "privatekey", "pat"),
        *("clientsecret", "accountkey", "sharedaccesskey", "secrets", "tokens", "apitoken"),
        *("appsecret", "bearer", "authorization", "hapikey", "secretaccesskey", "dsn"),
    },
)
_KEY_OF = frozenset(
    {
        *("api", "access", "secret", "private", "auth", "account", "encryption", "encrypt"),
        *("signing", "master", "subscription", "license", "app", "application", "service"),
        *("storage", "sas", "shared", "client", "admin", "deploy", "write", "ingest"),
        *("ingestion", "integration", "hmac", "aes", "webhook", "server", "rest", "live"),
        *("consumer", "security", "jwt", "session", "functions", "user", "root", "search"),
        *("x", "cron", "rpc", "bot", "project", "restricted", "sk", "org", "team", "billing"),
        *("functions", "host", "connection", "decryption", "wallet", "rsa", "ssh", "signature"),
    },
)
_NOT_BEFORE = frozenset(
    {
        *("page", "next", "continuation", "csrf", "xsrf", "cancel", "cancellation", "eos", "bos"),
        *("pad", "sep", "cls", "mask", "unk", "special", "max", "min", "num", "count", "total"),
        *("input", "output", "prompt", "completion", "stop", "sync", "cursor", "public", "no"),
        *("primary", "foreign", "cache", "sort", "partition", "row", "idempotency", "object"),
        *("routing", "group", "index", "map", "dict", "site", "publishable", "current", "prev"),
        *("previous", "first", "last", "each", "hash", "hashed", "encrypted", "forgot", "reset"),
        *("lock", "request", "change", "update", "start", "resume", "scroll", "upload", "job"),
        *(
            "task",
            "snapshot",
            "creation",
            "operation",
            "marker",
            "paging",
            "policy",
            "consistency",
        ),
        *("by", "bi", "pagination", "sampled", "generated", "tie", "sub", "pub", "header"),
    },
)
_AFTER = frozenset(
    {
        *("value", "val", "prod", "production", "dev", "staging", "stage", "live", "test"),
        *("main", "default", "base", "b", "old", "new", "primary", "secondary", "plain"),
        *("text", "plaintext", "raw", "hex", "string", "env", "is", "s", "v", "sandbox", "qa"),
        *("local", "current", "backup", "readonly", "ro", "rw", "admin", "root", "here", "it"),
        *("confirmation", "confirm", "now", "works", "rotated", "uat", "eu", "us", "master"),
    },
)

_PASSWORD_ENDS = (
    *("password", "passwd", "passwort", "kennwort", "passphrase", "storepass", "keypass"),
    *("bindpass", "rootpass", "mailpass", "smtppass", "ftppass", "adminpass", "mysqlpass"),
)
_SECRET_ENDS = (
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "authtoken",
    "apitoken",
    "secret",
)


def is_no_secret_before(word: str) -> bool:
    """Tell whether `word` before a noun (`cache key`, `page token`) makes it no credential's."""
    return word.lower() in _NOT_BEFORE


def kind_of_name(name: str) -> NameKind | None:
    """Tell what `name` (an identifier, a header, the words before a colon) promises.

    The noun must come last but for a few words that don't change it: `db_password_prod` does,
    `password_hash`, `token_type`, `secretName` and `public_key` don't.
    """
    words = _WORDS.findall(name)
    for at in range(len(words) - 1, -1, -1):
        word = words[at].lower()
        before = words[at - 1].lower() if at else ""
        if word in _PASSWORDS or word.endswith(_PASSWORD_ENDS):
            return None if before in _NOT_BEFORE else "password"
        if word in _SECRETS or word.endswith(_SECRET_ENDS):
            return None if before in _NOT_BEFORE else "secret"
        if word in {"key", "keys"}:
            return _kind_of_key(before)
        if word in {"auth", "pin", "cookie", "session"}:
            return "weak"
        if word not in _AFTER and not word.isdigit():
            return None
    return None


def _kind_of_key(before: str) -> NameKind | None:
    if before in _NOT_BEFORE:
        return None
    return "secret" if before in _KEY_OF else "weak"
