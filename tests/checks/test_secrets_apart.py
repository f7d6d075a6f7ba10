import pytest

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.secrets import secrets_pack
from alos.checks.secrets_apart import looks_drawn


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return build_scanner([secrets_pack()])


@pytest.mark.parametrize(
    "text",
    [
        "The password for the archive, which nobody has touched since the move, is {}",
        "To get in you need a password. The first one never worked for me. What did work was {}",
        "I changed it to {} just now (the admin password)",
        "Troquei a senha do roteador para {} hoje cedo",
        "J'ai mis {} comme mot de passe sur le NAS",
    ],
)
def test_a_drawn_password_is_found_apart_from_its_noun(scanner: Scanner, text: str) -> None:
    value = "Q_tv!3-SV-1L1d1i"
    findings = scanner.scan(text.format(value))
    assert [text.format(value)[one.start : one.end] for one in findings] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "\u041f\u0430\u0440\u043e\u043b\u044c \u043e\u0442 \u043f\u043e\u0447\u0442\u044b: {}",
        "\u015eifrem {}, neden giremiyorum?",
        "Voici tes acc\u00e8s : jdoe / {}, \u00e0 changer d\u00e8s demain.",
        "I logged in as maria ({}) and saw an empty dashboard.",
        "User: reset my password\nAssistant: Done. It is now {}.",
        "Contrase\u00f1a nueva: {}",
        "The vault password? {}. But you didn't get it from me.",
        "Parameter(this, {{ parameterName: '/app/db-password', stringValue: '{}' }});",
    ],
)
def test_a_password_is_found_in_many_tongues_and_turns(scanner: Scanner, text: str) -> None:
    value = "Xz9Xdz8vKu"
    findings = scanner.scan(text.format(value))
    assert [text.format(value)[one.start : one.end] for one in findings] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "Credentials of the services:\n  image: postgres:16.2-alpine3.19@sha256:" + 8 * "c0ffee12",
        "The password is checked by BCryptPasswordEncoder2 on every login, as in release 4.2.1.",
        "Passwords are hashed with PBKDF2WithHmacSHA256 and a salt of sixteen bytes.",
        "The token limit of gpt-4o-2024-08-06 is higher than that of gpt-3.5-turbo-0125.",
        'The "token": is read from "X-Auth-9aQ3": by the Win32APIClient of 2024.',
        "My password does not work on https://example.org/Login2Page?x=1 since Monday.",
    ],
)
def test_what_people_write_beside_a_noun_is_no_password(scanner: Scanner, text: str) -> None:
    assert scanner.scan(text) == ()


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-26",
        "PostgreSQL15",
        "SHA256",
        "OAuth2Client",
        "ann@example.org",
        "k8s=true",
        "MD5sum1",
    ],
)
def test_no_name_looks_drawn(value: str) -> None:
    assert not looks_drawn(value)
