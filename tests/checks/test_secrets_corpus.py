import random  # noqa: TID251 - seeded samples, not secrets
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.secrets import secrets_pack

sys.path.insert(0, str(Path(__file__).parent))
import corpus_fifth
import corpus_fourth
import corpus_secrets

RECALL, PRECISION, WHOLE = 0.95, 0.985, 0.95


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return build_scanner([secrets_pack()])


def test_credentials_are_found_whole_in_every_carrier(scanner: Scanner) -> None:
    rng = random.Random(20_261_122)  # noqa: S311 - seeded
    wanted = found = whole = 0
    for document in corpus_secrets.positives(rng, 1500):
        findings = scanner.scan(document.text)
        for start, end in document.spans:
            wanted += 1
            hits = [one for one in findings if one.start < end and start < one.end]
            found += bool(hits)
            whole += any(one.start <= start and end <= one.end for one in hits)
    assert found / wanted >= RECALL
    assert whole / found >= WHOLE


@pytest.mark.parametrize("corpus", [corpus_fourth, corpus_fifth])
def test_credentials_are_found_in_carriers_of_another_hand(
    scanner: Scanner, corpus: ModuleType
) -> None:
    rng = random.Random(20_261_125)  # noqa: S311 - seeded
    wanted = found = true = false = 0
    for document in corpus.positives(rng, 1200) + corpus.negatives(rng, 400):
        findings = scanner.scan(document.text)
        for start, end in document.spans:
            wanted += 1
            found += any(one.start < end and start < one.end for one in findings)
        for one in findings:
            right = any(one.start < end and start < one.end for start, end in document.spans)
            true, false = true + right, false + (not right)
    assert found / wanted >= RECALL
    assert true / (true + false) >= PRECISION


def test_look_alikes_are_left_alone(scanner: Scanner) -> None:
    rng = random.Random(20_261_123)  # noqa: S311 - seeded
    documents = corpus_secrets.negatives(rng, 600)
    flagged = [one.text for one in documents if scanner.scan(one.text)]
    assert len(flagged) / len(documents) <= 1 - PRECISION


@pytest.mark.parametrize(
    "text",
    [
        "password: ${DB_PASSWORD}",
        "api_key = os.environ['API_KEY']",
        "token = get_token(user1)",
        "the password is incorrect",
        "password: str = Field(min_length=12)",
        "DB_PASSWORD=changeme",
        "secret: <your-secret-here>",
        "key_id: 4f2b8c1d-22aa-4c1e-9e3f-0123456789ab",
        "The secret to good coffee is 93 degrees.",
    ],
)
def test_a_placeholder_or_a_reference_is_no_credential(scanner: Scanner, text: str) -> None:
    assert scanner.scan(text) == ()


def test_every_type_is_written_in_capitals(scanner: Scanner) -> None:
    documents = corpus_secrets.positives(random.Random(3), 600)  # noqa: S311 - seeded
    types = {one.type for document in documents for one in scanner.scan(document.text)}
    assert len(types) > 60
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", type_) for type_ in types)


TOLD = (
    ("the password is swordfish", "swordfish"),
    ("btw our wifi password is marmalade, don't tell the guests", "marmalade"),
    ('My password is "Lighthouse". Why can\'t I log in?', "Lighthouse"),
    ("the root pw is hurricane and the user is admin", "hurricane"),
    ("password: umbrella", "umbrella"),
    ("Le mot de passe est marmelade", "marmelade"),
    ("das Passwort ist Regenbogen, bitte nicht weitersagen", "Regenbogen"),
    (
        "the VPN password is kangaroo-umbrella-windmill-volcano",
        "kangaroo-umbrella-windmill-volcano",
    ),
    ("can you remember my wifi password? it's Farid1984", "Farid1984"),
    ("ssh deploy@10.0.0.4 (password Windmill-6405) and restart nginx", "Windmill-6405"),
)
NOT_TOLD = (
    "the password is wrong",
    "the password is required, and the token is optional",
    "Your password is case-sensitive.",
    "the password is incorrect is all it says",
    "the password is stored hashed",
    "the password is usually on the back of the router",
    "My password is expired, and the new password is rejected.",
    "const options = {\n  passphrase: 'sample',\n  password: readPassword,\n};",
    "A good password is something you can remember",
    "das Passwort ist falsch",
    "NIST SP 800-63B says that a password is better long than special",
)


@pytest.mark.parametrize(("text", "value"), TOLD)
def test_a_password_of_plain_words_is_found_where_a_sentence_tells_it(
    scanner: Scanner, text: str, value: str
) -> None:
    assert value in [text[one.start : one.end] for one in scanner.scan(text)]


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_is_said_about_a_password_is_none(scanner: Scanner, text: str) -> None:
    assert scanner.scan(text) == ()
