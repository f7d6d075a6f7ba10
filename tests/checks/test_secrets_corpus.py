import random  # noqa: TID251 - seeded samples, not secrets
import re
import sys
from pathlib import Path

import pytest

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.secrets import secrets_pack

sys.path.insert(0, str(Path(__file__).parent))
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
