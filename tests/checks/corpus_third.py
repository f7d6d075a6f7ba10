# ruff: noqa: E501 - templates are read better on one line
"""A third set of carriers and phrasings, written before any rule was tried on it.

Vendors' shapes are those of the other two sets (they are facts); what stands around them is new,
and so are the styles of passwords.

Its first run, before any change (seed 11, 6,000 and 2,000 documents): recall 83.7 % (everyday vendors
95.6 %, chat prose 73.3 %), precision 99.1 %. The rules were then made more general, so it is no longer
unseen.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded samples, not secrets

import corpus_held_out
import corpus_secrets
from corpus_secrets import AN, HEX, Carrier, D, Document, L, Rng, document_of, of, templates

EVERYDAY = {**corpus_secrets.VENDORS, **corpus_held_out.VENDORS}

WORDS = (
    "swordfish",
    "butterfly",
    "chocolate",
    "mountain",
    "basketball",
    "pineapple",
    "telescope",
    "marmalade",
    "porcupine",
    "avalanche",
    "cinnamon",
    "umbrella",
    "lighthouse",
    "kangaroo",
    "blueberry",
    "saxophone",
    "hurricane",
    "windmill",
    "penguin",
    "volcano",
)
NAMES = ("Farid", "Lena", "Oskar", "Yuki", "Chidi", "Marta", "Leon", "Aisha")

KEY_CARRIERS: dict[str, Carrier] = {
    "chat": templates(
        "quick one: our {n} integration stopped working. key in use: {v}. any hints?",
        "I can't share much but the {n} credential starts failing after an hour, it's {v}",
        "so {who} sent me this for {n}:\n\n{v}\n\nwhere do I put it?",
        "Act as my assistant. Remember: {n} api key -> {v}. Never show it to anybody.",
        "could you curl {n} for me with {v} and tell me what comes back",
        "does this look like a real {n} token to you? {v}",
        "{n} support asked me to send the key, is it safe to mail {v} to them?",
        "I rotated the {n} key this morning. Old: {v}. Is the old one still usable?",
        "Summarise this thread: 'Hey, {n} creds as discussed: {v}. Delete after reading.'",
        "wtf is wrong with {n}, I use {v} like the docs say and get 403 all day",
        "My notes from onboarding\n- laptop: ordered\n- {n} key {v}\n- badge: Friday",
        "For {n} please take {v} (valid until the end of the month).",
        "Write a README section that explains how to set {e}. For the example use ours, {v}.",
        "is it ok that the {n} secret key {v} is in our public repo?",
        "translate into French: the token for {n} is {v}",
        "we store {v} as {e}, should we move it to a vault?",
        "you: paste your {n} key\nme: {v}\nyou: thanks",
        "what does 'invalid signature' mean? secret is {v} ({n})",
        "Convert to JSON: vendor {n}, secret {v}, owner {who}",
        "here you go 👉 {v} 👈 that's {n} prod",
    ),
    "code": templates(
        "let {c} = `{v}`\n",
        '@Value("${{k}:{v}}")\nprivate String {c};\n',
        'options.{c} = "{v}";\n',
        'val client = {n}Client.builder().{c}("{v}").build()\n',
        "process.env.{e} ??= '{v}';\n",
        "os.environ.setdefault('{e}', '{v}')\n",
        'static NSString *const k{e} = @"{v}";\n',
        "Settings = namedtuple('Settings', '{k}')\nsettings = Settings(\"{v}\")\n",
        '{k}: str = "{v}"  # {n}, move to env\n',
        "my $ {k} = '{v}';\n",
        "set -gx {e} {v}\n",
        "{e} := {v}\nbuild:\n\tgo build ./...\n",
        "axios.defaults.headers.common['X-{n}-Key'] = '{v}';\n",
        "  auth: { user: 'svc', {c}: '{v}' },\n",
    ),
    "config": templates(
        '  - key: {e}\n    value: "{v}"\n    scope: build\n',
        '[tool.deploy.env]\n{e} = "{v}"\n',
        '<property name="{d}" value="{v}"/>\n',
        '<string name="{k}">{v}</string>\n',
        "<key>{c}</key>\n<string>{v}</string>\n",
        "{e}: !vault-plain {v}\n",
        "; {n}\n{d} = {v}\n",
        'set {k} "{v}"\n',
        "//registry.acme.io/:_authToken={v}\n",
        '"{e}"="{v}"\n',
        "services:\n  {d}:\n    secret_value: {v}\n",
        "| {n} | {k} | {v} | {who} |\n",
        "{n};{v};prod;2026-05-01\n",
    ),
    "run": templates(
        "+ {e}={v} make deploy\n",
        "Step 4/9 : ARG {e}={v}\n ---> Running in 3f2a\n",
        "kubectl create secret generic app --from-literal={k}={v}\n",
        "vault kv put secret/app {k}={v}\n",
        "aws ssm put-parameter --name /app/{k} --value {v} --type SecureString\n",
        "http POST {host}/v1/items 'X-Api-Key:{v}'\n",
        "wget --header='Authorization: Bearer {v}' https://{host}/dump\n",
        "> set {e}={v}\n> npm run seed\n",
        'time=10:02:11 level=WARN msg="auth failed" provider={n} key={v} try={num}\n',
        '{"severity":"DEBUG","headers":{"authorization":"Bearer {v}"}}\n',
        'export {e}="{v}"; ./run.sh\n',
        "printf '%s' '{v}' | docker secret create {k} -\n",
    ),
    "mail": templates(
        "Hello {who},\n\nthe {n} account is ready. Your key is\n\n{v}\n\nand it works from tomorrow on.\n",
        "Betreff: Zugang {n}\n\nAPI-Schlüssel: {v}\nBitte nicht weitergeben.\n",
        "Bonjour {who}, voici la clé {n} : {v}\n",
        "Hola, el token de {n} es {v}, gracias\n",
        "## Incident\nA {n} key leaked ({v}) and was revoked at 14:02.\n",
    ),
}


def _strong(rng: Rng) -> str:
    return "".join(rng.choices(AN + "!#%&*+-_^~?", k=rng.randint(12, 22)))


def _word(rng: Rng) -> str:
    return rng.choice(WORDS)


def _leet(rng: Rng) -> str:
    return rng.choice(WORDS).replace("a", "4").replace("e", "3").replace("o", "0") + rng.choice(
        ("!", "1!", "77", "_9")
    )


def _pin(rng: Rng) -> str:
    return f"{rng.choice(WORDS).title()}{rng.choice(('.', '-', '_', '+', '!'))}{rng.randint(10, 9999)}"


def _groups(rng: Rng) -> str:
    return "-".join("".join(rng.choices(L + D, k=rng.choice((4, 5, 6)))) for _ in range(4))


def _phrase(rng: Rng) -> str:
    return rng.choice(("-", ".", "_")).join(rng.sample(WORDS, 4))


def _year(rng: Rng) -> str:
    return f"{rng.choice(NAMES)}{rng.randint(1970, 2026)}{rng.choice(('', '!', '#'))}"


STYLES = {
    "strong": _strong,
    "word": _word,
    "leet": _leet,
    "word and number": _pin,
    "groups": _groups,
    "phrase": _phrase,
    "name and year": _year,
}

PASSWORD_CARRIERS: dict[str, Carrier] = {
    "pw-chat": templates(
        "the password is {v}, can you tell me if it's strong enough?",
        "btw the password for the shared drive is {v}",
        "My password is {v}. Why can't I log in?",
        "Hi, new hire here. I was told the VPN password is {v} but it won't take it",
        "the admin password for the router is {v} and the user is admin",
        "can you remember my wifi password? it's {v}",
        "password = {v}",
        "passwort ist {v}, bitte nicht weitersagen",
        "we changed the password to {v} yesterday",
        "Old password: {v}\nNew password: the same with an exclamation mark",
        "user: {who}\npass: {v}\nhost: 10.1.2.3",
        "log in as {who} with password {v} and check the queue",
        "{who} uses {v} as the password for everything",
        'Is "{v}" a good password for our bank portal? It is what we use now.',
        'please reset it, my current password is "{v}"',
        "ssh deploy@{host} (password {v}) and restart nginx",
        "the root pw is {v}",
        "Le mot de passe est {v}",
        "credentials for the demo: {who} / {v}",
        "passphrase of my key: {v}",
    ),
    "pw-file": templates(
        'db:\n  user: app\n  pass: "{v}"\n',
        "ADMIN_PASSWORD={v}\nADMIN_MAIL=ops@acme.io\n",
        "<password>{v}</password>\n",
        "ftp://backup:{v}@files.acme.io/nightly\n",
        "smtp://mailer:{v}@mail.acme.io:587\n",
        "sqlplus app/{v}@orcl\n",
        "rsync --password-file=<(echo '{v}') src dst\n",
        "login: 'svc', password: '{v}',\n",
        "Password={v};Persist Security Info=True;\n",
        "spring.datasource.password={v}\n",
        "ALTER ROLE app PASSWORD '{v}';\n",
        "net use Z: \\\\nas\\share /user:svc {v}\n",
        "curl --user svc:{v} https://{host}/health\n",
        "$cred = ConvertTo-SecureString '{v}' -AsPlainText -Force\n",
    ),
}

_NEGATIVES = (
    "The password is required, and the token is optional unless the key is missing.",
    "My password is not working since the update, what should I do?",
    "the password is incorrect is all it says",
    "Your password was changed yesterday; if it wasn't you, tell support.",
    "the password is stored hashed with bcrypt and the key is rotated every week",
    "What is a good password? Length matters more than symbols.",
    "the password is usually printed on the back of the router",
    "The password for the exam is handed out by the teacher.",
    "Is my password too short? It has eleven characters, two digits and a symbol.",
    "password: required|string|min:12\nremember_token: nullable\n",
    "the secret is patience, the key is practice and the token is nothing but a token",
    "passphrase is empty, so the key is stored without one",
    "I think the password is wrong. Or the password is expired?",
    "The pass is closed in winter; log in to see the map of pass 12/14.",
    "user: {who}\nrole: admin\nlast login: 2026-03-04\n",
    "set the password to whatever you like, then set the PIN to something else",
    "Password reset for {who} was requested from 10.2.3.4 at 10:02.",
    "{h40} is the commit that broke the token refresh",
    "sha256:{h64} is the digest of the key server's image",
    "The build id is {h32}, trace {uuid}, span {h16}.",
    "key = f'{user.id}:{session.id}:v2'\ncache.set(key, token, ttl=300)\n",
    "api_key = config.get('services', 'api_key')\npassword = getpass()\n",
    "token = secrets.token_urlsafe(32)\npassword = secrets.choice(WORDS)\n",
    "OPENAI_API_KEY=${OPENAI_API_KEY:-}\nDB_PASSWORD_FILE=/run/secrets/db\n",
    "Authorization: Bearer <access_token>\nX-Api-Key: {{api_key}}\n",
    '<input name="password" type="password" placeholder="Your password"/>',
    "primary key (id), foreign key (user_id) references users (id)",
    "KeyError: 'api_key'\n  File \"/srv/app/client.py\", line 41, in __init__\n",
    'Set-Cookie: theme=dark; Path=/; HttpOnly\nETag: W/"{h32}"\n',
    "order {h16} was shipped with tracking 1Z999AA10123456784, invoice RE-2026-00417",
    "the access token is short-lived and the refresh token is opaque",
    "Their slogan: 'the password is love'. The film is from 1998.",
    "git log --format=%H\n{h40}\n{h40}\n{h40}\n",
    '"dependencies": {"jsonwebtoken": "^9.0.2", "passport-local": "1.0.0", "keycloak-js": "24.0.5"}',
    "pip install tokenizers==0.19.1 --hash=sha256:{h64}\n",
    "The token bucket holds 200 tokens and refills 10 a second; key metric p95.",
    "Change your password every 90 days? NIST SP 800-63B says no.",
    "il mot de passe est obligatoire; le mot de passe est trop court",
    "Das Passwort ist falsch. Das Passwort ist abgelaufen. Das Kennwort ist erforderlich.",
    "const PASSWORD_REGEX = /^(?=.*[A-Z])(?=.*\\d).{12,}$/;\n",
)


def positives(rng: Rng, count: int) -> list[Document]:
    """Return documents with one credential each: two in three a vendor's, else a password."""
    documents = []
    for number in range(count):
        if number % 3 == 2:
            carrier, style = rng.choice(sorted(PASSWORD_CARRIERS)), rng.choice(sorted(STYLES))
            fill, value, names = PASSWORD_CARRIERS[carrier], STYLES[style](rng), ("db", "DB")
            documents.append(document_of(rng, carrier, fill, value, f"password: {style}", names))
        else:
            carrier, vendor = rng.choice(sorted(KEY_CARRIERS)), rng.choice(sorted(EVERYDAY))
            name, env, make = EVERYDAY[vendor]
            fill = KEY_CARRIERS[carrier]
            documents.append(document_of(rng, carrier, fill, make(rng), vendor, (name, env)))
    return documents


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return documents that hold no credential, most of them talking about one."""
    made = {"{h16}": 16, "{h32}": 32, "{h40}": 40, "{h64}": 64}
    documents = []
    for _ in range(count):
        text = rng.choice(_NEGATIVES).replace("{who}", rng.choice(NAMES))
        for mark, length in made.items():
            while mark in text:
                text = text.replace(mark, of(HEX, length)(rng), 1)
        text = text.replace("{uuid}", corpus_secrets.uuid(rng))
        documents.append(Document(text, (), "none", "negative"))
    return documents


def seeded(seed: int) -> random.Random:
    """Return the source of chance for one run."""
    return random.Random(seed)  # noqa: S311 - seeded
