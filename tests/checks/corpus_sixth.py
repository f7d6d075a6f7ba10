# ruff: noqa: E501 - templates are read better on one line; people write in their languages
"""A sixth labelled corpus: credentials in conversations only, by yet another hand.

Twelve voices that the other sets don't have: terse operators, formal letters, people who dictate,
who write as a second language, who quote, who tell a story, agents that call tools, and texts that
merely talk about credentials. Written before its first run and not changed after; what that run gave
stands in docs/reference/checks.md.
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
    "operator": (
        "PROD DOWN. <vendor> key rotated 03:12 UTC, new: <v>, rolling pods now",
        "runbook step 4: when <vendor> asks for a credential give it <v>",
        "handover: <vendor> on-call token <v> valid til Friday",
        "ack. <spoken> = <v> / owner = platform / ttl = 90d",
        "tried both <spoken>s, only <v> returns 200",
        "whoever needs it: <vendor> <v>",
    ),
    "letter": (
        "Dear Support,\n\nWe are unable to authenticate against <vendor>. The <spoken> we were issued reads <v>. Kindly advise.\n\nRegards,\nP. Okafor",
        "To whom it may concern: as agreed on the phone, the <spoken> for our account will be <v> from Monday on.",
        "With reference to your message, please find enclosed the <spoken>, namely <v>.",
    ),
    "story": (
        "So I was setting up <vendor> last night, copied the <spoken> from the dashboard (<v>), and everything broke.",
        "Long story short, somebody had typed <v> into the config, which turned out to be the live <spoken>.",
        "First I made an account with <vendor>, then they showed me <v> exactly once and said keep it.",
    ),
    "second language": (
        "please help, i am new in <vendor>, i put this <v> but not working",
        "sir my <spoken> it is <v> how can i use in python",
        "which place i must write the <spoken> <v> ?",
        "i have buyed <vendor> plan and they gived me <v> as <spoken>",
    ),
    "quote": (
        '"<v>" — is that what a <spoken> is supposed to look like?',
        "The mail from <vendor> says: 'Your <spoken> has been created: <v>'",
        "> Authorization used: <v>\nThat's from the <vendor> docs sample I adapted, with our real <spoken>.",
        "In the screenshot one can read <spoken>: <v>",
    ),
    "request": (
        "Write me a Terraform module for <vendor>; hardcode <v> as the <spoken> for the moment.",
        "Convert this to Go, keep the <spoken>:\n\nconst <camel> = '<v>'",
        "Make a bash one-liner that hits <vendor> with <v> and prints the status code.",
        "Draft a polite note to Sam saying that <v> is the new <spoken> and he must not share it.",
        "Please fill the template: SERVICE=<vendor> <ENV>=<v>",
        "Explain line by line:\nclient = <Vendor>Client('<v>')",
    ),
    "tool": (
        '{"role":"tool","name":"read_file","content":"<ENV>=<v>\\nLOG=info"}',
        'Tool call: http_get(headers={"Authorization": "Bearer <v>"}, url="https://api.<vendor>.example/v1/me")',
        "Observation: config.yaml contains <snake>: <v>\nThought: I should now call <vendor>.",
        '[{"type":"text","text":"here is my <spoken>"},{"type":"text","text":"<v>"}]',
    ),
    "thread": (
        "Priya: anyone has the <vendor> thing?\nMarc: ^ <v>\nPriya: merci",
        "#ops\n@lena pls rotate <v>, that's the <spoken> from the wiki",
        "Q3 from Jonas: which <spoken> do the workers use? A: <v>",
        "lena: is this ours? <v>\ntom: yes, <vendor>",
    ),
    "languages": (
        "Kannst du mal schauen, ob der <vendor>-Key <v> noch gültig ist?",
        "Der Zugriffsschlüssel (<vendor>) wurde erneuert: <v>",
        "Pourquoi <vendor> refuse-t-il ma clé ? Je mets <v>.",
        "Le jeton <vendor> à utiliser est <v>",
        "¿Por qué no funciona mi clave de <vendor>? Es <v>",
        "Il token nuovo di <vendor> sarebbe <v>",
        "Preciso trocar a chave <v> do <vendor>, como faço?",
        "Kan iemand checken of <v> de goede <vendor>-token is?",
        "Nyckeln till <vendor> är <v>",
        "Mój token <vendor> to <v>, dostaję 401",
    ),
}

PASSWORDS: dict[str, tuple[str, ...]] = {
    "operator": (
        "bastion: <user> / <p> (rotate after)",
        "db failover done. app user <user>, password <p>",
        "console access for <host>: login <user> password <p>",
        "idrac pw: <p>",
        "root password for the new image: <p>",
    ),
    "letter": (
        "Dear Ms Haddad,\n\nyour account is ready. Your user name is <user>, your initial password is <p>.\n\nKind regards",
        "The password protecting the attached file is <p>; we shall send the next one by post.",
        "Please note that the password for the guest network has been changed to <p> with immediate effect.",
    ),
    "story": (
        "He wrote the password on a sticky note, it said <p>, and stuck it to the monitor.",
        "I swear the password was <p> yesterday and today it's not.",
        "When I joined they told me the password is <p> for literally everything.",
    ),
    "second language": (
        "i forget change, password still <p>, user <user>",
        "the password i put is <p> but say wrong",
        "my user: <user> my password: <p> please you enter and look",
    ),
    "quote": (
        'On the router label: "Default password: <p>"',
        "The email said 'your one-time password is <p>'",
        "error: authentication failed for <user> with password '<p>'",
    ),
    "request": (
        "Rate my password <p> from 1 to 10",
        "Write a SQL statement that creates user <user> with password <p>",
        "Give me the bcrypt hash of the password <p>.",
        "Put this on the fridge note: Wi-Fi password <p>",
        "Check whether this password has leaked: <p>",
        "Help me log in to <host>. Username is <user> and password is <p>",
    ),
    "tool": (
        '{"tool":"browser.type","selector":"#password","text":"<p>"}',
        'Action: login(username="<user>", password="<p>")',
        '{"role":"user","content":"username <user>, password <p>"}',
    ),
    "thread": (
        "Priya: what's the password for the printer?\nMarc: <p>\nPriya: lol",
        "Lena: pw for the zip?\nTom: it's <p>",
        "ben: can't log in\nana: did you use the new password? it's <p>",
    ),
    "dictated": (
        "okay so the password is capital everything no wait just write <p>",
        "note to self the alarm company password is <p>",
        "remind me tomorrow that the password for the bank portal is <p>",
    ),
    "languages": (
        "Das WLAN-Passwort lautet <p>",
        "Mein Passwort war <p>, jetzt geht es nicht mehr",
        "Zugangsdaten: <user> / <p>",
        "Mon mot de passe actuel est <p>, est-il assez fort ?",
        "Identifiant : <user>, mot de passe : <p>",
        "La contraseña del wifi es <p>",
        "Mi usuario es <user> y mi contraseña <p>",
        "La password dell'NAS è <p>",
        "A senha do roteador é <p>",
        "Het wifi-wachtwoord is <p>",
        "Lösenordet är <p>",
        "Hasło do wifi: <p>",
    ),
}

NEGATIVES: tuple[str, ...] = (
    "How often should one change a password, every 60 or 90 days?",
    "Our policy wants passwords of 14+ characters with 2 symbols.",
    "My password manager says 3 of my logins are weak.",
    "What's the difference between an API key and an OAuth2 token?",
    "Please write a login page with a password field and a 'forgot password' link.",
    "The token limit of the model is 128k, and my prompt has 4,096 tokens.",
    "Is SHA-256 good enough for password hashing, or should I use bcrypt with cost 12?",
    "The key takeaway from Q3-2025 is that churn fell by 12%.",
    "He found the secret to good bread: 24h cold proofing at 4C.",
    "Passwort vergessen: klicken Sie auf Schritt 2 und folgen Sie der E-Mail.",
    "Le mot de passe doit contenir au moins 12 caractères.",
    "La contraseña caduca cada 90 días.",
    "A senha precisa de 8 caracteres e 1 símbolo.",
    "Lösenordet måste bytas var 90:e dag.",
    "user: my password doesn't work\nassistant: Which page are you on?\nuser: login-v2",
    "Priya: did you rotate the keys?\nMarc: yes, ticket OPS-4412\nPriya: thanks",
    "The PIN pad is at door B12, ask for the key at desk 3.",
    "Generate a function generate_password(length=16) in Python.",
    "Error: invalid token at line 12, column 7 (expected '}')",
    "We store secrets in Vault under kv/prod-2 and never in chat.",
    "The password reset email goes out within 5min.",
    "sign in with Google, Okta or Auth0",
    "login page: https://acme.example/login?next=%2Fhome2",
    "credentials are rotated by job rotate-keys-v2 every Sunday",
    "Use environment variable API_TOKEN1 and not the file.",
    "Unit tests mock the token: token = make_token(user_id=42)",
    "passphrase strength: 5 words is about 64 bits",
    "Ask Tom for the password; he's in room 4B21.",
    "I set it to 16GB and reset it to 8GB afterwards.",
    "log in to web-01 and restart nginx-1.25.3",
    "I changed the password, and now iOS17 asks me again.",
    "The password is case-sensitive and at most 64 characters long.",
    "Password strength meter: zxcvbn, min score 3",
    "Tokens: input 1,204, output 318. Cost $0.0042.",
    "Which one is better, Argon2id or scrypt? The new one is Argon2id, I think.",
    "u: what's up p: nothing much",
    "The user/password form uses POST and CSRF2 tokens.",
    "key: C#m, tempo: 92bpm, verse 2 starts at 1:12",
    "The secret ingredient is 2tbsp of soy sauce.",
    "Klucz do mieszkania leży w szufladzie nr 3.",
    "密码长度至少为8位。",
    "パスワードは8文字以上です。",
)
_WORDS = (
    *("harbor", "pickle", "thunder", "walnut", "ribbon", "comet", "badger", "violin", "marble"),
    *("tundra", "ginger", "anchor", "pepper", "meadow", "bishop", "copper"),
)
_NAMES = ("Amira", "Jonas", "Sofia", "Bayern", "Liverpool", "Toyota", "Kitty", "Samurai", "Winter")


def password(rng: Rng) -> str:
    """Draw a password as people and managers make them."""
    kind = rng.random()
    if kind < 0.30:  # a person's: a name, a year, a mark
        return f"{rng.choice(_NAMES)}{rng.choice(('', '_', '-', '@', '#'))}{rng.choice((rng.randint(1960, 2026), rng.randint(10, 99), rng.randint(100, 999)))}{rng.choice(('', '', '!', '?', '$$'))}"
    if kind < 0.45:  # a word with figures for letters
        word = rng.choice(_WORDS).replace("e", "3").replace("i", "1").replace("a", "@")
        return word.title() + str(rng.randint(10, 999))
    if kind < 0.75:  # a manager's
        alphabet = string.ascii_letters + string.digits + rng.choice(("", "!@#$%&*", "-_."))
        size = rng.choice((10, 12, 14, 16, 18, 20, 24))
        body = "".join(rng.choice(alphabet) for _ in range(size - 3))
        return rng.choice(string.ascii_uppercase) + body + rng.choice(string.ascii_lowercase) + "4"
    if kind < 0.87:  # words joined
        return rng.choice(("-", "-", ".", "_")).join(rng.sample(_WORDS, rng.randint(4, 5))) + (
            str(rng.randint(1, 99)) if rng.random() < 0.4 else ""
        )
    return "-".join(  # as Apple draws them
        "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(5)) + str(i)
        for i in range(3, 6)
    )


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
