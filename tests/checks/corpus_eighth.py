# ruff: noqa: E501, RUF001 - templates are read better on one line; people write in their languages
"""An eighth labelled corpus: chat in eleven manners, and every vendor in every carrier.

Mails that are pasted whole, tickets, dictation, German, Spanish, French and Portuguese, user and
password on lines of their own, values long after their cue; files, code of many languages, markup,
logs. Written before its first run and not changed after; what that run gave stands in
docs/reference/checks.md.
"""

from __future__ import annotations

import base64
import random  # noqa: TID251 - seeded samples, not secrets
import re
import string

import corpus_fourth as fourth
from corpus_fourth_vendors import VENDORS, Vendor
from corpus_secrets import Document
from samples import draw

__all__ = ["negatives", "positives"]

Rng = random.Random
_O, _C = "\ue000", "\ue001"

KEYS: dict[str, tuple[str, ...]] = {
    "mail": (
        "Hi Lena,\n\nas discussed on the phone, below is what you need to connect to <vendor>.\n\n<v>\n\nPlease delete this mail afterwards.\n\nBest,\nTom",
        "From: ops@<host>\nTo: partner@<host>\nSubject: <vendor> access\n\nHello,\n\nyour new <spoken>:\n\n    <v>\n\nIt is valid until the end of the year.\n",
        "> On Tue, Marta wrote:\n> Could you send me the <spoken> again?\n\nOf course: <v>\n\nMarta, please store it in the vault.",
        "Dear customer,\n\nThank you for your purchase. Your <spoken> is\n\n<v>\n\nKeep it safe.\n\nKind regards",
        "Forwarded message\n\nTeam, the <vendor> people finally answered. They gave us <v> for the trial. Limits: 100 calls a minute.",
    ),
    "ticket": (
        "[OPS-4812] Rotate <spoken>\nReporter: jk\nDescription: old value <v> was posted in a public channel, please revoke.",
        "Steps to reproduce:\n1. set the <spoken> to <v>\n2. call /v1/ping\n3. see 401\nExpected: 200",
        "Incident 2231: leaked <vendor> credential. Value found in build log: <v>. Severity: high.",
        "Comment by dmitri: I tried with <v> as well, same result. The <vendor> dashboard shows no traffic.",
    ),
    "dictated": (
        "ok so what I want you to do is take this <spoken> which is <v> and put it into the config file and then restart everything",
        "hey um can you check whether <v> still works I think it was for <vendor> but I am not totally sure anymore",
        "so basically we have <vendor> running and the thing we use to sign in there is <v> and that has to go into the deploy script somehow",
        "right then new line <vendor> colon <v> full stop",
    ),
    "assistant": (
        "Write a Python script that lists my <vendor> projects. Authenticate with <v>.",
        "Here's my <spoken>: <v>. Can you show me a curl example?",
        "Use <v> (that's <vendor>) and translate the README to French.",
        "I keep getting 'invalid credentials' from <vendor>. This is what I send: <v>. What is wrong with it?",
        'Please convert this to TypeScript:\n\nclient = <Vendor>("<v>")\nprint(client.me())',
        "my <spoken> is <v> pls don't store it",
        "Is <v> a valid <spoken>? It was rejected twice today.",
        "Summarise: we pay for <vendor>, the account belongs to Kim, the <spoken> (<v>) is shared by four people, and nobody rotates it.",
    ),
    "slack": (
        "@here new <spoken> is out → <v>",
        "fyi <vendor> prod: `<v>` (don't share)",
        "anna  10:42\nwhat was the <spoken> again?\npiet  10:43\n<v>",
        "pasting it one last time, <v>, that's the <spoken>, pin it please",
        "lol I committed <v> to the repo, someone revoke that in <vendor>",
        "<vendor>:\n```\n<v>\n```",
    ),
    "german": (
        "Hallo zusammen, hier die Zugangsdaten für <vendor>: <v>",
        "Der neue Schlüssel für <vendor> lautet <v>, bitte im Tresor ablegen.",
        "Könntest du bitte prüfen, ob der Token <v> bei <vendor> noch gültig ist?",
        "Anbei der API-Key (<vendor>):\n<v>\nGruß, Jens",
        "Ich habe bei <vendor> einen neuen Zugang angelegt. Damit du nicht suchen musst: <v>",
    ),
    "spanish": (
        "Hola, la clave de API de <vendor> es <v>, guárdala bien.",
        "¿Por qué <vendor> rechaza el token <v>? Ayer funcionaba.",
        "Te paso las credenciales de <vendor>:\n<v>\nSaludos",
        "Usa esta llave para <vendor> -> <v>",
    ),
    "french": (
        "Bonjour, voici la clé API <vendor> : <v>. Merci de ne pas la diffuser.",
        "Le jeton <vendor> a changé, c'est maintenant <v>",
        "Peux-tu tester <vendor> avec <v> stp ?",
        "Ci-dessous la clé dont on a parlé (<vendor>)\n\n<v>",
    ),
    "portuguese": (
        "Oi, a chave da API do <vendor> é <v>, não passa pra ninguém.",
        "Segue o token do <vendor>: <v>",
        "Pessoal, troquei a credencial do <vendor> para <v> ontem à noite.",
        "Qual o limite de uso da chave <v> no <vendor>?",
    ),
    "late": (
        "The <spoken> was reissued after the audit last week, when two people from finance asked who had access; for now everybody in the team should use <v>",
        "About <vendor>: I talked with their support for almost an hour, they were friendly but slow, and in the end they simply generated this for me: <v>",
        "You asked for the <spoken>. I had to look through three old notebooks, sorry for the delay.\n\nFound it:\n<v>",
    ),
}

PASSWORDS: dict[str, tuple[str, ...]] = {
    "mail": (
        "Hello Priya,\n\nyour account has been created.\n\nUsername: <user>\nPassword: <p>\n\nYou will be asked to change it at first login.",
        "Dear all,\n\nthe conference Wi-Fi is called Hall-7 and the password for it is <p>.\n\nSee you tomorrow",
        "Hi,\n\nhere you go:\n\nlogin <user> / <p>\nhttps://<host>/admin\n\nCheers",
        "Good morning,\nas requested I have reset your mailbox. Temporary password:\n\n<p>\n\nRegards, Helpdesk",
        "Re: VPN\n\nUser\n<user>\n\nPassword\n<p>\n\nLet me know if it works.",
    ),
    "ticket": (
        "[HD-118] User cannot log in. Tried with <user> and <p>, got 'account locked'.",
        "Environment: staging. Credentials for the tester: <user>/<p>. Browser: Firefox.",
        "Resolution: password of the service account set to <p>. Closing.",
        "To reproduce, sign in as <user> with password <p> and open the second tab.",
    ),
    "dictated": (
        "so the wifi is called guest network and the password is capital everything <p> I think",
        "can you remind me my laptop password is <p> and the safe is in the other room",
        "okay log in with <user> and then the password which is <p> and click on reports",
        "write a letter to the tenant and tell them the door app password is <p> and that the bins go out on Monday",
    ),
    "assistant": (
        "Is '<p>' a strong password?",
        'My router\'s admin password is "<p>" – how do I change it?',
        "Connect to <host> as <user>, password <p>, database <db>, and list the tables.",
        "Write me a docker-compose with postgres, user <user>, password <p>.",
        "I forgot whether my password was <p> or something similar, how can I check in KeePass?",
        "Fix my script:\n\nssh <user>@<host>\n# pw: <p>\nsudo reboot",
        "I use <p> as my password for everything, is that bad?",
        "Please log into the portal for me. The username is <user>, the password is <p>.",
        "what does it mean when mysql says access denied for <user>? I'm sure <p> is the right password",
    ),
    "slack": (
        "pw is <p>",
        "<user> / <p> works on staging",
        "new pass for the shared box: <p>",
        "jo  09:14\npassword for the demo?\nmei  09:15\n<p>",
        "db creds: <user>:<p>@<host>",
        "try <p>, that was the old root password",
        "changed it to <p> just now (the admin password)",
        "it's not working with `<p>`, did someone change the password?",
    ),
    "german": (
        "Hier die Zugangsdaten:\nBenutzer: <user>\nPasswort: <p>",
        "Das WLAN-Passwort lautet <p>, bitte nicht weitergeben.",
        "Kannst du dich mit <user> und dem Kennwort <p> anmelden?",
        "Hallo Frau Kern, Ihr vorläufiges Passwort ist <p>. Bitte ändern Sie es nach der ersten Anmeldung.",
        "Ich habe das Passwort vom Drucker auf <p> geändert",
        "Login: <user>\nPW: <p>\nViele Grüße",
    ),
    "spanish": (
        "La contraseña del wifi es <p> y la red se llama Casa2.",
        "Usuario: <user>\nContraseña: <p>",
        "Entra con el usuario <user> y la contraseña <p>, por favor.",
        "He cambiado la contraseña a <p>, avisa a los demás",
    ),
    "french": (
        "Le mot de passe est <p>, pense à le changer.",
        "Identifiant : <user>\nMot de passe : <p>\nBonne journée",
        "Pour te connecter : <user> avec le mot de passe <p>",
        "J'ai mis <p> comme mot de passe sur le NAS",
    ),
    "portuguese": (
        "A senha do banco é <p>, usuário <user>.",
        "Usuário: <user>\nSenha: <p>",
        "Troquei a senha do roteador para <p> hoje cedo",
        "Acessa com <user> e senha <p> que funciona",
    ),
    "late": (
        "The password for the archive, which Lou set up years ago and which nobody has touched since the move to the new building, is <p>",
        "Regarding the admin login: we agreed last Thursday that it should be the same on all three machines, so please type <p>",
        "For the keypad of the server room, or rather for its web page, you need a password. Mine did not work at first. <p> did.",
    ),
}

CARRIERS: dict[str, tuple[str, ...]] = {
    "env": (
        "HOST=0.0.0.0\n<ENV>=<v>\nCACHE_TTL=60\n",
        "# do not commit\n<ENV>='<v>'\n",
        'export <ENV>="<v>"\n',
    ),
    "yaml": (
        "server:\n  port: 8080\nauth:\n  <snake>: <v>\n",
        'env:\n  - name: <ENV>\n    value: "<v>"\n',
        "<camel>: '<v>'  # prod\nreplicas: 2\n",
        "services:\n  app:\n    image: ghcr.io/acme/app:2.1\n    environment:\n      <ENV>: <v>\n",
    ),
    "json": (
        '{"name": "worker", "<camel>": "<v>", "retries": 3}',
        '{\n  "<ENV>": "<v>"\n}\n',
        '{"headers": {"Authorization": "Bearer <v>"}, "url": "https://<host>/v1"}',
        "{'<snake>': '<v>', 'verify': True}",
    ),
    "shell": (
        "curl -H 'Authorization: Bearer <v>' https://<host>/v1/items",
        'curl https://<host>/v2/users -H "X-Api-Key: <v>"',
        "./deploy.sh --<kebab> <v> --region eu-west-1",
        "<ENV>=<v> ./run.sh",
        "docker run -e <ENV>=<v> acme/worker",
        "tool login --token=<v>",
        "echo '<v>' | docker login -u acme --password-stdin # <vendor>",
    ),
    "http": (
        "GET /v1/me HTTP/1.1\nHost: <host>\nAuthorization: Bearer <v>\nAccept: */*\n",
        "POST /hook HTTP/1.1\nHost: <host>\nX-Auth-Token: <v>\n\n{}",
        "https://<host>/v1/search?q=shoes&api_key=<v>&page=2",
    ),
    "code": (
        'client = <Vendor>Client(api_key="<v>")',
        'const <camel> = "<v>";\nfetch(url);',
        'private static final String <ENV> = "<v>";',
        'var <camel> = "<v>"\nfunc main() { run(<camel>) }',
        "$<snake> = '<v>';\n",
        'let <snake>: &str = "<v>";',
        '<Pascal> = "<v>"\nputs <Pascal>.size',
        'string <camel> = "<v>";\nConsole.WriteLine("ok");',
        'val <camel> = "<v>" // TODO move to vault',
        'os.environ["<ENV>"] = "<v>"',
        '#define <ENV> "<v>"\n',
        '<camel> <- "<v>"\nSys.setenv(<ENV> = <camel>)',
        "config.<snake> = '<v>'",
        'headers = {"x-api-key": "<v>", "accept": "application/json"}',
        'let <camel> = "<v>" // swift\n',
    ),
    "infra": (
        'variable "<snake>" {\n  default = "<v>"\n}\n',
        'provider "<vendor>" {\n  <snake> = "<v>"\n}\n',
        'FROM python:3.12-slim\nENV <ENV>=<v>\nCMD ["python", "app.py"]\n',
        "FROM alpine\nARG <ENV>=<v>\nRUN make\n",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  <ENV>: <v>\n",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  <ENV>: <b64>\n",
        "[profile prod]\n<snake> = <v>\nregion = eu-central-1\n",
        "<dotted>=<v>\nspring.datasource.url=jdbc:h2:mem\n",
    ),
    "log": (
        "2026-03-02T10:11:12Z INFO starting worker <ENV>=<v> region=eu",
        "[debug] request headers: {'authorization': 'Bearer <v>', 'host': '<host>'}",
        'time="2026-01-05" level=error msg="auth failed" <snake>=<v>',
        "Mar  4 08:01:22 web-1 app[312]: using <spoken> <v>",
    ),
    "markup": (
        '<script>\n  const <camel> = "<v>";\n  init(<camel>);\n</script>',
        '<meta name="<kebab>" content="<v>">',
        '<add key="<Pascal>" value="<v>" />',
        "<<camel>><v></<camel>>",
        "| name | value |\n|---|---|\n| <ENV> | <v> |\n",
    ),
}

URIS = (
    "postgres://<user>:<p>@<host>:5432/<db>",
    "mongodb+srv://<user>:<p>@cluster0.<host>/<db>?retryWrites=true",
    "redis://:<p>@<host>:6379/0",
    "amqps://<user>:<p>@<host>/vhost",
    "DATABASE_URL=mysql://<user>:<p>@<host>/<db>\n",
    "git clone https://<user>:<p>@<host>/team/app.git",
    "Server=<host>;Database=<db>;User Id=<user>;Password=<p>;Encrypt=true",
    "spring.datasource.password=<p>\n",
    "mysql -h <host> -u <user> -p<p> <db>",
    "smtp:\n  host: <host>\n  username: <user>\n  password: <p>\n",
    'conn = psycopg2.connect(host="<host>", user="<user>", password="<p>")',
    "POSTGRES_PASSWORD=<p>\n",
)

_WORDS = (
    *("copper", "meadow", "lantern", "pickle", "thunder", "marble", "falcon", "ribbon", "saddle"),
    *(
        "biscuit",
        "compass",
        "granite",
        "whisker",
        "pebble",
        "orchard",
        "sparrow",
        "cobalt",
        "maple",
    ),
)
_NAMES = ("Berlin", "Sommer", "Winter", "Madrid", "Lisboa", "Monday", "Bailey", "Ranger", "Coffee")


def password(rng: Rng) -> str:
    """Draw a password, half of them as people make them and half as generators do."""
    kind, word = rng.random(), rng.choice(_WORDS)
    if kind < 0.18:
        return f"{rng.choice(_NAMES)}{rng.choice((2023, 2024, 2025, 2026, 24, 25, 77, 1))}{rng.choice('!#$?*')}"
    if kind < 0.30:
        return f"{word.title()}{rng.choice('-_@.')}{rng.randint(10, 9999)}"
    if kind < 0.40:
        leet = word.replace("a", "@").replace("o", "0").replace("e", "3").replace("i", "1")
        return f"{leet.title()}{rng.randint(1, 99)}{rng.choice('!$')}"
    if kind < 0.48:
        return f"{word}{rng.randint(10, 9999)}"
    if kind < 0.56:
        return "-".join(rng.sample(_WORDS, 4))
    if kind < 0.70:
        return _mixed(rng, string.ascii_letters + string.digits, rng.choice((8, 10, 12)))
    return _mixed(
        rng, string.ascii_letters + string.digits + "!#%*+-_=?", rng.choice((10, 12, 16, 20))
    )


def _mixed(rng: Rng, alphabet: str, size: int) -> str:
    drawn = "".join(rng.choices(alphabet, k=size - 3))
    return (
        rng.choice(string.ascii_uppercase)
        + drawn
        + rng.choice(string.digits)
        + rng.choice(string.ascii_lowercase)
    )


def positives(rng: Rng, count: int) -> list[Document]:
    """Return documents that hold one credential each; half of them are chat."""
    return [_chat(rng) if rng.random() < 0.5 else _file(rng) for _ in range(count)]


def _chat(rng: Rng) -> Document:
    if rng.random() < 0.5:
        vendor = _vendor(rng)
        manner = rng.choice(tuple(KEYS))
        text = fourth._fill(rng, rng.choice(KEYS[manner]), _values(rng, vendor))
        return fourth._document(text, vendor.id, f"chat {manner}")
    manner = rng.choice(tuple(PASSWORDS))
    values = {"p": f"{_O}{password(rng)}{_C}"}
    text = fourth._fill(rng, rng.choice(PASSWORDS[manner]), values)
    return fourth._document(text, "password", f"chat password {manner}")


def _file(rng: Rng) -> Document:
    if rng.random() < 0.15:
        values = {"p": f"{_O}{password(rng)}{_C}"}
        return fourth._document(fourth._fill(rng, rng.choice(URIS), values), "password", "uri")
    vendor = _vendor(rng)
    carrier = rng.choice(tuple(CARRIERS))
    text = fourth._fill(rng, rng.choice(CARRIERS[carrier]), _values(rng, vendor))
    return fourth._document(text, vendor.id, carrier)


def _vendor(rng: Rng) -> Vendor:
    return rng.choice([one for one in VENDORS if one.everyday] if rng.random() < 0.75 else VENDORS)


def _values(rng: Rng, vendor: Vendor) -> dict[str, str]:
    word, value = vendor.spoken.split()[0], draw(vendor.shape, rng)
    return {
        "v": f"{_O}{value}{_C}",
        "b64": f"{_O}{base64.b64encode(value.encode()).decode()}{_C}",
        "spoken": vendor.spoken,
        "vendor": word,
        "Vendor": word.title(),
        **fourth._styles(rng.choice(vendor.names)),
    }


CLEAN: tuple[str, ...] = (
    "Please write a password policy: at least 12 characters, one digit, one symbol, no reuse of the last five.",
    "The password is wrong again, and after three attempts the account gets locked for 15 minutes.",
    "Which is better for sessions, a JWT or an opaque token? We have about 40k users.",
    "Set OPENAI_API_KEY in your shell before you run the examples, e.g. export OPENAI_API_KEY=sk-...",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: nginx@sha256:<h64>\n    name: web\n",
    '"node_modules/left-pad": {\n  "version": "1.3.0",\n  "resolved": "https://registry.npmjs.org/left-pad/-/left-pad-1.3.0.tgz",\n  "integrity": "sha512-<b86>=="\n}',
    "requests==2.32.3 \\\n    --hash=sha256:<h64> \\\n    --hash=sha256:<h64>\n",
    "commit <h40>\nAuthor: Ana <ana@example.org>\nDate:   Mon Mar 2 10:00:00 2026 +0100\n\n    Fix the token counter\n",
    "<h7> Merge pull request #412 from acme/key-rotation\n<h7> Add secret scanning to CI\n<h7> Bump version to 2.4.1\n",
    '<img alt="logo" src="data:image/png;base64,<b300>">',
    '<div class="css-1q2w3e4 sc-bdVaJa kYtFgh MuiButton-root-<n3>">Sign in</div>',
    '!function(e,t){"use strict";var n=e.key||t.token;function r(e){return e.password.length>8}e.exports=r}(this,window);',
    "password: ${DB_PASSWORD}\ntoken: {{ .Values.apiToken }}\nsecret: $(cat /run/secrets/app)\n",
    'const apiKey = process.env.STRIPE_SECRET_KEY;\nconst url = "https://api.stripe.com/v1/charges";',
    "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    "request_id=<uuid> user=<n6> path=/v1/login status=200 duration_ms=<n3>",
    "trace_id: <h32>\nspan_id: <h16>\nsampled: true\n",
    'def test_login(client):\n    assert client.post("/login", json={"user": "bob", "password": "test"}).status_code == 401\n',
    "Your order <n6>-<n6> has been shipped with tracking number 1Z999AA1<n6><n3>4.",
    'resource "aws_db_instance" "main" {\n  username = var.db_user\n  password = var.db_password\n}\n',
    'ETag: "<h32>"\nX-Request-Id: <uuid>\nCache-Control: max-age=3600\n',
    "The primary key of the table is customer_id, the foreign key points to orders, and the sort key is created_at.",
    "go.sum:\ngithub.com/pkg/errors v0.9.1 h1:<b43>=\ngithub.com/pkg/errors v0.9.1/go.mod h1:<b43>=\n",
    "How many tokens does gpt-4o-2024-08-06 accept, and what changed against gpt-3.5-turbo-0125?",
    "Das Passwort muss mindestens 12 Zeichen haben und darf nicht im Wörterbuch stehen.",
    "El usuario olvidó su contraseña y el enlace de recuperación caduca en 24 horas.",
    "Le mot de passe doit être changé tous les 90 jours, sauf pour les comptes de service.",
    "A senha precisa ter letras maiúsculas, números e pelo menos um símbolo.",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI<b43> ana@laptop",
    "SHA256:<b43> (ED25519) is the host key fingerprint of build-3",
    'curl -H "Authorization: Bearer $TOKEN" https://api.example.org/v1/me',
    "curl -H 'Authorization: Bearer <your-token>' https://api.example.org/v1/me",
    'integrity="sha384-<b64>" crossorigin="anonymous"></script>',
    "Invoice 2026-<n6>, customer no. <n6>, licence for 25 seats, due within 14 days.",
    "Model A1<n3>B, serial SN<n6>X<n3>, firmware 4.2.<n3>; press the key symbol for three seconds to pair.",
    "docker pull ghcr.io/acme/app@sha256:<h64>",
    'localStorage.setItem("token", response.data.token);\nsessionStorage.removeItem("refreshToken");',
    "password_hash = '$2b$12$<b53>'",
    "public_key: <b43>=\nfingerprint: <h32>\n",
    "Could you explain what a client secret is for in OAuth, and why a single-page app has none?",
)


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return documents without a credential: talk about them and look-alikes."""
    return [Document(_drawn(rng, rng.choice(CLEAN)), (), "none", "clean") for _ in range(count)]


def _drawn(rng: Rng, template: str) -> str:
    """Fill `<h40>` (hexadecimal), `<b43>` (base64), `<n6>` (digits) and `<uuid>`."""

    def fill(gap: re.Match[str]) -> str:
        if gap[1] is None:
            raw = "".join(rng.choices(_ALPHABETS["h"], k=32))
            return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-9{raw[17:20]}-{raw[20:]}"
        return "".join(rng.choices(_ALPHABETS[gap[1]], k=int(gap[2])))

    return re.sub(r"<(?:([hbn])(\d+)|uuid)>", fill, template)


_ALPHABETS = {
    "h": "0123456789abcdef",
    "b": string.ascii_letters + string.digits + "+/",
    "n": string.digits,
}
