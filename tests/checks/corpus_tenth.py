# ruff: noqa: E501, RUF001 - templates are read better on one line; people write in their languages
"""A tenth labelled corpus, chat only: what people paste to assistants, and assistants answer.

Written after what was mended on the ninth, before its first run, and not changed after; what that run
gave stands in docs/reference/checks.md.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded samples, not secrets
import string

import corpus_eighth as eighth
import corpus_fourth as fourth
from corpus_secrets import Document, Make
from samples import draw

__all__ = ["negatives", "positives"]

Rng = random.Random
_O, _C = "\ue000", "\ue001"

KEYS: tuple[str, ...] = (
    "Sure! I've added the integration. Your <spoken> is `<v>`; keep it out of version control.",
    "Great, thanks. And where do I enter the <spoken>? Mine starts like this: <v>",
    "User: deploy it\nAssistant: I need the <spoken> first.\nUser: <v>\nAssistant: Deployed.",
    "Let's debug. 1) The base URL is https://<host>. 2) The <spoken> is <v>. 3) We get 403.",
    "Context:\n- product: newsletter\n- provider: <vendor>\n- credential: <v>\n\nTask: write a send function.",
    "i put <v> in my .env but <vendor> still says unauthorised 😩",
    "Before I forget, the <spoken> Ben created on Friday: <v> 🙏",
    "For future reference (<vendor>): <v>",
    "The README of the repo lists a <spoken>, namely <v>, is it real or an example?",
    "My boss wants me to rotate <v> (<vendor>, production). How?",
    "Rewrite this message so it sounds polite: 'give me back my <spoken> <v> or I call legal'",
    "<vendor> support told me to regenerate, so I did. Before: unknown. After: <v>",
    "Tu peux vérifier si cette clé <vendor> fonctionne encore : <v> ?",
    "Kannst du mir ein Beispiel für <vendor> geben? Mein Schlüssel: <v>",
    "Necesito un script para <vendor>; mi token es <v>",
    "Meu token do <vendor> é <v>, mas dá erro 401. O que faço?",
    "La mia chiave <vendor> è <v>. Perché non funziona?",
    "<vendor>のAPIキーは<v>です。使い方を教えてください。",
    "我的<vendor>密钥是 <v>，请帮我写一个例子。",
    "Мой ключ <vendor>: <v>, почему не работает?",
)

PASSWORDS: tuple[str, ...] = (
    "Sure, here is the connection string with your data: host <host>, user <user>, password <p>, database <db>.",
    "I've created the user. Username: `<user>`, password: `<p>`. Please store both.",
    "User: reset my password\nAssistant: Done. It is now <p>.",
    "Check my .pgpass please, the password in it is <p> but psql still asks.",
    "hey, whats the best way to remember <p>? its my new windows password",
    "I logged in as <user> (<p>) and saw an empty dashboard.",
    "Write an email to our new colleague: her account is <user>, her initial password <p>, and she has to change it on Monday.",
    "My girlfriend's phone password is <p>, how do I turn on parental control?",
    "admin password of the printer? I think <p>",
    "The password manager suggested <p>. Is that long enough?",
    "Please encrypt the zip with the password <p> and send me the command.",
    "ftp://<host> login: <user> passwd: <p>",
    "Translate to Spanish: 'Your temporary password is <p>.'",
    "Our guest network: SSID Blue, key <p>",
    "when I type <p> as password it says too weak",
    "Set up basic auth in nginx for user <user> with password <p>",
    "change the root password to <p> on all hosts",
    "openssl asks for the passphrase, and mine is <p>, but it fails",
    "Nicht wundern, das Passwort ist jetzt <p>.",
    "Ich hab dir einen Zugang gemacht: <user> / <p>",
    "Das Kennwort fürs Archiv: <p>",
    "Voici tes accès : <user> / <p>, à changer dès demain.",
    "J'ai oublié si mon mot de passe est <p> ou autre chose",
    "Te dejo el acceso: usuario <user>, contraseña <p>.",
    "¿Es segura la contraseña <p>?",
    "Minha senha é <p>, será que é segura?",
    "O acesso é <user> com a senha <p>",
    "La mia password è <p>, va bene?",
    "パスワードは<p>です。",
    "密码是<p>，请不要告诉别人。",
    "Пароль от почты: <p>",
    "Moje hasło to <p>, czy jest bezpieczne?",
    "Mijn wachtwoord is <p> maar ik kan niet inloggen",
    "Şifrem <p>, neden giremiyorum?",
)

CLEAN: tuple[str, ...] = (
    *eighth.CLEAN,
    "Sure! To reset your password, open Settings > Account, click 'Forgot password' and check your mail within 30 minutes.",
    "A good password has 14+ characters; avoid names and years such as those of your children.",
    "Your password must contain A-Z, a-z, 0-9 and one of !@#$%^&*.",
    "I forgot my password for the third time this week, and the hint 'first pet' does not help.",
    "¿Cómo cambio la contraseña de mi cuenta en Windows 11 versión 23H2?",
    "Wie ändere ich das Passwort meiner FRITZ!Box 7590 AX (Firmware 7.57)?",
    "Comment retrouver le mot de passe Wi-Fi enregistré sous Windows 10 22H2 ?",
    "Is WPA3-SAE safer than WPA2-PSK for the guest network, and what about 802.11ax?",
    "The API key is read from the X-Api-Key header; without it the gateway answers HTTP 401.",
    "Generate 5 examples of strong passwords, but do not reuse any from the RockYou2021 list.",
)


def positives(rng: Rng, count: int) -> list[Document]:
    """Return conversations that hold one credential each: half keys, half passwords."""
    return [make(rng, KEYS, PASSWORDS, password) for _ in range(count)]


def make(rng: Rng, keys: tuple[str, ...], passwords: tuple[str, ...], password: Make) -> Document:
    """Fill one of the templates with a vendor's key or a password."""
    if rng.random() < 0.5:
        text = fourth._fill(rng, rng.choice(passwords), {"p": f"{_O}{password(rng)}{_C}"})
        return fourth._document(text, "password", "chat password")
    vendor = eighth._vendor(rng)
    values = {
        "v": f"{_O}{draw(vendor.shape, rng)}{_C}",
        "spoken": vendor.spoken,
        "vendor": vendor.spoken.split()[0],
    }
    return fourth._document(fourth._fill(rng, rng.choice(keys), values), vendor.id, "chat key")


_PLAIN = ("summer", "monkey", "shadow", "flower", "silver", "coffee", "hunter", "yellow", "master")


def password(rng: Rng) -> str:
    """Draw a password: those of leaked lists with a twist, and those of managers."""
    word, kind = rng.choice(_PLAIN), rng.random()
    if kind < 0.2:
        return f"{word.title()}{rng.randint(1, 9999)}{rng.choice(('!', '@', '#', ''))}"
    if kind < 0.3:
        return f"{rng.choice('!@#')}{word.title()}{rng.randint(10, 999)}"
    if kind < 0.4:
        return word.replace("s", "$").replace("e", "3").title() + str(rng.randint(10, 99))
    if kind < 0.5:
        return (
            f"{rng.choice(_PLAIN)}{rng.choice('-_')}{word}{rng.choice('-_')}{rng.randint(10, 99)}"
        )
    if kind < 0.65:
        return "-".join(
            "".join(rng.choices(string.ascii_letters + string.digits, k=6)) for _ in range(3)
        )
    return eighth._mixed(
        rng,
        string.ascii_letters + string.digits + rng.choice(("", "!@#$%^&*", "-_.")),
        rng.choice((10, 12, 14, 16, 20)),
    )


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return texts without a credential."""
    return [
        Document(eighth._drawn(rng, rng.choice(CLEAN)), (), "none", "clean") for _ in range(count)
    ]
