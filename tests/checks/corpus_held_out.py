# ruff: noqa: E501 - templates are read better on one line
"""A second set of vendors, carriers and phrasings, written after the rules.

Its first run, before any change, found 86.2 % of the credentials at 100 % precision; the rules were
then made more general, so it is no longer unseen. For an honest figure write a third set.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded samples, not secrets

from corpus_secrets import (
    AN,
    B64,
    HEX,
    URL,
    WORDS,
    Carrier,
    D,
    Document,
    L,
    Make,
    Rng,
    U,
    document_of,
    join,
    of,
    templates,
    uuid,
)

VENDORS: dict[str, tuple[str, str, Make]] = {
    "clickup": ("ClickUp", "CLICKUP_TOKEN", join("pk_", of(D, 8), "_", of(U + D, 32))),
    "doppler": ("Doppler", "DOPPLER_TOKEN", of(AN, 43, "dp.st.prd.")),
    "tailscale": (
        "Tailscale",
        "TS_AUTHKEY",
        join("tskey-auth-", of(AN, 12), "CNTRL-", of(AN, 32)),
    ),
    "fastly": ("Fastly", "FASTLY_API_TOKEN", of(URL, 32)),
    "snyk": ("Snyk", "SNYK_TOKEN", uuid),
    "zendesk": ("Zendesk", "ZENDESK_API_TOKEN", of(AN, 40)),
    "intercom": ("Intercom", "INTERCOM_ACCESS_TOKEN", of(AN, 59, "", "=")),
    "mapbox": ("Mapbox", "MAPBOX_SECRET_TOKEN", join("sk.eyJ1Ijoi", of(AN, 60), ".", of(URL, 22))),
    "contentful": ("Contentful", "CONTENTFUL_MANAGEMENT_TOKEN", of(URL, 43, "CFPAT-")),
    "dropbox": ("Dropbox", "DROPBOX_TOKEN", of(URL, 135, "sl.B")),
    "posthog": ("PostHog", "POSTHOG_PERSONAL_API_KEY", of(AN, 43, "phx_")),
    "launchdarkly": ("LaunchDarkly", "LD_SDK_KEY", join("sdk-", uuid)),
    "rollbar": ("Rollbar", "ROLLBAR_ACCESS_TOKEN", of(HEX, 32)),
    "honeycomb": ("Honeycomb", "HONEYCOMB_API_KEY", of(L + D, 58, "hcaik_")),
    "buildkite": ("Buildkite", "BUILDKITE_API_TOKEN", of(HEX, 40, "bkua_")),
    "postman": ("Postman", "POSTMAN_API_KEY", join("PMAK-", of(HEX, 24), "-", of(HEX, 34))),
    "asana": ("Asana", "ASANA_PAT", join("1/", of(D, 16), ":", of(HEX, 32))),
    "spotify": ("Spotify", "SPOTIFY_CLIENT_SECRET", of(HEX, 32)),
    "twitch": ("Twitch", "TWITCH_CLIENT_SECRET", of(L + D, 30)),
    "coinbase": ("Coinbase", "COINBASE_API_SECRET", of(B64, 86, "", "==")),
    "binance": ("Binance", "BINANCE_SECRET_KEY", of(AN, 64)),
    "vonage": ("Vonage", "VONAGE_API_SECRET", of(AN, 16)),
    "messagebird": ("MessageBird", "MESSAGEBIRD_ACCESS_KEY", of(AN, 25)),
    "elastic": ("Elastic Cloud", "ELASTIC_PASSWORD", of(AN, 24)),
    "influx": ("InfluxDB", "INFLUX_TOKEN", of(URL, 86, "", "==")),
    "azure-sas": ("Azure", "SERVICE_BUS_KEY", of(B64, 43, "", "=")),
    "linode": ("Linode", "LINODE_TOKEN", of(HEX, 64)),
    "hetzner": ("Hetzner", "HCLOUD_TOKEN", of(AN, 64)),
    "scaleway": ("Scaleway", "SCW_SECRET_KEY", uuid),
    "splunk": ("Splunk", "SPLUNK_HEC_TOKEN", uuid),
    "voyage": ("Voyage", "VOYAGE_API_KEY", of(URL, 43, "pa-")),
    "jina": ("Jina", "JINA_API_KEY", of(AN, 60, "jina_")),
    "flask": ("Flask", "FLASK_SECRET_KEY", of(HEX, 48)),
    "encryption": ("payroll", "PAYROLL_ENCRYPTION_KEY", of(B64, 43, "", "=")),
    "hmac": ("webhooks", "WEBHOOK_SIGNING_SECRET", of(AN, 40)),
    "license": (
        "the plugin",
        "PLUGIN_LICENSE_KEY",
        join(of(U + D, 5), "-", of(U + D, 5), "-", of(U + D, 5), "-", of(U + D, 5)),
    ),
}

CARRIERS: dict[str, Carrier] = {
    "c#": templates(
        'var {c} = "{v}";\nservices.AddSingleton(x);\n',
        'Environment.SetEnvironmentVariable("{e}", "{v}");',
    ),
    "php": templates("define('{e}', '{v}');\n", "'{k}' => '{v}',\n", "putenv('{e}={v}');"),
    "ruby": templates("{e} = '{v}'.freeze\n", 'config.{k} = "{v}"\n', "  {k}: '{v}',\n"),
    "rust": templates('let {k} = "{v}".to_string();\n', 'const {e}: &str = "{v}";\n'),
    "kotlin": templates('val {c} = "{v}"\n', 'buildConfigField("String", "{e}", "\\"{v}\\"")\n'),
    "powershell": templates("$env:{e} = '{v}'\n", '$headers = @{ "X-Api-Key" = "{v}" }\n'),
    "github actions": templates(
        "      env:\n        {e}: {v}\n      run: make\n", "      with:\n        {d}: '{v}'\n"
    ),
    "ansible": templates('- hosts: all\n  vars:\n    {k}: "{v}"\n'),
    "properties": templates("spring.{d}={v}\nserver.port=8080\n", "app.{k}: {v}\n"),
    "http": templates(
        "POST /v1/x HTTP/1.1\nHost: {host}\nx-api-key: {v}\nAccept: */*\n",
        "Authorization: Bearer {v}\nUser-Agent: curl/8\n",
        "GET /v1/x?api_key={v}&limit=10 HTTP/1.1\n",
    ),
    "python requests": templates(
        'requests.get(url, headers={"Authorization": f"Bearer {v}"})\n',
        'session.headers["X-Auth-Token"] = "{v}"\n',
    ),
    "cli": templates(
        "$ {k}={v} npm start\n",
        "heroku config:set {e}={v} -a web\n",
        "gh secret set {e} --body {v}\n",
        "fly secrets set {e}={v}\n",
    ),
    "table": templates("{e}   {v}\nPORT   8080\n", "{e}\t{v}\tprod\n"),
    "slack": templates(
        "@{who} fyi the {n} key got rotated, new one: {v}",
        "new {n} token is `{v}` please don't lose it this time :)",
        "can someone update {n}? key = {v}",
        "<@U12> {n}: {v}",
    ),
    "chat": templates(
        "I keep getting 'invalid credentials' from {n}. This is what I send as the token: {v}",
        "Write me a Python script that calls {n} using the key {v} and prints the result.",
        "My boss asked me to test {n}; he sent {v} as the api key but it doesn't work",
        "Is this a valid {n} key? {v}",
        "{v} <- that's our {n} secret, put it in the config for me",
        "how do i connect to {n}? i have this token {v}",
        "FYI, {n} access token = {v}",
        "ugh!!! {n} rejects {v}. what's wrong with my key???",
        "Please translate to German: 'The {n} API key is {v}, keep it safe.'",
        "i pasted {v} into the {n} field and nothing happened",
        "credentials for {n} below\n{v}\nlet me know",
        "for {n} auth pls use {v}",
    ),
    "mail": templates(
        "Hi {who},\n\nas promised the {n} API key:\n\n    {v}\n\nBest,\nTom",
        "Subject: {n} access\n\nKey: {v}\nValid until Friday.",
    ),
    "ticket": templates(
        "h3. Repro\n{noformat}\n{k}: {v}\n{noformat}\n",
        "[{n}] 401 after rotation. Token in use was {v}; expected 200.",
    ),
    "log": templates(
        '{"level":"info","msg":"client ready","{c}":"{v}"}\n',
        "DEBUG {n}Client(apiKey={v}, region=eu)\n",
        "WARN  retrying with key={v} attempt={num}\n",
    ),
}


def password(rng: Rng) -> str:
    word = rng.choice(WORDS)
    return rng.choice(
        (
            f"{word}{rng.choice('!@#$')}{rng.randint(10, 99)}{rng.choice(WORDS).capitalize()}",
            f"{word.upper()}{rng.randint(2000, 2026)}!",
            f"My{word.capitalize()}Is{rng.randint(2, 99)}!",
            f"{rng.choice('!@#')}{word}{rng.randint(100, 999)}",
            "".join(rng.choices(AN + "!@#$%*-_", k=12)),
            "".join(rng.choices(AN, k=16)),
            f"{word.capitalize()}_{rng.randint(10, 9999)}",
            f"{rng.choice(WORDS)}.{word}.{rng.randint(10, 99)}",
        ),
    )


PASSWORD_CARRIERS: dict[str, Carrier] = {
    "config": templates(
        "[mail]\nuser=info\npass={v}\n",
        "db.pass = {v}\ndb.user = app\n",
        "POSTGRES_PASSWORD={v}\n",
        "      MYSQL_ROOT_PASSWORD: {v}\n",
        "wp_config: define('DB_PASSWORD', '{v}');\n",
    ),
    "code": templates(
        'engine.connect("app", password="{v}")\n',
        'auth=("bob", "{v}")  # password of bob\n',
        'smtp.login("info@acme.io", "{v}")\n',
        '$pwd = ConvertTo-SecureString "{v}" -AsPlainText -Force\n',
        "let password = '{v}';\n",
    ),
    "uri": templates(
        "psql postgresql://svc:{v}@db.acme.io/app\n",
        "git clone https://bot:{v}@git.acme.io/web.git\n",
        "ftp://backup:{v}@10.1.1.5/dump\n",
        'MONGO_URL="mongodb://root:{v}@mongo:27017/admin"\n',
    ),
    "chat": templates(
        "I can't log in. User: maria, Password: {v}",
        "my gmail password {v} stopped working",
        "is {v} a strong password?",
        "Please generate something like my current password ({v}) but longer",
        "the wifi is AcmeGuest and the password's {v}",
        "so I typed {v} as my password and it said wrong",
        "username: admin\npassword: {v}\n\nwhy do I get a 403?",
        "ssh into the box with root/{v} and restart nginx",
        "temp password for the new hire: {v}",
        "I changed the pw to {v} yesterday",
        "User admin, pass {v}",
        "his passphrase used to be {v}",
        "The vault opens with {v} as the master password",
    ),
}

NEGATIVES = templates(
    "Our password policy: 14+ characters, rotate every 90 days, no reuse of the last 5.",
    "TypeError: getToken(...) is not a function at index.js:42:13",
    "the key difference between TLS 1.2 and TLS 1.3 is the handshake (1-RTT vs 2-RTT)",
    "token = tokenizer.encode(text)[:512]\nkey = (user_id, item2vec)\n",
    "kubectl get secret db-credentials-v2 -o jsonpath='{.data.password}' | base64 -d",
    "aws secretsmanager get-secret-value --secret-id prod/db-2/password",
    "password = Prompt.ask('Password', password=True)\n",
    "ALTER TABLE users ADD COLUMN password_hash varchar(255);\nCREATE INDEX idx_token ON t(token_id);\n",
    "secretKeyRef:\n  name: db-secret-1\n  key: password\n",
    "version: 1.2.3\nchecksum: sha256-{b43}=\ntoken: null\n",
    "const STORAGE_KEY = 'app.v2.user-settings';\nconst TOKEN_TYPE = 'Bearer';\n",
    '<input type="password" name="password1" id="id_password1" autocomplete="new-password">',
    "Login with your SSO account at https://login.acme.io/start?client=web-2 and pick 'Region 4'.",
    "How many tokens does gpt-4o-mini allow? I think 128k; claude-3-5 gives 200k.",
    "PASSWORD_RESET_TIMEOUT = 60 * 60 * 24\nTOKEN_LIFETIME_DAYS = 30\n",
    "{uuid} is the order id, {uuid} the customer id; neither has a token yet",
    "error: pathspec 'feature/auth-token-v2' did not match; HEAD is {h40}",
    "key results Q3: 1) NPS 42 2) churn 3.1% 3) 12 new logos. Login rate 87%.",
    "api_key: str | None = Field(default=None, alias='apiKey2')\n",
    "headers = {'Authorization': f'Bearer {self.token2}', 'X-Key': key1}\n",
    "image: ghcr.io/acme/token-service:2.4.1@sha256:{h64}\n",
    '"node_modules/js-tokens": {"version": "4.0.0", "integrity": "sha512-{b86}=="}',
    "passwords like 'password1' or '123456' are rejected by rule P4.2",
    "The session key is derived with HKDF-SHA256 over the X25519 shared secret.",
    "user@host:~$ ssh-keygen -t ed25519 -C ops2024 && cat id_ed25519.pub",
    "MFA token length is 6; see RFC6238 and NIST SP800-63B.",
    "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n",
    "DB_PASSWORD=$(openssl rand -hex 32)\nAPI_TOKEN=`cat /run/secrets/t1`\n",
)


def positives(rng: Rng, count: int) -> list[Document]:
    documents = []
    for number in range(count):
        if number % 4 == 3:
            carrier = rng.choice(sorted(PASSWORD_CARRIERS))
            fill = PASSWORD_CARRIERS[carrier]
            documents.append(
                document_of(rng, f"pw {carrier}", fill, password(rng), "password", ("db", "DB"))
            )
        else:
            vendor, carrier = rng.choice(sorted(VENDORS)), rng.choice(sorted(CARRIERS))
            name, env, make = VENDORS[vendor]
            documents.append(
                document_of(rng, carrier, CARRIERS[carrier], make(rng), vendor, (name, env))
            )
    return documents


def negatives(rng: random.Random, count: int) -> list[Document]:
    def document() -> Document:
        text = NEGATIVES(rng, "", "", "")
        for mark, make in (
            ("{h40}", of(HEX, 40)),
            ("{h64}", of(HEX, 64)),
            ("{uuid}", uuid),
            ("{b86}", of(B64, 86)),
            ("{b43}", of(B64, 43)),
        ):
            while mark in text:
                text = text.replace(mark, make(rng), 1)
        return Document(text.replace("\x00", ""), (), "none", "negative")

    return [document() for _ in range(count)]
