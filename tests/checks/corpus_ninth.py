# ruff: noqa: E501 - templates are read better on one line; people write in their languages
"""A ninth labelled corpus, after what was mended on the eighth: other voices, other carriers.

Neighbours, students, shops, doctors' offices, night shifts, agents and their tools; build files,
mobile apps, notebooks, exports of other programs. Written before its first run and not changed
after; what that run gave stands in docs/reference/checks.md.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded samples, not secrets
import string

import corpus_eighth as eighth
import corpus_fourth as fourth
from corpus_secrets import Document
from samples import draw

__all__ = ["negatives", "positives"]

Rng = random.Random
_O, _C = "\ue000", "\ue001"

KEYS: tuple[str, ...] = (
    "Heads-up: <vendor> moved us to a new plan. Old <spoken> stops on Friday. New one below.\n<v>",
    "I'm building a bot for my class and I got this from <vendor>: <v>. Where do I put it?",
    "can u test if this works\n<v>\n(<vendor>)",
    "Customer sent us their <spoken> by chat, which they shouldn't: <v>. Please mask it.",
    "SYSTEM: You may call <vendor> on behalf of the user.\nCredential: <v>\nNever reveal it.",
    'Tool result: {"ok": true, "note": "stored <spoken> <v> in session"}',
    "Day 12 of the internship: finally got the <spoken>! It's <v>. Now the real work begins.",
    "The contractor left. His <spoken> (<v>) must be revoked today, please confirm.",
    "Q: What do you authenticate with?\nA: With <v>, issued by <vendor> in March.",
    "- [ ] ask <vendor> for higher limits\n- [ ] replace <v>\n- [x] write docs",
    "We pushed <v> to GitHub by accident. It's a <spoken>. What are the next steps?",
    "translate to Dutch: 'Your <spoken> is <v>. Do not share it with anyone.'",
    "For the demo tonight use my personal <spoken> please, <v>, I will delete it after.",
    "Error 401 from <vendor>. Sent header: Bearer <v>",
    "Le client nous a transmis sa clé <vendor> par mail : <v>",
    "Der Kunde hat uns seinen <vendor>-Key geschickt, <v>, ist der noch aktiv?",
    "El token que me diste para <vendor> (<v>) ya caducó",
    "Anota la clave nueva de <vendor>, es <v>",
    "Deixei a chave do <vendor> aqui pra você: <v>",
    "Ecco la chiave <vendor> di cui parlavamo: <v>",
    "Hier is de sleutel voor <vendor>: <v>",
    "what is wrong with this line?\n\nawait <vendor>.connect('<v>')",
    "Name the vendor of this key and say how to rotate it: <v>. I believe it is <vendor>.",
    "I wrote the <spoken> on the whiteboard, in case somebody cleaned it: <v>",
    "Night shift note: swapped the <spoken>, now <v>. Monitoring is green.",
)

PASSWORDS: tuple[str, ...] = (
    "Neighbour here, wifi for the weekend is 'Garden5G', pass is <p>. Enjoy!",
    "Hi mum, the Netflix password is <p> now, capital letter first.",
    "For the doctor's portal: user <user>, password <p>. Please book an appointment for Tuesday.",
    "The alarm app asks for a password, it's <p>. Don't let the cat out.",
    "I changed all passwords after the break-in. Bank portal: <p>. Mail stays as is.",
    "Try logging in with <p> as the password.",
    "Your one-time password is <p> and expires in ten minutes.",
    "Here's the login for the shop backend.\n\nUser: <user>\nPass: <p>\n\nOrders are under Sales.",
    "Account <user>\nPassword <p>\nURL https://<host>",
    "user=<user> password=<p>",
    "Username/password: <user>/<p>",
    "The vault password? <p>. But you didn't get it from me.",
    "I can't remember if it is <p> or the one before; the password hint says 'holiday'.",
    'agent> type "<p>" into the password field and press Enter',
    "Step 3: enter <user> in the first field and <p> in the password field.",
    "Could you generate something stronger than <p>? That's my current password.",
    "Root password for the new VM: <p> (change on first boot)",
    "I set the database password to <p>, is that OK for MySQL 8?",
    "ssh into <host> with user <user> and password <p> and check the disk",
    "Passwort für die Schulcloud: <p>",
    "Das neue Passwort fürs Portal wäre dann <p>, klappt das bei dir?",
    "Meine Zugangsdaten sind <user> und <p>, ich komme trotzdem nicht rein.",
    "Bitte trag beim Router <p> als Passwort ein.",
    "Mot de passe wifi : <p>",
    "Le nouveau mot de passe du compte <user> sera <p> à partir de lundi",
    "Mes identifiants : <user> / <p>",
    "Contraseña nueva: <p>",
    "La clave del wifi es <p>, todo junto",
    "Mi usuario es <user> y mi contraseña <p>, pero no puedo entrar",
    "A senha nova é <p>",
    "Login <user>, senha <p>, qualquer coisa me chama",
    "La password del router è <p>, l'utente è <user>.",
    "Het wachtwoord is <p>, niet doorgeven!",
    "Hasło do panelu: <p>",
    "Kim, the password I gave you yesterday was wrong, sorry. The correct one: <p>",
    "Password reset done for <user>. New: <p>",
    "dont tell anyone but the admin pw is still <p>",
    "Remind me: password of the piano teacher's site = <p>",
    "She said the code word... no wait, the password, is <p>, with the exclamation mark if there is one.",
    "The zip is protected; you open it with <p>.",
    "For the encrypted PDF use the password you know plus the year, so <p>.",
    "creds for staging -> <user> : <p>",
    "Old: changeme. New password: <p>. Thanks!",
    "Is <p> leaked? It is what I use as master password.",
)

CARRIERS: tuple[str, ...] = (
    "//registry.npmjs.org/:_authToken=<v>\n",
    "[pypi]\nusername = __token__\npassword = <v>\n",
    '<ENV>: "<v>" # pragma: keep\n',
    "jobs:\n  test:\n    steps:\n      - run: npm test\n        env:\n          <ENV>: <v>\n",
    'stages: [build]\nvariables:\n  <ENV>: "<v>"\n',
    "pipeline {\n  environment {\n    <ENV> = '<v>'\n  }\n}\n",
    'buildConfigField("String", "<ENV>", "\\"<v>\\"")\n',
    "<key><Pascal></key>\n<string><v></string>\n",
    '<string name="<snake>"><v></string>',
    "final <camel> = '<v>'; // dart",
    '@<snake> "<v>"\n',
    'local <snake> = "<v>"\n',
    "my $<snake> = '<v>';\n",
    "define('<ENV>', '<v>');\n",
    "'<snake>' => env('<ENV>', '<v>'),\n",
    '(def <kebab> "<v>")\n',
    'NSString *<camel> = @"<v>";\n',
    'services.AddClient(o => o.<Pascal> = "<v>");\n',
    'type Config struct{}\nvar cfg = map[string]string{"<snake>": "<v>"}\n',
    "axios.defaults.headers.common['Authorization'] = 'Bearer <v>';\n",
    'requests.get(url, headers={"Authorization": f"Token <v>"})\n',
    "!export <ENV>=<v>\n!pip install -q app\n",
    '{"cells": [{"source": ["<snake> = \'<v>\'\\n"]}]}',
    '{"key": "<snake>", "value": "<v>", "type": "secret"}',
    "name,value,updated\n<ENV>,<v>,2026-01-05\n",
    "<ENV>\t<v>\n",
    "vault kv put secret/app <snake>=<v>\n",
    "kubectl create secret generic app --from-literal=<ENV>=<v>\n",
    "az webapp config appsettings set --settings <ENV>=<v>\n",
    'wrangler secret put <ENV> <<< "<v>"\n',
    "$env:<ENV> = '<v>'\n",
    "set -gx <ENV> <v>\n",
    'module "app" {\n  source = "./app"\n  <snake> = "<v>"\n}\n',
    "new ssm.StringParameter(this, 'P', { parameterName: '/app/<kebab>', stringValue: '<v>' });\n",
    'process.env.<ENV> = process.env.<ENV> || "<v>";\n',
    'window.__CONFIG__ = {"<camel>":"<v>","debug":false};',
    "+<ENV>=<v>\n-<ENV>=\n",
    "INFO  config - <camel>: <v>\n",
    "ERROR 401 GET https://<host>/v1?<snake>=<v>\n",
    'mutation { saveSetting(name: "<snake>", value: "<v>") { id } }',
)

CLEAN: tuple[str, ...] = (
    "How do I store passwords safely in PostgreSQL? I read that pgcrypto's crypt() with gen_salt('bf', 8) is fine.",
    "The password field shows dots; on Android 14 and iOS 17.2 it shows the last letter for a second.",
    "Two-factor codes such as 492013 expire after 30 seconds, so a stolen password is not enough.",
    "Order 2026-004411-DE was paid with a card, the login page was slow, ticket INC0048812.",
    'resource "random_password" "db" {\n  length  = 24\n  special = true\n}\n',
    "secrets:\n  db_password:\n    external: true\n    file: ./secrets/db_password.txt\n",
    "services:\n  db:\n    image: postgres:16.2-alpine3.19@sha256:<h64>\n",
    "PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher']\n",
    "if (!password || password.length < 12) throw new Error('password_too_short');\n",
    "assert response.json()['error'] == 'invalid_token'\n",
    "index <h7>..<h7> 100644\n--- a/auth/token.py\n+++ b/auth/token.py\n@@ -12,7 +12,7 @@ def refresh_token(user):\n",
    "npm notice shasum: <h40>\nnpm notice integrity: sha512-<b43>[...]<b10>==\n",
    '    "hash": "<h32>",\n    "chunk": "vendors~main.<h8>.js"\n',
    ".btn-primary_3xKq9 { color: #1a2b3c; }\n.form__password--invalid { border: 1px solid #ff0033; }\n",
    "2026-02-03 11:20:31.442 [http-nio-8080-exec-3] INFO c.a.LoginController - user <n6> logged in, session started\n",
    "X-Amzn-Trace-Id: Root=1-<h8>-<h24>\n",
    "The public key is MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A<b60>, check it with openssl.",
    "uuid: <uuid>\nparent: <uuid>\nkey: customers/<n6>/invoice.pdf\n",
    'api_key: "<YOUR_API_KEY>"\nsecret: "changeme"\n',
    "Bitte ändern Sie Ihr Passwort alle 90 Tage; Vorgang 2026-118 ist damit erledigt.",
    "Olvidé mi contraseña del portal, mi número de cliente es <n6>.",
    "Le mot de passe oublié : cliquez sur le lien, il est valable 2 heures (réf. AB<n6>).",
    "const key = `${userId}:${sessionId}`;\ncache.set(key, value, 3600);\n",
    "for key, value in data.items():\n    print(f'{key}={value}')\n",
    "Press Ctrl+Shift+F5; the key code is 0x1F4 and the scan code E0_5B.",
    "ISBN 978-3-16-148410-0, part no. KX-<n3>-B2, rev C4, drawing 7A12-<n6>",
    "model.layers.31.self_attn.k_proj.weight: torch.Size([1024, 4096]), token embeddings 151936",
    "Which tokenizer does Llama-3.1-8B-Instruct use, and is <|eot_id|> a special token?",
)


def positives(rng: Rng, count: int) -> list[Document]:
    """Return documents that hold one credential each; two in three are chat."""
    return [_made(rng) for _ in range(count)]


def _made(rng: Rng) -> Document:
    kind = rng.random()
    if kind < 0.33:
        values = {"p": f"{_O}{password(rng)}{_C}"}
        text = fourth._fill(rng, rng.choice(PASSWORDS), values)
        return fourth._document(text, "password", "chat password")
    vendor = eighth._vendor(rng)
    word = vendor.spoken.split()[0]
    values = {
        "v": f"{_O}{draw(vendor.shape, rng)}{_C}",
        "spoken": vendor.spoken,
        "vendor": word,
        **fourth._styles(rng.choice(vendor.names)),
    }
    chat = kind < 0.66
    text = fourth._fill(rng, rng.choice(KEYS if chat else CARRIERS), values)
    return fourth._document(text, vendor.id, "chat" if chat else "carrier")


_NOUNS = (
    *("dragon", "cheese", "rocket", "tulip", "badger", "noodle", "piano", "glacier", "walnut"),
    *("Oma", "Jakob", "Paris", "Enzo", "Loulou", "Nacho", "Kiwi", "Amelie", "Juventus", "Arsenal"),
)


def password(rng: Rng) -> str:
    """Draw a password: names and years, swapped letters, words joined, typed at random, generated."""
    noun, kind = rng.choice(_NOUNS), rng.random()
    if kind < 0.22:
        return f"{noun.title()}{rng.choice(('', '_', '.', '#'))}{rng.randint(1950, 2026)}{rng.choice(('', '!', '!!', '?'))}"
    if kind < 0.34:
        return f"{noun.lower().replace('e', '3').replace('o', '0')}{rng.choice('!@#$')}{rng.randint(1, 999)}"
    if kind < 0.44:
        return rng.choice("-_.").join(one.lower() for one in rng.sample(_NOUNS, 4))
    if kind < 0.54:
        return "".join(one.title() for one in rng.sample(_NOUNS, 2)) + str(rng.randint(1, 99))
    if kind < 0.75:
        return eighth._mixed(
            rng, string.ascii_letters + string.digits, rng.choice((9, 11, 14, 18))
        )
    return eighth._mixed(
        rng, string.ascii_letters + string.digits + "!@$%^&*-_", rng.choice((11, 13, 15, 24))
    )


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return documents without a credential."""
    return [
        Document(eighth._drawn(rng, rng.choice(CLEAN)), (), "none", "clean") for _ in range(count)
    ]
