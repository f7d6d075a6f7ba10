"""Texts without a credential that look as if they held one, for the fourth corpus."""

from __future__ import annotations

import base64
import random  # noqa: TID251 - seeded samples, not secrets
import re

from corpus_fourth_vendors import VENDORS
from samples import draw

Rng = random.Random

_PROSE = (
    "The deploy went out at 14:32 and the error rate is back to normal.",
    "Could you summarise the thread in three bullet points?",
    "We need the report by Thursday; Lena has the numbers for March.",
    "def total(items):\n    return sum(item.price for item in items)\n",
    "Ticket OPS-2231 is still open, see https://wiki.acme.io/ops/runbook#step-4.",
    "Running on node 20.11.1 with 512 MB; heap out of memory after 40 minutes.",
    "Bitte fasse den Text zusammen und nenne die offenen Punkte.",
    "Merci de relire le paragraphe et de corriger les fautes.",
    "¿Puedes revisar el informe y decirme qué falta?",
    "SELECT id, email FROM customers WHERE created_at > '2026-01-01' ORDER BY id;",
    "| region | orders | share |\n|---|---|---|\n| EU | 1,204 | 41 % |\n| US | 987 | 33 % |",
    "The build takes 12 minutes, of which 9 are spent in the integration tests.",
)

_SHAPES = {
    "sha256": "[0-9a-f]{64}",
    "sha1": "[0-9a-f]{40}",
    "md5": "[0-9a-f]{32}",
    "short": "[0-9a-f]{7}",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "b64_64": "[A-Za-z0-9+/]{86}==",
    "b64_32": "[A-Za-z0-9+/]{43}=",
    "b64_20": "[A-Za-z0-9+/]{27}=",
    "id24": "[0-9a-f]{24}",
    "ulid": "01[0-9A-HJKMNP-TV-Z]{24}",
    "alnum20": "[A-Za-z0-9]{20}",
    "alnum14": "[A-Za-z0-9]{14}",
    "n10": "[1-9][0-9]{9}",
    "b64long": "[A-Za-z0-9+/]{372}",
    "etag": "[0-9a-f]{8}-[0-9a-f]{12}",
    "slug": "[a-z0-9]{5}",
    "rs": "[a-z0-9]{9,10}",
    "crypt": "[./A-Za-z0-9]{53}",
    "addr": "0x[0-9a-f]{40}",
    "cid": "Qm[1-9A-HJ-NP-Za-km-z]{44}",
}

_HASHES = (
    '"integrity": "sha512-<b64_64>",',
    "sha256:<sha256>",
    "commit <sha1>\nAuthor: Ana <ana@acme.io>\n\n    fix login",
    "index <short>..<short> 100644",
    'checksum = "<sha256>"',
    "github.com/pkg/errors v0.9.1 h1:<b64_32>",
    "github.com/x/y v1.2.0/go.mod h1:<b64_32>",
    "--hash=sha256:<sha256> \\",
    "FROM python:3.12@sha256:<sha256>",
    '<script src="a.js" integrity="sha384-<b64_64>" crossorigin></script>',
    'ETag: "<etag>"',
    'etag: W/"<b64_20>"',
    "Content-Security-Policy: script-src 'nonce-<alnum20>'",
    "x-request-id: <uuid>",
    "traceparent: 00-<md5>-<id16>-01",
    "md5sum: <md5>  backup.tgz",
    "<sha256>  release.tar.gz",
    '"_id": "<id24>"',
    "request_id=<uuid> status=200 duration=34ms",
    "session <uuid> closed",
    "pod/api-<rs>-<slug> 1/1 Running",
    "SHA256:<b64_43> ana@laptop (ED25519)",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI<b64_43> ana@laptop",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB<b64long> ci@build",
    "-----BEGIN PUBLIC KEY-----\n<b64line>\n<b64line>\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIID<b64line>\n<b64line>\n-----END CERTIFICATE-----",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA<b64long>",
    "//# sourceMappingURL=app.<md5>.js.map",
    '!function(e,t){var n=t("<rs>");e.<rs>=n}(this);',
    "$2b$12$<crypt>",
    "tx 0x<sha256> confirmed to <addr>",
    "ipfs://<cid>",
    "order <ulid> shipped",
    "cus_<alnum14> paid in_<alnum20>",
    "evt_<alnum20> received",
    "cache key: <sha256>",
    "Git-Commit: <sha1>",
    '"resolved": "https://registry.npmjs.org/a/-/a-1.2.3.tgz#<sha1>"',
    "digest: sha256:<sha256>",
    "blob <sha1> 1204",
    "fingerprint=<md5> device=<uuid>",
    "build <sha1> passed in 4m",
    "account 412233445566 role arn:aws:iam::412233445566:role/deploy",
    "tenant: <uuid>\nclient_id: <uuid>",
    "public_key: <b64_32>",
    "PublicKey = <b64_32>",
    "idempotency-key: <uuid>",
    "correlation-id=<md5>",
    "nonce: <b64_20>",
    "salt: <md5>",
    "csrf nonce=<md5>",
    "w3 hash <sha256>",
    "measurementId: 'G-<upper10>'",
    "trace id <md5> span <id16>",
    "S3 version id: <alnum20><alnum14>",
    "artifact <sha256>.whl",
    'svg d="M12.5 3.2l4.1-2.2a1.5 1.5 0 01<n10>"',
)

_GAPS = (
    "<your-api-key>",
    "YOUR_API_KEY",
    "your_token_here",
    "xxxxxxxxxxxxxxxx",
    "changeme",
    "${<ENV>}",
    "{{ <snake> }}",
    "$<ENV>",
    "<redacted>",
    "********",
    "...",
    "REPLACE_ME",
    "TODO",
    "example",
    "{{ secrets.<ENV> }}",
    "${{ secrets.<ENV> }}",
    "ENC[AES256_GCM,data:abcd,iv:efgh,tag:ijkl,type:str]",
    "%(<ENV>)s",
    "!vault |",
    "op://prod/<kebab>/credential",
    "arn:aws:secretsmanager:eu-west-1:412233445566:secret:prod/<kebab>",
    "vault:secret/data/app#<snake>",
    "#{<ENV>}#",
    "<REDACTED>",
    "null",
    "",
    "none",
    "insert-key-here",
    "dummy",
    "[MASKED]",
    "projects/412233/secrets/<kebab>/versions/latest",
    "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/<kebab>/)",
    "ssm:/prod/<kebab>",
    "file:///run/secrets/<snake>",
    "placeholder",
    "test",
    "secret",
    "password",
)
_GAP_LINES = (
    "<ENV>=<gap>",
    '<ENV>="<gap>"',
    "<snake>: <gap>",
    '"<camel>": "<gap>"',
    "export <ENV>=<gap>",
    '<snake> = "<gap>"',
    "Authorization: Bearer <gap>",
    "curl -H 'X-Api-Key: <gap>' https://api.acme.io",
    "password=<gap>",
    "  password: <gap>",
    "postgres://user:<gap>@localhost:5432/app",
    "--<kebab> <gap>",
)
_CODE = (
    '<snake> = os.environ["<ENV>"]',
    "const <camel> = process.env.<ENV>;",
    '<snake> = os.getenv("<ENV>", "")',
    "<camel>: config.get('<camel>'),",
    "password = getpass.getpass()",
    'String <camel> = System.getenv("<ENV>");',
    "if (!<camel>) throw new Error('<ENV> is not set');",
    "password: str = Field(min_length=12)",
    "def reset_password(user, new_password):",
    "token = request.headers.get('Authorization')",
    "secret = kms.decrypt(blob)",
    "max_tokens: 4096",
    "tokenizer = AutoTokenizer.from_pretrained('bert-base')",
    "primary_key=True",
    "passwordField.setText(newPassword)",
    'password = input("Enter password: ")',
    '<input type="password" name="password" placeholder="Password">',
    "hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt())",
    "key=lambda row: row.created_at",
    "token_count = len(enc.encode(text))",
    "apiKey={this.props.apiKey}",
    "secretKeyRef:\n  name: app\n  key: <kebab>",
    "valueFrom:\n  secretKeyRef:\n    name: db\n    key: password",
    "var <snake> { sensitive = true }",
    '@Value("${<dotted>}")\nprivate String <camel>;',
    "PasswordResetTokenGenerator().make_token(user)",
    "credentials = service_account.Credentials.from_service_account_file(path)",
    "SELECT password_hash FROM users WHERE id = $1;",
    "assert login('ana', wrong_password) is None",
    'val token = prefs.getString("token", null)',
    "password_confirmation: params[:password_confirmation]",
    "AccessToken accessToken = tokenService.refresh(refreshToken);",
)
_TALK = (
    "How do I rotate an API key without downtime?",
    "The password must have at least 12 characters, one digit and one symbol.",
    "I forgot my password, can you help me reset it?",
    "Password reset mails arrive late.",
    "My password is not working since Monday.",
    "The token is expired after 3600 seconds, please refresh it.",
    "We ran out of tokens: 128000 of 128000 used.",
    "Explain the difference between a public key and a private key.",
    "The secret is to knead the dough for ten minutes.",
    "Is the API key in the header or in the query?",
    "Das Passwort muss mindestens 8 Zeichen lang sein.",
    "Ich habe mein Passwort vergessen, was nun?",
    "Das Kennwort ist abgelaufen und muss erneuert werden.",
    "Le mot de passe est obligatoire et doit contenir un chiffre.",
    "J'ai oublié mon mot de passe.",
    "La contraseña es obligatoria y debe tener 8 caracteres.",
    "He olvidado la contraseña del correo.",
    "Our key accounts are Contoso and Fabrikam-2024.",
    "Pass rate: 97.3 %, 12 failed, 434 passed.",
    "key: ArrowDown, code: 40",
    "The key to success is consistency.",
    "Access key for the menu is Alt+F4.",
    "What does `Authorization: Bearer` mean?",
    "Never paste your API key into a chat; use a vault.",
    "The login page says: user not found or password incorrect.",
    "Password: minimum 8 characters",
    "The password field is required (error E1042).",
    "He passed the Secret Service exam in 2019.",
    "Token-based pricing: $0.15 per 1M tokens.",
    "Set a password policy: length 14, history 24, max age 90.",
    "The secret santa budget is EUR25.",
    "Use the key combination Ctrl+Shift+P, then type Reload.",
    "password strength: weak/medium/strong",
    "I think the credentials are wrong or have been revoked.",
    "Der Schlüssel liegt unter der Matte, Wohnung 12B.",
    "The API key is stored in AWS Secrets Manager under prod/api.",
    "The password is the same as for the VPN.",
    "Our token is valid for 30 days.",
    "The key is missing in the response body.",
    "passwords are hashed with argon2id, m=65536, t=3, p=4",
    "Is the password case-sensitive?",
    "The password was changed on 2026-03-01 by user 4411.",
    "Token: 1543 prompt + 212 completion",
    "user: my password expired\nassistant: Go to Settings > Security.\nuser: thanks!",
    "The new password is sent by SMS.",
    "secret/prod/db is where the password is kept",
)
_DOCS = (
    "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "export OPENAI_API_KEY=sk-...",
    "sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "xoxb-your-token-here",
    "Keys start with `sk-ant-api03-` and are shown once.",
    "Authorization: Bearer <token>",
    "postgres://user:password@localhost:5432/mydb",
    "mysql -u root -p",
    "https://user:pass@example.com/",
    "glpat-XXXXXXXXXXXXXXXXXXXX",
    "SG.xxxxxxxx.yyyyyyyy",
    "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "redis://localhost:6379/0",
    "amqp://guest:guest@localhost:5672/",
    "key-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "AKIA****************",
    "sk-ant-***",
    "npm_000000000000000000000000000000000000",
    "mongodb://<username>:<password>@cluster0.mongodb.net",
)


def prose(rng: Rng) -> str:
    """Return a harmless sentence or snippet."""
    return rng.choice(_PROSE)


def _hash_line(rng: Rng) -> str:
    extra = {
        "b64_43": "[A-Za-z0-9+/]{43}",
        "b64line": "[A-Za-z0-9+/]{64}",
        "id16": "[0-9a-f]{16}",
        "upper10": "[A-Z0-9]{10}",
        "alnum32": "[A-Za-z0-9]{32}",
    }
    shapes = {**_SHAPES, **extra}
    return re.sub(
        r"<(\w+)>",
        lambda found: draw(shapes[found[1]], rng) if found[1] in shapes else found[0],
        rng.choice(_HASHES),
    )


def _named(rng: Rng, template: str) -> str:
    name = rng.choice(rng.choice(VENDORS).names)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
    styles = {
        "ENV": "_".join(words).upper(),
        "snake": "_".join(words),
        "kebab": "-".join(words),
        "dotted": ".".join(words),
        "camel": words[0] + "".join(word.title() for word in words[1:]),
    }
    template = template.replace("<gap>", rng.choice(_GAPS))
    return re.sub(r"<(\w+)>", lambda found: styles.get(found[1], found[0]), template)


def hard(rng: Rng) -> str:
    """Return one text of a kind that makes careless engines cry wolf."""
    kind = rng.random()
    if kind < 0.35:
        return "\n".join(_hash_line(rng) for _ in range(rng.randint(1, 6)))
    if kind < 0.55:
        return "\n".join(_named(rng, rng.choice(_GAP_LINES)) for _ in range(rng.randint(1, 3)))
    if kind < 0.72:
        return "\n".join(_named(rng, rng.choice(_CODE)) for _ in range(rng.randint(1, 4)))
    if kind < 0.90:
        return " ".join(rng.sample(_TALK, rng.randint(1, 3)))
    if kind < 0.97:
        return rng.choice(_DOCS)
    return base64.b64encode(rng.randbytes(rng.randint(60, 900))).decode()
