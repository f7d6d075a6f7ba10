# ruff: noqa: E501 - templates are read better on one line
"""Generates labelled documents: credentials in many carriers, and look-alikes that are none.

Everything is drawn from a seeded source, so the repository holds no credential. The shapes here
are written from what vendors document and not from the rule files.
"""

from __future__ import annotations

import base64
import json
import random  # noqa: TID251 - seeded samples, not secrets
import re
import string
from collections.abc import Callable
from dataclasses import dataclass

U, L, D = string.ascii_uppercase, string.ascii_lowercase, string.digits
AN = U + L + D
HEX = "0123456789abcdef"
URL = AN + "-_"
B64 = AN + "+/"
Rng = random.Random
Make = Callable[[Rng], str]


@dataclass(frozen=True, slots=True)
class Document:
    text: str
    spans: tuple[tuple[int, int], ...]
    vendor: str
    carrier: str


def of(alphabet: str, length: int, prefix: str = "", suffix: str = "") -> Make:
    return lambda rng: prefix + "".join(rng.choices(alphabet, k=length)) + suffix


def uuid(rng: Rng) -> str:
    raw = "".join(rng.choices(HEX, k=32))
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def join(*parts: Make | str) -> Make:
    return lambda rng: "".join(part if isinstance(part, str) else part(rng) for part in parts)


def jwt(rng: Rng) -> str:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims: dict[str, object] = {
        "sub": str(rng.randint(1, 10**9)),
        "iat": rng.randint(10**9, 2 * 10**9),
    }
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{of(URL, 43)(rng)}"


def pem(rng: Rng) -> str:
    lines = "\n".join(of(B64, 64)(rng) for _ in range(rng.randint(6, 25)))
    what = rng.choice(["RSA ", "EC ", "", "OPENSSH ", "DSA ", "ENCRYPTED "])
    return f"-----BEGIN {what}PRIVATE KEY-----\n{lines}\n{of(B64, 30)(rng)}==\n-----END {what}PRIVATE KEY-----"


# vendor -> (how people call it, environment name, maker)
VENDORS: dict[str, tuple[str, str, Make]] = {
    "openai": ("OpenAI", "OPENAI_API_KEY", join("sk-proj-", of(URL, 74), "T3BlbkFJ", of(URL, 74))),
    "openai-old": ("OpenAI", "OPENAI_API_KEY", join("sk-", of(AN, 20), "T3BlbkFJ", of(AN, 20))),
    "openai-svc": (
        "OpenAI",
        "OPENAI_KEY",
        join("sk-svcacct-", of(URL, 58), "T3BlbkFJ", of(URL, 58)),
    ),
    "anthropic": ("Anthropic", "ANTHROPIC_API_KEY", of(URL, 93, "sk-ant-api03-", "AA")),
    "gemini": ("Gemini", "GOOGLE_API_KEY", of(URL, 35, "AIza")),
    "huggingface": ("Hugging Face", "HF_TOKEN", of(AN, 34, "hf_")),
    "groq": ("Groq", "GROQ_API_KEY", of(AN, 52, "gsk_")),
    "cohere": ("Cohere", "COHERE_API_KEY", of(AN, 40)),
    "mistral": ("Mistral", "MISTRAL_API_KEY", of(AN, 32)),
    "replicate": ("Replicate", "REPLICATE_API_TOKEN", of(AN, 37, "r8_")),
    "perplexity": ("Perplexity", "PPLX_API_KEY", of(AN, 48, "pplx-")),
    "xai": ("xAI", "XAI_API_KEY", of(AN, 80, "xai-")),
    "deepseek": ("DeepSeek", "DEEPSEEK_API_KEY", of(HEX, 32, "sk-")),
    "openrouter": ("OpenRouter", "OPENROUTER_API_KEY", of(HEX, 64, "sk-or-v1-")),
    "together": ("Together AI", "TOGETHER_API_KEY", of(HEX, 64)),
    "fireworks": ("Fireworks", "FIREWORKS_API_KEY", of(AN, 24, "fw_")),
    "elevenlabs": ("ElevenLabs", "ELEVENLABS_API_KEY", of(HEX, 48, "sk_")),
    "deepgram": ("Deepgram", "DEEPGRAM_API_KEY", of(HEX, 40)),
    "assemblyai": ("AssemblyAI", "ASSEMBLYAI_API_KEY", of(HEX, 32)),
    "pinecone": ("Pinecone", "PINECONE_API_KEY", join("pcsk_", of(AN, 5), "_", of(AN, 63))),
    "wandb": ("wandb", "WANDB_API_KEY", of(HEX, 40)),
    "langsmith": (
        "LangSmith",
        "LANGCHAIN_API_KEY",
        join("lsv2_pt_", of(HEX, 32), "_", of(HEX, 10)),
    ),
    "nvidia": ("NVIDIA", "NVIDIA_API_KEY", of(URL, 64, "nvapi-")),
    "aws-id": ("AWS", "AWS_ACCESS_KEY_ID", of(U + "234567", 16, "AKIA")),
    "aws-secret": ("AWS", "AWS_SECRET_ACCESS_KEY", of(B64, 40)),
    "azure-storage": ("Azure storage", "AZURE_STORAGE_KEY", of(B64, 86, "", "==")),
    "azure-secret": (
        "Azure AD",
        "AZURE_CLIENT_SECRET",
        join(of(AN, 3), "8Q~", of(AN + "_~.-", 33), of(AN, 1)),
    ),
    "azure-openai": ("Azure OpenAI", "AZURE_OPENAI_API_KEY", of(HEX, 32)),
    "digitalocean": ("DigitalOcean", "DIGITALOCEAN_TOKEN", of(HEX, 64, "dop_v1_")),
    "alibaba": ("Alibaba Cloud", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", of(AN, 30)),
    "cloudflare": ("Cloudflare", "CLOUDFLARE_API_TOKEN", of(URL, 40)),
    "heroku": ("Heroku", "HEROKU_API_KEY", uuid),
    "vercel": ("Vercel", "VERCEL_TOKEN", of(AN, 24)),
    "netlify": ("Netlify", "NETLIFY_AUTH_TOKEN", of(AN, 37, "nfp_")),
    "gcp-oauth": ("Google", "GOOGLE_CLIENT_SECRET", of(URL, 28, "GOCSPX-")),
    "databricks": ("Databricks", "DATABRICKS_TOKEN", of(HEX, 32, "dapi")),
    "vault": ("Vault", "VAULT_TOKEN", of(AN, 24, "hvs.")),
    "terraform": ("Terraform Cloud", "TFE_TOKEN", join(of(AN, 14), ".atlasv1.", of(AN, 67))),
    "github": ("GitHub", "GITHUB_TOKEN", of(AN, 36, "ghp_")),
    "github-fine": ("GitHub", "GH_PAT", join("github_pat_", of(AN, 22), "_", of(AN, 59))),
    "gitlab": ("GitLab", "GITLAB_TOKEN", of(URL, 20, "glpat-")),
    "bitbucket": ("Bitbucket", "BITBUCKET_APP_PASSWORD", of(AN, 32, "ATBB")),
    "circleci": ("CircleCI", "CIRCLECI_TOKEN", of(HEX, 40)),
    "npm": ("npm", "NPM_TOKEN", of(AN, 36, "npm_")),
    "pypi": ("PyPI", "TWINE_PASSWORD", of(URL, 150, "pypi-AgEIcHlwaS5vcmc")),
    "rubygems": ("RubyGems", "GEM_HOST_API_KEY", of(HEX, 48, "rubygems_")),
    "dockerhub": ("Docker Hub", "DOCKERHUB_TOKEN", of(URL, 27, "dckr_pat_")),
    "sonar": ("SonarQube", "SONAR_TOKEN", of(HEX, 40, "squ_")),
    "stripe": ("Stripe", "STRIPE_SECRET_KEY", of(AN, 99, "sk_live_")),
    "stripe-old": ("Stripe", "STRIPE_SECRET_KEY", of(AN, 24, "sk_test_")),
    "stripe-hook": ("Stripe", "STRIPE_WEBHOOK_SECRET", of(AN, 32, "whsec_")),
    "square": ("Square", "SQUARE_ACCESS_TOKEN", of(URL, 60, "EAAA")),
    "shopify": ("Shopify", "SHOPIFY_ACCESS_TOKEN", of(HEX, 32, "shpat_")),
    "paypal": ("PayPal", "PAYPAL_CLIENT_SECRET", of(URL, 80)),
    "plaid": ("Plaid", "PLAID_SECRET", of(HEX, 30)),
    "razorpay": ("Razorpay", "RAZORPAY_KEY_SECRET", of(AN, 24)),
    "slack": (
        "Slack",
        "SLACK_BOT_TOKEN",
        join("xoxb-", of(D, 12), "-", of(D, 13), "-", of(AN, 24)),
    ),
    "slack-hook": (
        "Slack",
        "SLACK_WEBHOOK_URL",
        join(
            "https://hooks.slack.com/services/T",
            of(U + D, 10),
            "/B",
            of(U + D, 10),
            "/",
            of(AN, 24),
        ),
    ),
    "discord": (
        "Discord",
        "DISCORD_BOT_TOKEN",
        join("MT", of(AN, 24), ".", of(AN, 6), ".", of(URL, 38)),
    ),
    "telegram": ("Telegram", "TELEGRAM_BOT_TOKEN", join(of("123456789", 10), ":AA", of(URL, 33))),
    "twilio": ("Twilio", "TWILIO_AUTH_TOKEN", of(HEX, 32)),
    "sendgrid": ("SendGrid", "SENDGRID_API_KEY", join("SG.", of(URL, 22), ".", of(URL, 43))),
    "mailgun": ("Mailgun", "MAILGUN_API_KEY", join(of(HEX, 32), "-", of(HEX, 8), "-", of(HEX, 8))),
    "mailchimp": ("Mailchimp", "MAILCHIMP_API_KEY", of(HEX, 32, "", "-us14")),
    "postmark": ("Postmark", "POSTMARK_SERVER_TOKEN", uuid),
    "datadog": ("Datadog", "DD_API_KEY", of(HEX, 32)),
    "datadog-app": ("Datadog", "DD_APP_KEY", of(HEX, 40)),
    "newrelic": ("New Relic", "NEW_RELIC_API_KEY", of(U + D, 27, "NRAK-")),
    "sentry": ("Sentry", "SENTRY_AUTH_TOKEN", of(HEX, 64, "sntryu_")),
    "grafana": ("Grafana", "GRAFANA_TOKEN", join("glsa_", of(AN, 32), "_", of(HEX, 8))),
    "pagerduty": ("PagerDuty", "PAGERDUTY_TOKEN", of(URL, 18, "u+")),
    "algolia": ("Algolia", "ALGOLIA_ADMIN_KEY", of(HEX, 32)),
    "linear": ("Linear", "LINEAR_API_KEY", of(AN, 40, "lin_api_")),
    "notion": ("Notion", "NOTION_TOKEN", of(AN, 46, "ntn_")),
    "airtable": ("Airtable", "AIRTABLE_TOKEN", join("pat", of(AN, 14), ".", of(HEX, 64))),
    "figma": ("Figma", "FIGMA_TOKEN", of(URL, 40, "figd_")),
    "hubspot": ("HubSpot", "HUBSPOT_TOKEN", join("pat-na1-", uuid)),
    "okta": ("Okta", "OKTA_API_TOKEN", of(URL, 40, "00")),
    "auth0": ("Auth0", "AUTH0_CLIENT_SECRET", of(URL, 64)),
    "atlassian": ("Jira", "JIRA_API_TOKEN", of(AN, 184, "ATATT3xFfGF0", "=1A2B3C4D")),
    "supabase": ("Supabase", "SUPABASE_ACCESS_TOKEN", of(HEX, 40, "sbp_")),
    "planetscale": ("PlanetScale", "PLANETSCALE_TOKEN", of(URL, 43, "pscale_tkn_")),
    "jwt": ("session", "SESSION_TOKEN", jwt),
    "internal-hex": ("billing service", "BILLING_API_KEY", of(HEX, 48)),
    "internal-b62": ("inventory", "INVENTORY_SECRET", of(AN, 32)),
    "internal-b64": ("cookie", "COOKIE_SECRET", of(B64, 43, "", "=")),
    "django": ("Django", "DJANGO_SECRET_KEY", of(L + D + "!@#$%^&*(-_=+)", 50)),
}

WORDS = re.findall(
    r"\w+",
    (
        "falcon river summer winter maple orange tiger dragon coffee rocket Monday Berlin silver "
        "thunder pepper castle shadow panda garden cobalt"
    ),
)


def password(rng: Rng) -> str:
    word = rng.choice(WORDS)
    style = rng.randrange(7)
    if style == 0:
        return f"{word.capitalize()}{rng.randint(1, 9999)}{rng.choice('!#$@*?')}"
    if style == 1:
        return "".join(rng.choices(AN + "!#%&*+-_^~", k=rng.randint(10, 20)))
    if style == 2:
        return (
            word.replace("a", "@").replace("o", "0").replace("e", "3")
            + str(rng.randint(10, 999))
            + "!"
        )
    if style == 3:
        return "".join(rng.choices(AN, k=rng.randint(10, 18)))
    if style == 4:
        return f"{word}-{rng.choice(WORDS)}-{rng.randint(10, 99)}-{rng.choice(WORDS)}"
    if style == 5:
        return f"{word.capitalize()}#{rng.choice(WORDS).capitalize()}{rng.randint(1, 99)}"
    return f"{word}{rng.randint(100, 9999)}"


Carrier = Callable[[Rng, str, str, str], str]
_S = "\x00"  # stands before and after the credential until the spans are known


def templates(*templates: str) -> Carrier:
    """Fill `{v}` value, `{n}` what people call it, `{e}` environment name, `{k}` lower name."""

    def fill(rng: Rng, value: str, name: str, env: str) -> str:
        marked = f"{_S}{value}{_S}"
        fields = {
            "{v}": marked,
            "{n}": name,
            "{e}": env,
            "{k}": env.lower(),
            "{d}": env.lower().replace("_", "-"),
            "{c}": _camel(env),
            "{host}": rng.choice(["api.internal.corp", "svc.acme.io", "10.2.3.4:8443"]),
            "{who}": rng.choice(["Priya", "Tom", "Jonas", "Mei", "Ana"]),
            "{num}": str(rng.randint(2, 4000)),
        }
        text = rng.choice(templates)
        for field, filling in fields.items():
            text = text.replace(field, filling)
        return text

    return fill


def _camel(env: str) -> str:
    first, *rest = env.lower().split("_")
    return first + "".join(map(str.capitalize, rest))


CARRIERS: dict[str, Carrier] = {
    "env": templates(
        "PORT=8080\n{e}={v}\nLOG_LEVEL=info\n",
        '{e}="{v}"\n',
        "export {e}='{v}'\n",
        "export {e}={v}\n# end\n",
    ),
    "yaml": templates(
        "service:\n  replicas: {num}\n  {k}: {v}\n  region: eu-west-1\n",
        '{k}: "{v}"\nname: web\n',
        "config:\n    {c}: '{v}'\n",
    ),
    "json": templates(
        '{"name": "web", "{k}": "{v}", "port": {num}}', '{\n  "{c}": "{v}",\n  "debug": false\n}'
    ),
    "json-escaped": templates('{"body": "{\\"{k}\\": \\"{v}\\", \\"n\\": 1}"}'),
    "python": templates(
        'import os\n{e} = "{v}"\nclient = make(timeout={num})\n',
        "client = Client({k}='{v}', retries={num})\n",
        "def main():\n    os.environ['{e}'] = '{v}'\n",
    ),
    "javascript": templates(
        "const {c} = '{v}';\nfetch(url);\n",
        'module.exports = {\n  {c}: "{v}",\n  port: {num},\n};\n',
        "const client = new Client({ {c}: `{v}` });",
    ),
    "go": templates(
        'const {c} = "{v}"\n\nfunc main() {}\n', '\tos.Setenv("{e}", "{v}")\n', '{c} := "{v}"\n'
    ),
    "java": templates(
        'private static final String {e} = "{v}";\n',
        "{d}={v}\nspring.application.name=web\n",
        'builder.{c}("{v}").build();',
    ),
    "shell": templates(
        "#!/bin/sh\n{e}={v} ./deploy.sh --env prod\n",
        "deploy --{d} {v} --region eu\n",
        'deploy --{d}="{v}"\n',
    ),
    "docker": templates(
        "docker run -e {e}={v} -p 80:80 acme/web\n", "ENV {e}={v}\nRUN make\n", "ENV {e} {v}\n"
    ),
    "compose": templates(
        "services:\n  web:\n    environment:\n      - {e}={v}\n      - TZ=UTC\n",
        "services:\n  web:\n    environment:\n      {e}: {v}\n",
    ),
    "kubernetes": templates(
        "env:\n  - name: {e}\n    value: {v}\n",
        'env:\n- name: {e}\n  value: "{v}"\n',
        "kind: Secret\nstringData:\n  {d}: {v}\n",
    ),
    "terraform": templates(
        'variable "{k}" {\n  default = "{v}"\n}\n', '  {k}   = "{v}"\n  region = "eu"\n'
    ),
    "curl": templates(
        "curl -H 'Authorization: Bearer {v}' https://{host}/v1/items\n",
        'curl -X POST https://{host}/v1 -H "X-Api-Key: {v}" -d @body.json\n',
        'curl -H "Authorization: token {v}" https://{host}/',
    ),
    "log": templates(
        "2026-03-04T10:11:12Z INFO boot: loaded {k}={v} from env ({num} ms)\n",
        "[2026-03-04 10:11:12,001] DEBUG http: > Authorization: Bearer {v}\n",
        'level=debug msg="using {n} key {v}" took={num}ms\n',
    ),
    "trace": templates(
        'Traceback (most recent call last):\n  File "app.py", line {num}, in <module>\n    client = Client({k}="{v}")\nValueError: bad region\n'
    ),
    "chat": templates(
        "hey, can you check why this fails? my {n} key is {v} and I get a 401",
        "here's the {n} token: {v}",
        "use {v} for {n}, it's still valid",
        "I think I pasted the wrong {n} api key ({v}), can you rotate it?",
        "{n} key:\n{v}\nthx!!",
        "ok so the {n} secret should be {v}, right?",
        "lol I hardcoded the {n} key `{v}` again, please help me move it to env",
        "pls debug!! {n} says unauthorized with {v}",
        "The API key we use for {n} is {v}. Rewrite the config so that it reads it from a vault.",
        '{who} gave me this {n} token yesterday: "{v}"; does it look right to you?',
        "so {n} → {v} doesn't work anymore, any idea?",
    ),
    "ticket": templates(
        "## Steps\n1. open the console\n2. log in to {n} with token {v}\n3. see error {num}\n",
        "Customer reports 403 from {n}. Key used: {v}. Started after release {num}.",
    ),
    "markdown": templates(
        "| setting | value |\n|---|---|\n| {e} | `{v}` |\n| PORT | 80 |\n",
        "Set `{e}` to `{v}` and restart.\n",
        "- **{n} API key:** {v}\n- owner: {who}\n",
    ),
    "xml": templates(
        '<appSettings>\n  <add key="{c}" value="{v}" />\n</appSettings>',
        "<config><{c}>{v}</{c}></config>",
    ),
    "toml": templates(
        '[auth]\n{k} = "{v}"\ntimeout = {num}\n', "[default]\n{k} = {v}\nregion = eu-central-1\n"
    ),
    "csv": templates("name,kind,value\n{n},{k},{v}\n"),
}

PASSWORD_CARRIERS: dict[str, Carrier] = {
    "pw-env": templates(
        "DB_HOST=db\nDB_PASSWORD={v}\nDB_NAME=shop\n",
        'SMTP_PASSWORD="{v}"\n',
        "export PGPASSWORD='{v}'\npsql -h db\n",
    ),
    "pw-yaml": templates(
        "database:\n  host: db1\n  username: app\n  password: {v}\n",
        'spring:\n  datasource:\n    password: "{v}"\n',
        "auth:\n  rootPassword: {v}\n",
    ),
    "pw-json": templates(
        '{"user": "svc", "password": "{v}"}', '{"host": "db", "pwd": "{v}", "port": 5432}'
    ),
    "pw-code": templates(
        "conn = connect(host='db', user='app', password='{v}')\n",
        'String password = "{v}";\n',
        "const dbPassword = '{v}';\n",
        '$db_password = "{v}";\n',
    ),
    "pw-uri": templates(
        "DATABASE_URL=postgres://app:{v}@db.internal:5432/shop\n",
        "mongodb+srv://svc:{v}@cluster0.ab1cd.mongodb.net/app",
        "redis://:{v}@cache.internal:6379/0",
        "amqp://worker:{v}@mq.internal/vhost",
        "mysql://root:{v}@10.0.0.3/app",
    ),
    "pw-odbc": templates(
        "Server=tcp:sql1,1433;Database=shop;User ID=app;Password={v};Encrypt=True;",
        "Driver={ODBC Driver 17};Server=sql1;Uid=app;Pwd={v};",
        "jdbc:mysql://db/shop?user=app&password={v}&useSSL=true",
    ),
    "pw-cli": templates(
        "mysql -h db --password={v} shop\n",
        "curl -u admin:{v} https://{host}/x\n",
        "sshpass -p {v} ssh root@10.0.0.1\n",
        "docker login -u bot --password {v} registry.acme.io\n",
    ),
    "pw-chat": templates(
        "the password is {v}",
        "my password is {v} and I can't log in, what's wrong?",
        "password: {v}",
        "pw: {v} btw",
        "Hi! Please reset my account. Old password was {v}, thanks",
        "the db password for staging is {v}, user is app",
        "wifi password is {v} for guests",
        "I set the root password to {v} last week",
        "login with admin / {v}",
        "credentials: admin:{v}",
        "can you write a script that logs in with user bob and password {v}?",
        "here are the creds, user svc_report, password {v}",
        "The admin password was changed to {v} by {who}.",
        'pass is "{v}" (don\'t share)',
        "{who}'s new passphrase is {v}",
    ),
    "pw-sql": templates(
        "CREATE USER app WITH PASSWORD '{v}';\n", "ALTER USER 'root'@'%' IDENTIFIED BY '{v}';\n"
    ),
    "pw-ini": templates(
        "[client]\nuser = app\npassword = {v}\n", "machine git.acme.io login bot password {v}\n"
    ),
}


def document_of(
    rng: Rng, carrier: str, fill: Carrier, value: str, vendor: str, names: tuple[str, str]
) -> Document:
    marked = fill(rng, value, *names)
    pad_before = filler(rng) if rng.random() < 0.5 else ""
    pad_after = filler(rng) if rng.random() < 0.5 else ""
    marked = f"{pad_before}{marked}{pad_after}"
    spans: list[tuple[int, int]] = []
    parts = marked.split(_S)
    at = len(parts[0])
    for number, part in enumerate(parts[1:], 1):
        if number % 2:
            spans.append((at, at + len(part)))
        at += len(part)
    return Document("".join(parts), tuple(spans), vendor, carrier)


_SENTENCES = (
    "We moved the nightly job to 02:30 and the queue looks fine now.",
    "Could you keep the answer short and in plain English?",
    "The last release was v2.14.3, and build 88123 is on staging.",
    "Please don't touch the billing module, Ana is still on it.",
    "See https://wiki.acme.io/display/OPS/Runbook+42 for the steps.",
    "Error rate went from 0.2% to 1.7% after Tuesday's deploy.",
    "It runs Python 3.11 on Debian 12 with 4 GB of memory.",
)


def filler(rng: Rng) -> str:
    return "\n" + " ".join(rng.choices(_SENTENCES, k=rng.randint(1, 3))) + "\n"


def positives(rng: Rng, count: int) -> list[Document]:
    documents = []
    for number in range(count):
        if number % 4 == 3:
            carrier = rng.choice(sorted(PASSWORD_CARRIERS))
            documents.append(
                document_of(
                    rng,
                    carrier,
                    PASSWORD_CARRIERS[carrier],
                    password(rng),
                    "password",
                    ("db", "DB"),
                )
            )
        elif number % 40 == 2:
            key = pem(rng)
            documents.append(
                document_of(rng, "pem", templates("{v}", "key.pem:\n{v}\n"), key, "pem", ("", ""))
            )
        else:
            vendor, carrier = rng.choice(sorted(VENDORS)), rng.choice(sorted(CARRIERS))
            name, env, make = VENDORS[vendor]
            documents.append(
                document_of(rng, carrier, CARRIERS[carrier], make(rng), vendor, (name, env))
            )
    return documents


_NEGATIVE = templates(
    "commit {h40}\nAuthor: {who} <a@acme.io>\n\n    fix token refresh\n",
    "requests==2.32.3 --hash=sha256:{h64}\n    --hash=sha256:{h64}\n",
    '"integrity": "sha512-{b86}==",\n"resolved": "x"',
    "docker pull acme/web@sha256:{h64}\n",
    "sha256sum dist.tar.gz: {h64}\n",
    "api_key = os.environ['OPENAI_API_KEY']\nclient = OpenAI(api_key=api_key)\n",
    "OPENAI_API_KEY=sk-your-key-here\nDB_PASSWORD=changeme\n",
    "password: ${DB_PASSWORD}\ntoken: {{ vault_token }}\n",
    "const token = process.env.GITHUB_TOKEN;\nconst key = getKey(user.id);\n",
    "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    "request_id={uuid} user_id={uuid} trace={h32}\n",
    "The password must be at least 12 characters long and contain 1 digit and 1 symbol.",
    "I forgot my password and the reset link expired after 30 minutes.",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{b86}{b86} bob@laptop\n",
    "-----BEGIN PUBLIC KEY-----\n{b64}\n{b64}\n-----END PUBLIC KEY-----\n",
    "-----BEGIN CERTIFICATE-----\n{b64}\n{b64}\n-----END CERTIFICATE-----\n",
    "def login(username: str, password: str) -> Token:\n    token = self.tokens[username]\n    return token\n",
    "token_type: bearer\nexpires_in: 3600\nmax_tokens: 4096\n",
    '{"access_token": "<your token>", "refresh_token": "string"}',
    "The key is to keep the API small; the secret of good prose is editing.",
    'ETag: "{h32}"\nX-Request-Id: {uuid}\nCache-Control: max-age=3600\n',
    "md5({h32}) differs from the md5 in the manifest for datadog-agent_7.55.1.deb\n",
    "github.com/acme/web/commit/{h40} broke the token parser\n",
    "postgres://user:password@localhost:5432/db and redis://:${REDIS_PASSWORD}@cache\n",
    'curl -H "Authorization: Bearer $TOKEN" -u "$USER:$PASS" https://api.example.com/\n',
    "background: url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{b86}{b86})\n",
    "Is HS256 fine for the token, or should the key be RS256 / ES512?",
    "the token count was 128000, the secret santa budget is 25 euros, key result 3.2 slipped",
    "git checkout {h40} && make test KEY=value PASS=1\n",
    "Session 2026-03-04T10:11:12.123Z key=homepage-hero-v2 token=EOF pass=3 fail=0\n",
)


def negatives(rng: Rng, count: int) -> list[Document]:
    def document() -> Document:
        text = _NEGATIVE(rng, "", "", "")
        for mark, make in (
            *(
                ("{h32}", of(HEX, 32)),
                ("{h40}", of(HEX, 40)),
                ("{h64}", of(HEX, 64)),
                ("{uuid}", uuid),
            ),
            *(("{b64}", of(B64, 64)), ("{b86}", of(B64, 86))),
        ):
            while mark in text:
                text = text.replace(mark, make(rng), 1)
        return Document(text.replace(_S, ""), (), "none", "negative")

    return [document() for _ in range(count)]
