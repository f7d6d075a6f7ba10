# ruff: noqa: E501, RUF001 - templates are read better on one line; people write in their languages
"""A seventh labelled corpus: conversations again, after what was mended on the sixth.

Written by other people's habits: support desks and their customers, families and clubs, minutes of
meetings, reviews of code, short messages, posts in forums. Written before its first run and not
changed after; what that run gave stands in docs/reference/checks.md.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded samples, not secrets
import string

import corpus_fourth as fourth
from corpus_fourth_vendors import VENDORS
from corpus_secrets import Document
from samples import draw

__all__ = ["negatives", "positives"]

Rng = random.Random
_O, _C = "\ue000", "\ue001"

KEYS: dict[str, tuple[str, ...]] = {
    "support": (
        "Agent: May I have the <spoken> you are using?\nCustomer: Sure: <v>\nAgent: One moment please.",
        "Customer ID 20311. Problem: <vendor> integration fails. Credential supplied by customer: <v>",
        "Thanks for waiting. I have issued a fresh <spoken> for you. It is <v>. The previous one stops working tonight.",
        "We see requests from your <vendor> account signed with <v>; is that still in use?",
        "Hi! I lost access to <vendor>. I still have this, maybe it helps: <v>",
    ),
    "minutes": (
        "Action item (Ravi): replace <v>, the <vendor> credential in staging.",
        "Decision: everybody uses the shared <spoken>, <v>, until SSO is there.",
        "3.2 <vendor>: new <spoken> handed out (<v>), expires end of June.",
    ),
    "review": (
        "nit: please don't hardcode `<v>` here, read <ENV> instead",
        "This line leaks our <spoken>:\n\n-  <snake>: <v>\n+  <snake>: ${<ENV>}",
        "Blocking: `new <Vendor>('<v>')` must go to the vault.",
        "Commit message: remove <spoken> <v> from tests",
    ),
    "short": (
        "<vendor> key? <v>",
        "sry, wrong one. this: <v> (<vendor>)",
        "<spoken> changed 2 <v>",
        "k, so <v> 4 <vendor> prod, dont loose it",
        "u have the <spoken>? - ya <v>",
    ),
    "forum": (
        "Beginner here. Every call to <vendor> gives invalid_credentials. I pass token <v> in the header. Any ideas?",
        "EDIT: solved, I had a space in my <spoken> (<v>).",
        'Has anyone got <vendor> to work from Excel? My formula: =WEBSERVICE("https://api.example/?key=<v>")',
        "Posting my full config, because why not. provider: <vendor>, secret: <v>, retries: 5",
    ),
    "assistant": (
        "Store this for later. <vendor> = <v>",
        "Is it a problem that my website's JavaScript contains <v>? It belongs to <vendor>.",
        "I want a QR code containing our <spoken> <v>",
        "Which vendor does <v> belong to? My guess is <vendor>.",
        "Split this into three lines: name=<vendor> credential=<v> owner=me",
        "Turn my notes into a table: <vendor>, <spoken>, <v>, owned by data team",
        "Base your answer on this file:\n\n# secrets.env\n<ENV>=<v>\nDEBUG=0",
    ),
    "languages": (
        "Hallo, unser <spoken> wurde getauscht, ab sofort bitte <v> verwenden.",
        "Der Dienst <vendor> meldet 403, als Token nehme ich <v>",
        "Bonjour, la nouvelle clé <vendor> est la suivante : <v>",
        "Mon collègue m'a donné <v> pour <vendor>, ça marche pas",
        "Hola, ¿podéis revisar esta credencial de <vendor>? <v>",
        "Olá, o token novo do <vendor> ficou assim: <v>",
        "Ciao, vi giro il token <vendor>: <v>",
        "Cześć, klucz <vendor> to <v>",
        "<vendor> anahtarı: <v>",
        "こちらが<vendor>のトークンです: <v>",
    ),
}

PASSWORDS: dict[str, tuple[str, ...]] = {
    "support": (
        "Customer: it doesn't accept my password <p>\nAgent: Please never send us your password.",
        "I created a login for you. User: <user>. Password: <p>. Please sign in and change it.",
        "Caller verified. Old password was <p>, caller cannot remember the new one.",
        "We have set a temporary password for you, <p>, valid for 24 hours.",
        "Agent: Which password did you type?\nCustomer: <p>",
    ),
    "minutes": (
        "Room tablet: password is now <p>, see also the label on its back.",
        "Guest Wi-Fi for the event: network acme-guest, password <p>",
        "Backup drive encrypted, passphrase <p> kept by Ines and Paul.",
    ),
    "review": (
        "Why is the test user's password '<p>' in here? It's the same as on prod.",
        "TODO before merge: the seed script creates <user> with password <p>",
        'I know it\'s ugly: psql "host=<host> user=<user> password=<p>"',
    ),
    "short": (
        "netflix pw is <p> dont tell mum",
        "pw: <p>",
        "door app login <user> pass <p>",
        "its <p> (the wifi password)",
        "new pw <p> ok?",
    ),
    "forum": (
        "My NAS got hacked, the admin password was <p>, so not even a bad one.",
        "I bricked it: after the update the password <p> isn't accepted any longer.",
        "Default credentials for this model are <user> / <p>.",
        "Login with user <user> and password <p> at 192.168.1.1",
    ),
    "family": (
        "Hi mum, the password for your tablet is <p>, capital letter first!",
        "The club's mailbox: user <user>, password <p>. Please answer the mails this week.",
        "Grandpa's email password? I think it's <p>",
        "school portal - name <user>, password <p>",
    ),
    "assistant": (
        "Make my password <p> stronger but keep it memorable",
        'How long would it take to crack the password "<p>"?',
        "Compose a text message to Ana with the wifi password, which is <p>",
        "My old passwords were like <p>. Suggest a new one in that style.",
        "Remember: master password = <p>",
        "I need a mnemonic for the password <p>",
    ),
    "languages": (
        "Hallo, das Passwort für den Beamer ist <p>",
        "Ich habe das Passwort auf <p> geändert",
        "Benutzername: <user>, Passwort: <p>",
        "Salut, le mot de passe du wifi c'est <p>",
        "Le code ne marche pas, mon mot de passe est pourtant <p>",
        "Hola, la clave del wifi es <p>",
        "He puesto la contraseña <p> y no entra",
        "Oi, a senha da Netflix é <p>",
        "Ciao, la password del cancello è <p>",
        "Hoi, het wachtwoord van de printer is <p>",
        "Hej, lösenordet till datorn är <p>",
        "Cześć, hasło do komputera to <p>",
        "Wifi şifresi: <p>",
        "Wi-Fiのパスワードは<p>です",
    ),
}

NEGATIVES: tuple[str, ...] = (
    "Agent: May I have your order number?\nCustomer: Sure: AC-20311-77",
    "We can't see your password, only a hash of it (bcrypt, cost 10).",
    "Action item (Ravi): rotate all tokens before 2026-06-30.",
    "nit: rename password2 to password_confirmation",
    "Please bump the token library to v4.2.1-rc3.",
    "k, so 2 keys on the hook, 1 for shed3",
    "The wifi password is on the fridge, I think.",
    "My password has 12 characters, is that ok for OWASP2023?",
    "I forgot the password of my iPhone14, what now?",
    "How many combinations has a 10-character password of [a-z0-9]?",
    "Default credentials should be changed after the first login.",
    "The login page shows error E4012 after 3 attempts.",
    "Use the key ctrl+F5 to reload.",
    "The answer key for test 3B: 1a 2c 3d 4b",
    "Bonjour, j'ai oublié mon mot de passe, pouvez-vous m'aider ?",
    "Hola, mi contraseña no funciona desde ayer.",
    "Das Passwort muss mindestens 10 Zeichen haben, siehe Regel 4b.",
    "Hasło musi mieć 8 znaków.",
    "Şifre en az 8 karakter olmalı.",
    "パスワードを忘れました。",
    "The keynote starts at 9:30 in hall B2.",
    "Secret Santa: budget 20EUR, draw on 12/01.",
    "We moved from basic auth to OAuth2.1 with PKCE.",
    "Token classification with BERT-base-uncased reached F1 0.91.",
    "He is the key person for SAP S4HANA.",
    "She typed 'password123' in a film, classic.",
    "Does the PIN 4-digit rule apply to Visa3DS?",
    "An access token looks like this: header.payload.signature",
    "Customer: login fails\nAgent: Which browser?\nCustomer: Chrome126",
    "reset it to factory settings with pin hole B",
)
_FIRST = ("Olga", "Matteo", "Elif", "Pedro", "Agnes", "Yuki", "Bruno", "Ingrid", "Hannah", "Rex")
_THINGS = (
    *("pancake", "volcano", "squirrel", "teapot", "harvest", "penguin", "jasmine", "bramble"),
    *("castle", "mirror", "sunset", "wagon", "turtle", "blossom", "trumpet", "island"),
)


def password(rng: Rng) -> str:
    """Draw a password as these people make them."""
    kind = rng.random()
    if kind < 0.25:
        return f"{rng.choice(_FIRST)}{rng.choice(_FIRST)}{rng.randint(1, 2025)}{rng.choice(('', '!', '.', '*'))}".rstrip(
            "."
        )
    if kind < 0.40:
        return f"{rng.randint(10, 99)}{rng.choice(_THINGS).title()}{rng.choice('!#%&?')}{rng.choice(_THINGS)}"
    if kind < 0.50:
        return (
            rng.choice(_THINGS).title()
            + rng.choice(("!", "#", "-", "_"))
            + str(rng.randint(100, 9999))
        )
    if kind < 0.62:
        return "".join(rng.choice(string.ascii_lowercase) for _ in range(5)) + str(
            rng.randint(1000, 99999)
        )
    if kind < 0.86:
        size = rng.choice((9, 11, 13, 15, 17, 22))
        alphabet = string.ascii_letters + string.digits + rng.choice(("", "", "+=_", "!?*#"))
        return "B" + "".join(rng.choice(alphabet) for _ in range(size)) + rng.choice("zkv") + "8"
    joint = rng.choice(("-", " ", "."))
    joint = "-" if joint == " " else joint
    return joint.join(rng.sample(_THINGS, rng.randint(3, 5)))


def positives(rng: Rng, count: int) -> list[Document]:
    """Return conversations that hold one credential each: half keys, half passwords."""
    everyday = [one for one in VENDORS if one.everyday]
    made = []
    for _ in range(count):
        if rng.random() < 0.5:
            vendor = rng.choice(VENDORS if rng.random() < 0.35 else everyday)
            word = vendor.spoken.split()[0]
            values = {
                "v": f"{_O}{draw(vendor.shape, rng)}{_C}",
                "spoken": vendor.spoken,
                "vendor": word,
                "Vendor": word.title(),
                **fourth._styles(rng.choice(vendor.names)),
            }
            voice, kind = rng.choice(tuple(KEYS)), vendor.id
            template = rng.choice(KEYS[voice])
        else:
            values = {"p": f"{_O}{password(rng)}{_C}"}
            voice, kind = rng.choice(tuple(PASSWORDS)), "password"
            template = rng.choice(PASSWORDS[voice])
        text = fourth._padded(rng, fourth._fill(rng, template, values))
        made.append(fourth._document(text, kind, f"chat {voice}"))
    return made


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return conversations that only talk about credentials."""
    return [
        fourth._document(fourth._padded(rng, rng.choice(NEGATIVES)), "none", "chat")
        for _ in range(count)
    ]
