# ruff: noqa: E501 - templates are read better on one line; people write in their languages
"""A fifth labelled corpus: other carriers, phrasings, languages and styles of passwords than the rest.

It tells whether what was mended on the fourth set holds elsewhere. Written before its first run and
not changed after; what that run gave stands in docs/reference/checks.md.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded samples, not secrets
import string

import corpus_fourth as fourth
import corpus_fourth_clean as clean
from corpus_fourth_vendors import EVERYDAY, VENDORS
from corpus_secrets import Document
from samples import draw

__all__ = ["EVERYDAY", "negatives", "positives"]

Rng = random.Random
_O, _C = "\ue000", "\ue001"

KEYS: dict[str, tuple[str, ...]] = {
    "notebook": (
        '{"cell_type":"code","source":["import os\\n","os.environ[\'<ENV>\'] = \'<v>\'\\n"]}',
        '"source": [\n  "<snake> = \\"<v>\\"\\n",\n  "run()\\n"\n]',
    ),
    "postman": (
        '{"key":"<snake>","value":"<v>","enabled":true}',
        '{"name":"Authorization","value":"Bearer <v>"}',
        '"auth":{"type":"apikey","apikey":[{"key":"value","value":"<v>","type":"string"},{"key":"key","value":"<kebab>"}]}',
    ),
    "har": (
        '{"name":"x-api-key","value":"<v>"},{"name":"accept","value":"*/*"}',
        '"headers": [{"name": "authorization", "value": "token <v>"}]',
    ),
    "server": (
        'proxy_set_header Authorization "Bearer <v>";',
        'RequestHeader set X-Api-Key "<v>"',
        "SetEnv <ENV> <v>",
        "fastcgi_param <ENV> <v>;",
        "php_value[<snake>] = <v>",
    ),
    "build": (
        "<ENV> := <v>\n\nall: build\n",
        "withEnv(['<ENV>=<v>']) {\n  sh 'make'\n}",
        "environment {\n    <ENV> = '<v>'\n}",
        "systemProp.<dotted>=<v>",
        "<camel>=<v>\norg.gradle.jvmargs=-Xmx2g",
        "- script: deploy\n  env:\n    <ENV>: '<v>'",
        'variables:\n  <ENV>: "<v>"\n  STAGE: prod',
        "steps:\n- name: Run\n  run: <ENV>=<v> make test",
        'config.vm.provision :shell, env: {"<ENV>" => "<v>"}',
    ),
    "code": (
        'val <camel>: String = "<v>"',
        '<snake> <- "<v>"',
        "final <camel> = '<v>';",
        'local <snake> = "<v>"',
        "<snake> = '<v>';  % matlab",
        'def <camel> = "<v>"',
        '(def <kebab> "<v>")',
        '@<snake> "<v>"',
        'Const <Pascal> As String = "<v>"',
        'static const char *<snake> = "<v>";',
        'private const string <Pascal> = "<v>";',
        "readonly <camel> = '<v>';",
        "<vendor>.configure do |c|\n  c.<snake> = '<v>'\nend",
        "<Vendor>(token='<v>', retries=3)",
        'new <Vendor>("<v>")',
        "genai.configure(api_key='<v>')",
        "app.config['<ENV>'] = '<v>'",
        'headers := map[string]string{"X-Api-Key": "<v>"}',
        'req.Header.Set("Authorization", "Bearer "+"<v>")',
        "axios.defaults.headers.common['Authorization'] = 'Bearer <v>';",
        "kwargs = dict(<snake>='<v>')",
    ),
    "table": (
        "| <ENV> | <v> | prod |\n",
        "name,value\n<snake>,<v>\n",
        "<spoken>\t<v>\n",
        "* <spoken>: <v>\n* region: eu\n",
        "**<spoken>**: `<v>`\n",
        "<li><spoken>: <code><v></code></li>",
        "INSERT INTO settings (name, value) VALUES ('<snake>', '<v>');",
        "UPDATE config SET value='<v>' WHERE name='<snake>';",
    ),
    "terminal": (
        "$ <vendor> auth login --token <v>\nLogged in.",
        "$ echo $<ENV>\n<v>\n",
        "PS C:\\> $<camel> = '<v>'",
        "root@web:~# cat .env\n<ENV>=<v>\n",
        "$ env | grep KEY\n<ENV>=<v>\n",
        "C:\\> set <ENV>=<v>",
        "export {<ENV>=<v>,REGION=eu}",
        "$ cat ~/.config/<vendor>/token\n<v>",
    ),
    "mail": (
        "Hi Tom,\n\nplease find the <spoken> below.\n\n<v>\n\nBest, Ida",
        "Subject: <vendor> access\n\nYour new <spoken>: <v>\nIt expires in 90 days.",
        "> On Mon, Kim wrote:\n> the <spoken> is <v>\nThanks, works.",
    ),
    "ticket": (
        "Steps: 1. open <vendor> 2. paste <v> as <spoken> 3. error 403",
        "[OPS-12] <spoken> exposed\nValue: <v>\nAction: rotate",
        "Description: prod uses <spoken> <v> since March.",
        "Comment by Jo: I found this <vendor> credential in the repo: <v>",
    ),
}
CHAT: tuple[str, ...] = (
    "hmm <vendor> says unauthorized, I'm passing <v>",
    "this is the <spoken> I got from the console: <v>",
    "Does <v> look like a valid <spoken> to you?",
    "ok here goes\n<spoken>: <v>\nplease debug",
    "sending you the <spoken> so you can test: <v>",
    "I hardcoded <v> (<spoken>), how do I move it to env vars?",
    '{"role":"user","content":"my <spoken> is <v>"}',
    "user: set up <vendor>\nassistant: I'll need the <spoken>.\nuser: <v>\nassistant: Done.",
    "Can you write a curl with <spoken> <v> to list projects",
    "<v> <- that's our <spoken>, don't share",
    "we rotated; the <spoken> is now <v>.",
    "Why would <vendor> reject <v>?",
    "Add `<ENV>=<v>` to the Dockerfile",
    "Il mio token <vendor> è <v>, perché ricevo 401?",
    "La chiave API di <vendor> è <v>",
    "Minha chave <vendor> é <v>, o que está errado?",
    "O token do <vendor>: <v>",
    "Mijn <spoken> is <v>, waarom werkt het niet?",
    "De <vendor> sleutel is <v>.",
    "Ich nutze den <spoken> <v>, bekomme aber 401.",
    "Unser <vendor>-Token: <v>",
    "J'utilise la clé <vendor> <v> mais j'ai une erreur",
    "Tengo este token de <vendor>, <v>, ¿es válido?",
)
PASSWORDS: dict[str, tuple[str, ...]] = {
    "config": (
        "[remote]\ntype = sftp\nhost = <host>\nuser = <user>\npass = <p>\n",
        "database:\n  adapter: mysql2\n  username: <user>\n  password: <p>\n  host: <host>\n",
        "ldap.bind.password = <p>",
        "connection.password=<p>",
        "smtp_password: '<p>'",
        '<dataSource user="<user>" password="<p>"/>',
        '"MailSettings": { "User": "<user>", "Password": "<p>" }',
        "ADMIN_PASSWORD=<p>",
        "export MYSQL_PWD='<p>'",
        "KEYCLOAK_ADMIN_PASSWORD: <p>",
        "GF_SECURITY_ADMIN_PASSWORD=<p>",
        "RABBITMQ_DEFAULT_PASS=<p>",
        "MINIO_ROOT_PASSWORD=<p>",
        'default_password = "<p>"',
        'vpnPassword: "<p>"',
        "WIFI_PSK=<p>",
        "auth_pass <p>",
        "admin_passwd = <p>",
        '"pw": "<p>"',
        "wallet_passphrase='<p>'",
    ),
    "uri": (
        "https://<user>:<u>@git.acme.io/team/repo.git",
        "postgresql://<user>:<u>@<host>:5432/app?sslmode=require",
        "[global]\nindex-url = https://<user>:<u>@pypi.acme.io/simple",
        "sftp://<user>:<u>@<host>/in",
        "mongodb://<user>:<u>@<host>:27017,<host>:27018/app",
        "CELERY_BROKER_URL=amqp://<user>:<u>@<host>//",
        "sqlserver://<user>:<u>@<host>?database=app",
        "rtsp://<user>:<u>@<host>/live",
        "ldap://<user>:<u>@<host>",
        "redis://<user>:<u>@<host>:6379",
    ),
    "call": (
        "ftp.login('<user>', '<p>')",
        "conn = pymysql.connect(host='<host>', user='<user>', passwd='<p>')",
        'smtp.login("<user>", "<p>")',
        "HTTPBasicAuth('<user>', '<p>')",
        "ssh.connect('<host>', username='<user>', password='<p>')",
        'new NetworkCredential("<user>", "<p>")',
        "db.auth('<user>', '<p>')",
        "$client->login('<user>', '<p>');",
        'ds.setPassword("<p>");',
        'cfg.Passwd = "<p>"',
        '.withCredentials("<user>", "<p>")',
        "Net::SSH.start('<host>', '<user>', password: '<p>')",
        "driver.find_element(By.ID, 'password').send_keys('<p>')",
        "cy.get('#password').type('<p>')",
        "page.fill('input[name=password]', '<p>')",
    ),
    "run": (
        "mysqldump -u <user> -p<u> app > a.sql",
        "docker run -e POSTGRES_PASSWORD=<u> postgres:16",
        "kubectl create secret generic db --from-literal=password='<p>'",
        "curl -X POST <host>/login -d 'user=<user>&password=<u>'",
        'curl -d \'{"username":"<user>","password":"<p>"}\' https://<host>/auth',
        "helm install db --set auth.password=<u>",
        "sudo useradd -p '<p>' <user>",
        "vault login -method=userpass username=<user> password=<u>",
        "gpg --batch --passphrase '<p>' -c f.txt",
        "openssl enc -aes-256-cbc -k '<p>' -in a",
        "rclone config create x sftp user=<user> pass=<u>",
        "PGPASSWORD='<p>' pg_dump app",
        "export SSHPASS='<p>'",
        "7z x a.7z -p<u>",
        "xfreerdp /u:<user> /p:<u> /v:<host>",
        "redis-cli -a <u> ping",
        "ldapadd -D cn=admin -w <u> -f x.ldif",
    ),
}
TOLD: tuple[str, ...] = (
    "so the login for <host> is <user> and the password is <p>",
    "password's <p> btw",
    'I set my password to "<p>" but the form rejects it',
    "the DB password (<p>) doesn't work anymore",
    "can you hash this password for me: <p>",
    "Is <p> a strong password?",
    "How strong is the password <p>?",
    "pass: <p>\nuser: <user>",
    "user = <user>, password = <p>, host = <host>",
    "credentials: <user>/<p>",
    "Admin login: <user>\nAdmin password: <p>",
    "You'll need the passphrase, which is <p>.",
    "my pw was <p>",
    "Try <user> with <p> as password",
    "changed it from <p>, that was my old password",
    "The password that works is <p>",
    "wifi: guest / password: <p>",
    "user: what's the root password again?\nassistant: I can't know that.\nuser: ah found it, it's <p>",
    "assistant: Please enter your password\nuser: <p>",
    "enter the password <p> when asked",
    "Here's the admin password for the staging box: <p>",
    "log into the router with <user>/<p>",
    "I told him the password, <p>, on the phone",
    "our shared password <p> is on the whiteboard",
    "La password è <p>",
    "La mia password è <p> ma non funziona",
    "nome utente <user>, password <p>",
    "A senha é <p>",
    "Minha senha é <p> e não consigo entrar",
    "usuário <user>, senha <p>",
    "Het wachtwoord is <p>",
    "gebruiker <user>, wachtwoord <p>",
    "Passwort: <p>",
    "Mein Passwort ist <p>, ist das sicher?",
    "Das Admin-Passwort wurde auf <p> geändert",
    "Login: <user>, Passwort: <p>",
    "mot de passe admin : <p>",
    "J'ai changé mon mot de passe en <p>",
    "Voici les identifiants : <user> / <p>",
    "La contraseña del router es <p>",
    "Cambié la contraseña a <p>",
    "Estas son las credenciales: <user> / <p>",
)
_STEMS = (
    "Falcon",
    "Ocean",
    "Tiger",
    "Mustang",
    "Juventus",
    "Roma",
    "Lisboa",
    "Hamburg",
    "Spring",
    "Autumn",
    "Oktober",
    "Printemps",
    "Otto",
    "Chelsea",
    "Pirate",
    "Galaxy",
)
_WORDS = (
    "bicycle",
    "lantern",
    "orchid",
    "granite",
    "velvet",
    "saturn",
    "cactus",
    "mango",
    "rocket",
    "puzzle",
    "dolphin",
    "maple",
)


def _password(rng: Rng, *, url: bool) -> str:
    kind = rng.random()
    if kind < 0.25:
        return (
            rng.choice(string.ascii_letters)
            + "".join(
                rng.choice(string.ascii_letters + string.digits + ("-_." if url else "!#$%^*-_"))
                for _ in range(rng.randint(7, 11))
            )
            + str(rng.randint(0, 9))
        )
    if kind < 0.45:
        return "".join(
            rng.choice(string.ascii_letters + string.digits)
            for _ in range(rng.choice((10, 12, 16, 20, 24)))
        ) + rng.choice("3579")
    if kind < 0.70:
        return f"{rng.choice(_STEMS)}{rng.choice(('', '-', '_', '.') if url else ('', '#', '@', '-', '!', '.'))}{rng.randint(1, 9999)}{'' if url else rng.choice(('', '!', '*', '$'))}"
    if kind < 0.80:
        return rng.choice(_WORDS).replace("a", "4" if url else "@").replace("o", "0").replace(
            "e", "3"
        ) + str(rng.randint(1, 99))
    if kind < 0.90:
        return rng.choice(("-", ".", "_")).join(
            word.title() if rng.random() < 0.3 else word
            for word in rng.sample(_WORDS, rng.randint(3, 5))
        ) + (str(rng.randint(1, 99)) if rng.random() < 0.4 else "")
    return (
        "".join(
            rng.choice(string.ascii_lowercase + string.digits) for _ in range(rng.randint(9, 14))
        )
        + "7q"
    )


def positives(rng: Rng, count: int) -> list[Document]:
    """Return documents that hold one credential each: 65 % keys, 35 % passwords."""
    made = []
    for _ in range(count):
        if rng.random() < 0.65:
            vendor = (
                rng.choice(VENDORS)
                if rng.random() < 0.35
                else rng.choice([one for one in VENDORS if one.everyday])
            )
            word = vendor.spoken.split()[0]
            values = {
                "v": f"{_O}{draw(vendor.shape, rng)}{_C}",
                "spoken": vendor.spoken,
                "vendor": word,
                "Vendor": word.title(),
                **fourth._styles(rng.choice(vendor.names)),
            }
            carrier = "chat" if rng.random() < 0.35 else rng.choice(tuple(KEYS))
            template, kind = rng.choice(CHAT if carrier == "chat" else KEYS[carrier]), vendor.id
            if not any(
                mark in template
                for mark in (
                    "<ENV>",
                    "<snake>",
                    "<kebab>",
                    "<camel>",
                    "<Pascal>",
                    "<dotted>",
                    "<spoken>",
                    "<vendor>",
                    "<Vendor>",
                )
            ):
                template = f"{vendor.spoken}:\n{template}"
        else:
            values = {
                "p": f"{_O}{_password(rng, url=False)}{_C}",
                "u": f"{_O}{_password(rng, url=True)}{_C}",
            }
            carrier = "chat" if rng.random() < 0.45 else rng.choice(tuple(PASSWORDS))
            template, kind = (
                rng.choice(TOLD if carrier == "chat" else PASSWORDS[carrier]),
                "password",
            )
        made.append(
            fourth._document(
                fourth._padded(rng, fourth._fill(rng, template, values)), kind, carrier
            )
        )
    return made


_LOOKALIKES = (
    "The password policy changed on 2026-01-15 and requires v2 hashing.",
    "Passwort vergessen? Klicken Sie auf Link 4.",
    "La password deve avere 12 caratteri.",
    "A senha deve ter 10 caracteres, com letras e números.",
    "Het wachtwoord moet 12 tekens lang zijn.",
    "password: string;",
    "password?: string | undefined;",
    "token: Token;",
    "api_key: Optional[str] = None",
    "PASSWORD_MIN_LENGTH = 12",
    "TOKEN_EXPIRE_MINUTES=30",
    "secretName: tls-cert-2026",
    "keyVaultName: kv-prod-west",
    "token_type=bearer&expires_in=3600",
    "password_hash = '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo'",
    "PASSWORD_RESET_URL=/accounts/reset",
    "passwordInput.value = ''",
    "expect(password).toHaveLength(16)",
    "key_id: 0123abcd-12ab-34cd-56ef-1234567890ab",
    'kms_key_id = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
    'public_key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="',
    "authorized_keys: 12 entries",
    "Use a password manager such as Bitwarden or 1Password 8.",
    "pwd\n/home/ana/projects/ledger-2026",
    "cd $PWD/build",
    "passenger_count: 4",
    "tokens: [CLS] hello [SEP]",
    "private key algorithm: RSA-2048",
    "API key scopes: read:org, write:packages",
    "The token endpoint is https://login.acme.io/oauth2/v2.0/token",
    "secret_version: 7",
    "client_id=412233445566-compute",
    "session_id=9f2c1a77b3e84d05",
    "X-Amz-Date: 20260314T092653Z",
    "sk-learn 1.5.2 is installed",
    "pk_live keys are public by design",
    "ghp tokens have 40 characters",
    "AKIA is the prefix of access keys",
    "What's my password? I never set one.",
    "password: required",
    "Password must be changed every 90 days (policy SEC-14).",
    "enter your 6-digit code 482913",
    "user: hi\nassistant: What is your order number?\nuser: A-2231-77X",
    "assistant: Which version?\nuser: v2.14.3-rc1",
    "The key file is ~/.ssh/id_ed25519",
    "Schlüssel: siehe Wiki, Abschnitt 3.2",
    "clave primaria: id_cliente",
    "La clave del éxito es la constancia",
    "mot de passe oublié ?",
    "sort_key=created_at",
    "access_token_url = https://api.acme.io/token",
)


def negatives(rng: Rng, count: int) -> list[Document]:
    """Return documents without a credential, half of them the fourth set's, half further look-alikes."""
    made = fourth.negatives(rng, count // 2)
    for _ in range(count - len(made)):
        text = "\n".join(rng.sample(_LOOKALIKES, rng.randint(1, 4)))
        made.append(Document(f"{clean.prose(rng)}\n{text}", (), "", "clean"))
    return made
