import random  # noqa: TID251 - seeded samples, not secrets
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from alos.checks.catalogue import build_scanner
from alos.checks.redact import redact
from alos.checks.secrets import secrets_pack
from alos.checks.stream import LOOKAHEAD_CHARACTERS, StreamGate

sys.path.insert(0, str(Path(__file__).parent))
import corpus_secrets

SCANNER = build_scanner([secrets_pack()])
KEY = corpus_secrets.VENDORS["openai"][2](random.Random(5))  # noqa: S311 - seeded
PEM = corpus_secrets.pem(random.Random(6))  # noqa: S311 - seeded


def _run(chunks: list[str]) -> tuple[str, StreamGate]:
    gate = StreamGate(SCANNER)
    released = "".join(gate.feed(chunk) for chunk in chunks)
    return released + gate.close(), gate


def test_ordinary_words_go_out_as_soon_as_they_are_complete() -> None:
    gate = StreamGate(SCANNER)
    assert gate.feed("It is a fine ") == "It is a fine "
    assert gate.feed("day, isn") == "day, "
    assert gate.feed("'t it? ") == "isn't it? "
    assert not gate.cut


def test_a_number_is_held_only_until_what_follows_is_known() -> None:
    gate = StreamGate(SCANNER)
    assert gate.feed("In 2024 we grew. ") == "In "
    assert gate.feed("a b " * LOOKAHEAD_CHARACTERS).startswith("2024 we grew. ")


def test_a_key_never_goes_out_and_cuts_the_stream() -> None:
    gate = StreamGate(SCANNER)
    released = gate.feed(f"Sure, use {KEY[:70]}")
    assert gate.cut
    released += gate.feed(KEY[70:] + " for now.") + gate.close()
    assert released == "Sure, use [OPENAI_KEY] for now."


def test_a_private_key_cuts_the_stream_at_its_header() -> None:
    gate = StreamGate(SCANNER)
    assert gate.feed("Here:\n" + PEM[: PEM.index("\n") + 9]) == "Here:\n"
    assert gate.cut


def test_the_hold_is_bounded() -> None:
    gate = StreamGate(SCANNER)
    run = "ab" * 40_000
    released = sum(len(gate.feed(run[at : at + 500])) for at in range(0, len(run), 500))
    assert len(run) - released <= 5_000


def _chunks(text: str, rng: random.Random) -> list[str]:
    chunks, at = [], 0
    while at < len(text):
        size = rng.choice((1, 2, 3, 5, 8, 20, 90))
        chunks.append(text[at : at + size])
        at += size
    return chunks


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 100_000))
def test_chunking_changes_neither_the_findings_nor_what_goes_out(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - drawn by hypothesis
    documents = corpus_secrets.positives(rng, 44) + corpus_secrets.negatives(rng, 20)
    text = "\n\n".join(one.text for one in rng.choices(documents, k=3))
    whole = SCANNER.scan(text)
    released, gate = _run(_chunks(text, rng))
    assert [(one.start, one.end) for one in gate.findings] == [(o.start, o.end) for o in whole]
    assert released == redact(text, whole)
    assert gate.cut == bool(whole)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=600), st.integers(0, 1000))
def test_any_text_comes_out_as_the_whole_scan_would_leave_it(text: str, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - drawn by hypothesis
    released, _ = _run(_chunks(text, rng))
    assert released == redact(text, SCANNER.scan(text))
