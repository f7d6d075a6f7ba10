"""Passwords that only their place in a command, a call or a file gives away."""

import pytest

from alos.checks.catalogue import build_scanner
from alos.checks.secrets import secrets_pack

SCANNER = build_scanner([secrets_pack()])
VALUE = "Gk7#tq2Lw9"
PLAIN = "Gk7tq2Lw9m"


@pytest.mark.parametrize(
    "text",
    [
        f"ldapsearch -x -D cn=admin,dc=corp -w '{VALUE}' -b dc=corp",
        f"unzip -P {PLAIN} backup.zip",
        f"redis-cli -h cache -a '{VALUE}' ping",
        f"mysql -uroot -p{PLAIN} shop < dump.sql",
        f"docker login -u ci -p {PLAIN} registry.acme.io",
        f"sqlplus app/{PLAIN}@db.acme.io:1521/ORCL",
        f"jdbc:oracle:thin:app/{PLAIN}@db.acme.io:1521:ORCL",
        f'sql.Open("mysql", "root:{PLAIN}@tcp(db:3306)/shop")',
        f"smbclient //files/c$ -U 'ana%{VALUE}'",
        f"lftp -u ana,{PLAIN} sftp://files",
        f"htpasswd -b .htpasswd ana {PLAIN}",
        f"net use Z: \\\\files\\share /user:ana {PLAIN}",
        f"xfreerdp /u:ana /p:{PLAIN} /v:10.0.0.4",
        f"openssl pkcs12 -in c.p12 -passin pass:{PLAIN}",
        f"echo 'ana:{VALUE}' | sudo chpasswd",
        f'DriverManager.getConnection("jdbc:postgresql://db/shop", "ana", "{VALUE}");',
        f"new PDO('mysql:host=db;dbname=shop', 'ana', '{VALUE}');",
        f"page.locator('#password').fill('{VALUE}')",
        f"db.acme.io:5432:shop:ana:{PLAIN}\n",
        f"requirepass {VALUE}\nmaxmemory 2gb\n",
        f"machine files\nlogin ana\npassword {VALUE}\n",
    ],
)
def test_a_password_is_found_by_its_place(text: str) -> None:
    assert any(
        PLAIN in text[one.start : one.end] or VALUE in text[one.start : one.end]
        for one in SCANNER.scan(text)
    )


@pytest.mark.parametrize(
    "text",
    [
        "ldapsearch -x -D cn=admin,dc=corp -W -b dc=corp",
        "unzip -P $ZIP_PASSWORD backup.zip",
        "mysql -u root -p shop < dump.sql",
        "docker run -p 8080:80 nginx:1.27",
        "mkdir -p build/v2/out1",
        "docker login -u ci --password-stdin registry.acme.io",
        "sqlplus app@db.acme.io:1521/ORCL",
        "openssl pkcs12 -in c.p12 -passin env:P12_PASSWORD",
        'connect("https://api.acme.io/v1", "GET", "application/json2")',
        "db.acme.io:5432:shop:ana\n",
        "password authentication\nsecret ingredient\n",
        "page.locator('#password').fill(process.env.E2E_PASSWORD)",
    ],
)
def test_the_same_commands_without_a_password_are_left_alone(text: str) -> None:
    assert SCANNER.scan(text) == ()
