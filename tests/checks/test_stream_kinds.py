"""The gate with every pack: what it releases is what `redact` would leave of the whole text."""

import random  # noqa: TID251 - seeded samples, not secrets
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.checks.base import Pack, ScannerFault, Sweep, Trigger
from alos.checks.catalogue import build_scanner
from alos.checks.packs import standard_packs
from alos.checks.redact import redact
from alos.checks.seams import scan_parts
from alos.checks.stream import StreamGate
from alos.domain.finding import Finding, FindingKind

sys.path.insert(0, str(Path(__file__).parent))
import corpus_secrets

from tests.checks.pii_corpus import make_corpus

SCANNER = build_scanner(standard_packs())
FLAGGED: frozenset[FindingKind] = frozenset({"pii", "forbidden", "injection"})
SECRETS = [one.text for one in corpus_secrets.positives(random.Random(1), 400)]  # noqa: S311
PERSONAL = [one.text for one in make_corpus(2, 400)]


def _run(text: str, rng: random.Random, shown: frozenset[FindingKind]) -> tuple[str, StreamGate]:
    gate = StreamGate(SCANNER, shown_kinds=shown)
    released, at = [], 0
    while at < len(text):
        size = rng.choice((1, 2, 3, 5, 8, 20, 90))
        released.append(gate.feed(text[at : at + size]))
        at += size
    return "".join(released) + gate.close(), gate


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([FLAGGED, frozenset()]))
def test_the_gate_and_redact_agree_whatever_is_shown(
    seed: int, shown: frozenset[FindingKind]
) -> None:
    rng = random.Random(seed)  # noqa: S311 - drawn by hypothesis
    text = "\n\n".join((rng.choice(PERSONAL), rng.choice(SECRETS), rng.choice(PERSONAL)))
    whole = SCANNER.scan(text)
    released, gate = _run(text, rng, shown)
    assert released == redact(text, [one for one in whole if one.kind not in shown])
    assert gate.cut == any(one.kind == "secret" for one in whole)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000))
def test_a_credential_never_goes_out_among_personal_data(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - drawn by hypothesis
    key = corpus_secrets.VENDORS["openai"][2](rng)
    text = f"{rng.choice(PERSONAL)}\nkey: {key}\n{rng.choice(PERSONAL)}"
    released, gate = _run(text, rng, FLAGGED)
    assert gate.cut
    assert key[8:40] not in released


def _find(text: str, start: int, end: int) -> Finding:
    del text
    return Finding(kind="secret", type="X", start=start, end=end, rule="secret/x", confidence=0.9)


FAULTS = (ValueError("the text: hunter2"), KeyError("x"), RecursionError(), MemoryError())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["find", "word", "walk", " "]), min_size=1, max_size=30),
    st.sampled_from(FAULTS),
    st.integers(0, 30),
    st.sampled_from(["", "walk"]),
)
def test_one_fault_in_any_rule_stops_the_scan(
    words: list[str], fault: Exception, after: int, walked: str
) -> None:
    calls = 0

    def fail(_text: str, _start: int, _end: int = 0) -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise fault

    def walk(text: str, start: int) -> list[Finding]:
        fail(text, start)
        return []

    triggers = [
        Trigger(rule="secret/x", expression="find", confirm=_find),
        Trigger(rule="secret/broken", expression="word", confirm=fail),
    ]
    sweeps = [Sweep(rule="pii/broken", expression="walk", sweep=walk, width=4)] if walked else []
    scanner = build_scanner([Pack(name="x", digest="", triggers=triggers, sweeps=sweeps)])
    text = " ".join(words)
    due = words.count("word") + (walked in words)
    if due > after:
        for scan in (scanner.scan, lambda text: scan_parts(scanner, [text, "and more"])):
            calls = 0
            with pytest.raises(ScannerFault) as raised:
                scan(text)
            assert "hunter2" not in str(raised.value)
            assert raised.value.__cause__ is None
        calls = 0
        gate = StreamGate(scanner)
        with pytest.raises(ScannerFault):
            gate.feed(text + " ")
    else:
        assert len(scanner.scan(text)) == words.count("find")
