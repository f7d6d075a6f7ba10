# ruff: noqa: E501 - templates are read better on one line
"""A fourth labelled corpus, written by another hand that had not seen the rules or the other sets.

Carriers and phrasings are in `corpus_fourth_carriers.py`, shapes in `corpus_fourth_vendors.py`, texts
that hold no credential in `corpus_fourth_clean.py`. Nothing of it was changed after the first run; what
that run gave stands in docs/reference/checks.md.
"""

from __future__ import annotations

import base64
import json
import random  # noqa: TID251 - seeded samples, not secrets
import re
import string

import corpus_fourth_carriers as carriers
import corpus_fourth_clean as clean
from corpus_fourth_vendors import EVERYDAY, VENDORS, Vendor
from corpus_secrets import Document
from samples import draw

__all__ = ["EVERYDAY", "negatives", "positives"]

Rng = random.Random
_OPEN, _CLOSE = "\ue000", "\ue001"
_USERS = ("admin", "svc_ledger", "jdoe", "root", "deploy", "app_rw", "maria", "backup", "etl")
_HOSTS = (
    "db.acme.io",
    "10.2.14.7",
    "prod-db-1.internal",
    "northwind.net",
    "mail.kontor.de",
    "vault.corp.lan",
)
_DBS = ("ledger", "billing", "crm", "inventory", "shop", "metrics")
_NAMES = (
    "correct",
    "horse",
    "marble",
    "tunnel",
    "copper",
    "violet",
    "anchor",
    "pepper",
    "walnut",
    "signal",
    "harbor",
    "magnet",
)
_PEOPLE = (
    "Summer",
    "Winter",
    "Welcome",
    "Dragon",
    "Liverpool",
    "Bella",
    "Acme",
    "Berlin",
    "Monkey",
    "Soleil",
    "Verano",
    "Passw0rd",
)
_SAFE = string.ascii_letters + string.digits + "-_.~"
_RICH = string.ascii_letters + string.digits + "!#%*+-_.:?@^~=$&"


def password(rng: Rng, *, url: bool) -> str:
    """Return a password as people and generators make them; `url` keeps to characters a URI takes."""
    kind = rng.random()
    if kind < 0.40:
        alphabet = _SAFE if url else _RICH
        body = "".join(rng.choice(alphabet) for _ in range(rng.randint(10, 24)))
        return rng.choice(string.ascii_letters) + body + rng.choice(string.digits)
    if kind < 0.55:
        return "".join(
            rng.choice(string.ascii_letters + string.digits) for _ in range(rng.randint(12, 32))
        )
    if kind < 0.80:
        tail = rng.choice(("!", "?", "", "#", "$", "!!")) if not url else ""
        return f"{rng.choice(_PEOPLE)}{rng.choice(('', '@', '_')) if not url else ''}{rng.choice((rng.randint(1, 99), rng.randint(1975, 2026)))}{tail}"
    if kind < 0.90:
        return "-".join(rng.sample(_NAMES, 4))
    word = rng.choice(_NAMES)
    leet = word.translate(str.maketrans("aeio", "4310"))
    return f"{leet}{rng.randint(10, 999)}"


def _styles(name: str) -> dict[str, str]:
    words = [
        word.lower()
        for word in re.split(r"[_\W]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))
        if word
    ]
    camel = words[0] + "".join(word.title() for word in words[1:])
    return {
        "ENV": "_".join(words).upper(),
        "snake": "_".join(words),
        "kebab": "-".join(words),
        "dotted": ".".join(words),
        "camel": camel,
        "Pascal": camel[:1].upper() + camel[1:],
    }


def _fill(rng: Rng, template: str, values: dict[str, str]) -> str:
    host, user = rng.choice(_HOSTS), rng.choice(_USERS)
    known = {"host": host, "user": user, "db": rng.choice(_DBS), **values}
    return re.sub(r"<(\w+)>", lambda found: known.get(found[1], found[0]), template)


def _document(marked: str, vendor: str, carrier: str) -> Document:
    spans: list[tuple[int, int]] = []
    text = ""
    for piece in re.split(f"({_OPEN}[^{_CLOSE}]*{_CLOSE})", marked):
        if piece.startswith(_OPEN):
            spans.append((len(text), len(text) + len(piece) - 2))
        text += piece.strip(_OPEN + _CLOSE)
    return Document(text, tuple(spans), vendor, carrier)


def _padded(rng: Rng, marked: str) -> str:
    if rng.random() < 0.45:
        marked = clean.prose(rng) + "\n" + marked
    if rng.random() < 0.45:
        marked += "\n" + clean.prose(rng)
    return marked


def _key(rng: Rng) -> Document:
    vendor: Vendor = (
        rng.choice(VENDORS)
        if rng.random() < 0.35
        else rng.choice([one for one in VENDORS if one.everyday])
    )
    value = f"{_OPEN}{draw(vendor.shape, rng)}{_CLOSE}"
    word = vendor.spoken.split()[0]
    name = rng.choice(vendor.names)
    values = {
        "v": value,
        "spoken": vendor.spoken,
        "vendor": word,
        "Vendor": word.title(),
        **_styles(name),
    }
    if rng.random() < 0.35:
        return _document(
            _padded(rng, _fill(rng, rng.choice(carriers.CHAT), values)), vendor.id, "chat"
        )
    carrier = rng.choice(tuple(carriers.FILES))
    template = rng.choice(carriers.FILES[carrier])
    if carrier == "http":  # the header tells no vendor: as in life, its address does
        values["host"] = f"{re.sub(r'[^a-z0-9]', '', word.lower())}.com"
        if "http" not in template and "Host" not in template:
            template = f"# {vendor.spoken}\n{template}"
    if carrier == "command" and "docker login" in template:
        template = template.replace("docker login", f"{word.lower()} login")
    return _document(_padded(rng, _fill(rng, template, values)), vendor.id, carrier)


def _password(rng: Rng) -> Document:
    if rng.random() < 0.45:
        template, carrier = rng.choice(carriers.PASSWORD_CHAT), "chat"
    else:
        carrier = rng.choice(tuple(carriers.PASSWORD_FILES))
        template = rng.choice(carriers.PASSWORD_FILES[carrier])
    values = {
        "p": f"{_OPEN}{password(rng, url=False)}{_CLOSE}",
        "u": f"{_OPEN}{password(rng, url=True)}{_CLOSE}",
    }
    return _document(_padded(rng, _fill(rng, template, values)), "password", carrier)


def _base64(rng: Rng, length: int) -> str:
    return base64.b64encode(rng.randbytes(length)).decode()


def _structure(rng: Rng) -> Document:
    kind = rng.choice(
        (
            "pem",
            "pem-json",
            "pem-env",
            "jwt",
            "basic",
            "docker",
            "npmrc",
            "kubeconfig",
            "k8s-data",
            "wireguard",
            "jwk",
            "ssh-chat",
            "azure",
            "laravel",
            "kube-token",
            "sas",
            "aws-pair",
            "cookie-jwt",
        )
    )
    body = _base64(rng, rng.choice((600, 1190)))
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    label = rng.choice(("RSA ", "EC ", "", "OPENSSH ", "DSA "))
    pem = f"-----BEGIN {label}PRIVATE KEY-----\n{lines}\n-----END {label}PRIVATE KEY-----"

    def mark(text: str) -> str:
        return f"{_OPEN}{text}{_CLOSE}"

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    jwt = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': str(rng.randint(1, 10**9)), 'exp': rng.randint(10**9, 2 * 10**9)})}.{_base64(rng, 32).rstrip('=').replace('+', '-').replace('/', '_')}"
    user, word, host = rng.choice(_USERS), password(rng, url=True), rng.choice(_HOSTS)
    pair = base64.b64encode(f"{user}:{word}".encode()).decode()
    made = {
        "pem": lambda: f"# {host}\n{mark(pem)}\n",
        "pem-json": lambda: (
            '{"type":"service_account","private_key_id":"'
            + rng.randbytes(20).hex()
            + '","private_key":"'
            + mark(pem.replace("\n", "\\n"))
            + '\\n","client_email":"svc@proj.iam.gserviceaccount.com"}'
        ),
        "pem-env": lambda: 'DEPLOY_KEY="' + mark(pem.replace("\n", "\\n")) + '"',
        "jwt": lambda: f"curl -H 'Authorization: Bearer {mark(jwt)}' https://{host}/me",
        "cookie-jwt": lambda: f"Cookie: session={mark(jwt)}; theme=dark",
        "basic": lambda: f"Authorization: Basic {mark(pair)}\nHost: {host}",
        "docker": lambda: '{"auths":{"registry.acme.io":{"auth":"' + mark(pair) + '"}}}',
        "npmrc": lambda: (
            f"registry=https://{host}/npm/\n//{host}/npm/:_authToken={mark(_base64(rng, 30))}\n"
        ),
        "kubeconfig": lambda: (
            f"users:\n- name: admin\n  user:\n    client-key-data: {mark(base64.b64encode(pem.encode()).decode())}\n"
        ),
        "kube-token": lambda: (
            f"users:\n- name: ci\n  user:\n    token: {mark(draw('[a-z0-9]{6}[.][a-z0-9]{16}', rng))}\n"
        ),
        "k8s-data": lambda: (
            f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  password: {mark(base64.b64encode(password(rng, url=False).encode()).decode())}\n"
        ),
        "wireguard": lambda: (
            f"[Interface]\nPrivateKey = {mark(_base64(rng, 32))}\nAddress = 10.0.0.2/24\n[Peer]\nPublicKey = {_base64(rng, 32)}\n"
        ),
        "jwk": lambda: (
            '{"kty":"EC","crv":"P-256","x":"'
            + part(rng.random())[:43]
            + '","d":"'
            + mark(draw("[A-Za-z0-9_-]{43}", rng))
            + '"}'
        ),
        "ssh-chat": lambda: (
            f"I can't ssh in, is my key broken?\n\n{mark(pem)}\n\nThe host is {host}."
        ),
        "azure": lambda: (
            f"DefaultEndpointsProtocol=https;AccountName=ledgerstore;AccountKey={mark(draw('[A-Za-z0-9/+]{86}==', rng))};EndpointSuffix=core.windows.net"
        ),
        "laravel": lambda: f"APP_ENV=production\nAPP_KEY=base64:{mark(_base64(rng, 32))}\n",
        "sas": lambda: (
            f"https://ledger.blob.core.windows.net/c/f.csv?sv=2023-11-03&sp=r&sig={mark(draw('[A-Za-z0-9]{43}', rng) + '%3D')}&se=2027-01-01"
        ),
        "aws-pair": lambda: (
            f"[prod]\naws_access_key_id = {mark(draw('AKIA[A-Z2-7]{16}', rng))}\naws_secret_access_key = {mark(draw('[A-Za-z0-9/+]{40}', rng))}\n"
        ),
    }[kind]()
    return _document(_padded(rng, made), kind, "structure")


def positives(rng: Rng, count: int) -> list[Document]:
    """Return documents that hold at least one credential: 62 % keys, 28 % passwords, 10 % structures."""
    made = []
    for _ in range(count):
        kind = rng.random()
        made.append(
            _key(rng) if kind < 0.62 else _password(rng) if kind < 0.90 else _structure(rng)
        )
    return made


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return documents that hold none but look as if: hashes, ids, placeholders, references, talk."""
    return [Document(_padded(rng, clean.hard(rng)), (), "", "clean") for _ in range(count)]
