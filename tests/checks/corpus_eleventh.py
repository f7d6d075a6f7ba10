# ruff: noqa: E501 - templates are read better on one line; people write in their languages
"""An eleventh labelled corpus, chat only: colleagues, tickets, and people who ask for help.

Written after what was mended on the tenth, before its first run, and not changed after; what that
run gave stands in docs/reference/checks.md.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded samples, not secrets
import string

import corpus_eighth as eighth
import corpus_tenth as tenth
from corpus_secrets import Document

__all__ = ["negatives", "positives"]

Rng = random.Random

KEYS: tuple[str, ...] = (
    "can somebody check why <vendor> rejects us? we use <v>",
    "The <spoken> we got from procurement reads <v> and is valid until March.",
    "I'm getting 'invalid credentials' with <v>. The account is the <vendor> one of the marketing team.",
    "Ticket 4471: customer sent us their <spoken> in clear text (<v>), please delete the attachment.",
    "For the workshop everybody may use my <spoken>, it's <v>, please don't share it further.",
    "New <vendor> credentials as of today\n\n<v>\n\nThe old ones stop working at noon.",
    "hi, quick question about <vendor>. if i call the api with <v> do i need another header?",
    "Summarise this thread: Tom: which key? Ann: the <vendor> one. Tom: paste it pls. Ann: <v>. Tom: thx",
    "Write a bash one-liner that calls <vendor> with the token <v> and prints the status.",
    "We rotated the <spoken>. Use <v> from now on instead of the one in the wiki.",
    "Our <spoken> leaked on GitHub, it was <v>. What are the next steps?",
    "The contractor left. His <vendor> access was <v>, can you tell me which scopes that had?",
    "Turn this into a table: service=<vendor>; owner=ops; secret=<v>; expires=never",
    "Bonjour, voici le jeton <vendor> pour la recette : <v>. Merci de le mettre dans le coffre.",
    "Moin, hier der neue Schlüssel für <vendor>: <v>. Bitte nicht weitergeben!",
    "Hola equipo, la clave de <vendor> cambió, ahora es <v>.",
    "Oi, segue a chave do <vendor> que você pediu: <v>",
    "Ciao, ti mando il token di <vendor>: <v>",
    "Hoi, de <vendor>-sleutel is <v>, zet hem in de vault.",
    "Hej, här är nyckeln till <vendor>: <v>",
)

PASSWORDS: tuple[str, ...] = (
    "Hi Lena, you can get into the staging shop with <user> and the password <p> until Friday.",
    "The VPN kept asking, so I tried <p> as the password and that worked.",
    "Please set the password of the shared mailbox back to <p>, people are confused.",
    "Could you translate for our tenant: 'The Wi-Fi password is <p>, please do not post it.'",
    "Router in meeting room 3: admin / <p>. Works since yesterday.",
    "what happened: customer called, said pw <p> not accepted, reset done, customer happy",
    "Password: <p>\nUser: <user>\nIs that safe enough for a bank?",
    "My login at the tax office is <user>, my password there is <p>, and it says locked. Help?",
    "She told me on the phone that the password would be <p>, with a capital first letter.",
    "Make a welcome card for new hires: laptop PIN 4711, first password <p>, change it on day one.",
    "The database runs on <host>; user <user>, password <p>, no TLS.",
    "I changed my password from <p> to something else, do I have to log in again everywhere?",
    "Rate my passwords: <p>",
    "The old admin left a note: root pw = <p>. Should we keep it?",
    "For the demo account use <p> as password and any e-mail.",
    "Passwort vergessen? Unseres fürs Lager ist immer noch <p>.",
    "Kannst du dich bitte mit <user> anmelden, Passwort <p>, und schauen, ob der Bericht da ist?",
    "Le mot de passe du compte de test est <p>, l'identifiant <user>.",
    "La contraseña del servidor nuevo es <p>, no la cambies todavía.",
    "A senha do banco de homologação é <p>.",
    "La password del router è <p>, scrivila sul foglio.",
    "Het wachtwoord voor de printer is <p>.",
    "Hasło do panelu to <p>, login <user>.",
    "Пароль от тестового стенда: <p>",
)

NEGATIVES: tuple[str, ...] = (
    "The password field must have 12 to 64 characters; we count with Unicode 15.1 rules.",
    "Ticket 4471: customer can't reset the password, error E-2041 after step 3.",
    "Is an API key the same as a token? Our auditor asks for ISO-27001 wording.",
    "We store passwords with Argon2id (m=19456, t=2, p=1). Is that fine in 2026?",
    "Das Passwort läuft nach 90 Tagen ab, so will es die Richtlinie IT-07.",
    "Le mot de passe doit contenir une majuscule, un chiffre et un symbole comme ! ou #.",
    "Set DATABASE_PASSWORD in the environment; never write it to config.yaml.",
    "The key insight of chapter B2B-4 is that token budgets matter more than latency.",
    "Who changed the secret? kubectl says resourceVersion 88213377 at 2026-03-02T10:11:12Z.",
    "Rotate every key at least each quarter, Q3-2026 at the latest.",
    "The session token in example 7b is shortened: eyJ…",
    "Login works with SSO since release 24.10.3, passwords are off.",
)


def positives(rng: Rng, count: int) -> list[Document]:
    """Return conversations that hold one credential each: half keys, half passwords."""
    return [tenth.make(rng, KEYS, PASSWORDS, password) for _ in range(count)]


_PLAIN = ("winter", "dragon", "garden", "office", "bridge", "tomato", "rocket", "purple", "engine")


def password(rng: Rng) -> str:
    """Draw a password: what people make up, what a policy makes of it, what a manager makes."""
    word, kind = rng.choice(_PLAIN), rng.random()
    if kind < 0.25:
        return f"{word.title()}{rng.choice(('', '-', '_', '.'))}{rng.randint(2019, 2026)}{rng.choice('!?#$')}"
    if kind < 0.4:
        return f"{word}{rng.choice(_PLAIN).title()}{rng.randint(1, 99)}"
    if kind < 0.5:
        return word.replace("o", "0").replace("e", "3").replace("i", "1") + rng.choice("!#%&") * 2
    if kind < 0.6:
        return "-".join(rng.sample(_PLAIN, 3)) + f"-{rng.randint(1, 99)}"
    return eighth._mixed(
        rng,
        string.ascii_letters + string.digits + rng.choice(("", "!@#$%^&*", "-_.", "+=?")),
        rng.choice((9, 12, 16, 20, 24)),
    )


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return conversations about credentials that hold none."""
    own = [Document(rng.choice(NEGATIVES), (), "none", "clean") for _ in range(count // 2)]
    return own + tenth.negatives(rng, count - len(own))
