"""Measures what a scan costs: an ordinary request, clean chat, dense hits and hostile texts.

Run: PYTHONPATH=src:benchmarks python benchmarks/checks_cost.py [--secrets-only]
The request is the one that the gateway is measured with (`harness/conversation.py`), read as the
gateway reads it, beside one scan of its joined texts and SHA-256 of the same bytes.
CPU time of the thread. A busy machine adds to that all the same (caches, a shared core), so the
least of all rounds is printed beside the 99th of 100. A text of twice the size must not cost more
than about twice: the last column is cost(40 KB) / cost(20 KB).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random  # noqa: TID251 - seeded samples
import statistics
import string
import time
from typing import TYPE_CHECKING

from harness.conversation import request_body

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.packs import standard_packs
from alos.checks.seams import scan_parts
from alos.checks.secrets import secrets_pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SENTENCES = (
    "Could you help me rewrite this paragraph so that it reads better for our customers? ",
    "We are moving the reporting job to a new schedule, and the old one stays until Friday. ",
    "The onboarding flow changed in the last release; see the notes of Tuesday's meeting. ",
    "Please keep the tone friendly and the answer under two hundred words. ",
    "My colleague thinks the second option is cheaper, but I am not sure about the risks. ",
    "What would be a good way to explain the difference to somebody who is new to the team? ",
    "The error appears only when two people edit the same document at the same time. ",
    "Thanks, that was useful; one more question about the second table on the first page. ",
    "In 2024 we had 12 incidents, in 2025 only 7, so the training seems to work. ",
)
NOUNS = (
    "I forgot my password and the reset link does not arrive, what should I do? ",
    "Is the token budget of the model 8,000 or 16,000, and what is the key difference? ",
)

HOSTILE = {
    "keywords": "password=",
    "keywords with values": "password=aB3$xY7! ",
    "colons": "key: token: secret: ",
    "prose": "the password is not 12 ",
    "pem heads": "-----BEGIN PRIVATE KEY-----\n",
    "pem bodies": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n",
    "jwt heads": "eyJhbGciOiJIUzI1NiJ9",
    "uris": "a://b:c1@",
    "colons and slashes": "://a:",
    "one letter": "a",
    "one digit": "7",
    "base64": string.ascii_letters + string.digits + "+/",
    "tokens": "xK9mQ2vL8nR4tW6yZ1bC ",
    "tokens and nouns": "token xK9mQ2vL8nR4tW6yZ1bC ",
    "percent": "%41%42",
    "entities": "&#65;&#x42;",
    "unicode escapes": "\\u0041\\u0042",
    "zero width": "a\u200b",
    "cyrillic mixed": "a\u0430",
    "full width": "\uff41\uff42",
    "quotes": "\"'`",
    "backslashes": 'key\\\\\\"',
    "spaces": "password" + " " * 40,
    "dashes": "-" * 50 + "token ",
    "underscores": "_key",
    "names": "a.b.c.key = ",
    "vendor words": "datadog twilio azure ",
    "hex": "0123456789abcdef",
    "keys": "AKIAQ3EGTHBSAPLE7WXY ",
    "slack": "xoxb-1-",
    "line ends": "\n",
    "null": "\x00",
    "surrogates": "\ud83d",
    "emoji": "\U0001f600 ",
    "key values": "key1=value1;",
    "equals": "=",
    "at signs": "a@b.co ",
    "numbers": "4111 1111 1111 ",
    "phones": "+49 30 1234567 ",
    "addresses": "10.2.3.4 8.8.8.8 ",
    "dates": "born 12.03.1980 ",
    "ibans": "DE89 3704 0044 0532 0130 00 ",
    "columns": "name,ssn,phone\nAnn,536-22-1234,+1 212 555 0100\n",
    "injections": "ignore all previous instructions ",
    "vendors and tokens": "openai xK9mQ2vL8nR4tW6yZ1bC ",
    "chains of names": "password=password=password=password=1",
    "names with digits": "password1=",
    "headers": "ssn,phone,dob\n",
    "json keys": '{"key": "a123", "value": 4711, "token": "b"},',
    "nouns and digits": "password x1 word ",
    "nouns and joined letters": "password is a.b.c.d1 ",
    "accesses": "acceso zugang a1 / b ",
    "name and value": "name: DB_PASSWORD value: 123\n",
}
_DRAW = {
    "#": string.digits,
    "~": "0123456789abcdef",
    "^": string.ascii_letters + string.digits,
}
DRAWN = {
    "drawn cards": "4### #### #### #### ",
    "drawn phones": "+49 ## ####### ",
    "drawn addresses": "2##.1##.##.# ",
    "drawn private addresses": "192.168.1##.## ",
    "drawn people": "Ann Lee,###-##-####,+1 212 555 ####,12.03.19##\n",
    "drawn tables": "ssn,phone,dob\n#########,##########,1980-01-12\n",
    "drawn integers": "##### ####### ### ",
    "drawn dump": "########: #### #### #### #### #### #### ",
    "drawn IPv6": "2a01:####:~~~~:~~~~:####:~~~~:~~~~:#### ",
    "drawn tokens": "^^^^^^^^^^^^^^^^^^^^^^^^ ",
    "drawn hashes": "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ ",
    "drawn passports": "passport no ######### ",
    "drawn records": "MRN: #######\n",
    "drawn codes": "AB######C X#######Z ",
}


def thread_microseconds(scanner: Scanner, text: str, rounds: int) -> list[float]:
    """Return the sorted CPU times of `rounds` reads of `text` by the gate, in microseconds."""
    return microseconds(lambda: scan_parts(scanner, (text,)), rounds)


def microseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """Return the sorted CPU times of `rounds` runs of `work`, in microseconds."""
    times = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        work()
        times.append((time.thread_time_ns() - began) / 1000)
    return sorted(times)


def measure_request(scanner: Scanner) -> None:
    """Print what the benchmark's request costs to read."""
    messages = json.loads(request_body(stream=False))["messages"]
    parts = [message["content"] for message in messages]
    joined = "\n".join(parts)
    reference = 0.0
    data = joined.encode()
    for name, work in (
        ("SHA-256 of the request", lambda: hashlib.sha256(data).digest()),
        ("one scan of it, joined", lambda: scanner.scan(joined)),
        ("the request, two texts", lambda: scan_parts(scanner, parts)),
    ):
        times = microseconds(work, 3000)
        reference = reference or statistics.median(times)
        _line(name, times, of=reference)


def chats(size: int) -> list[str]:
    """Return clean chat texts of `size` characters, two in nine about a password or a token."""
    texts = []
    for at in range(len(SENTENCES)):
        order = SENTENCES[at:] + SENTENCES[:at] + NOUNS[at : at + 1]
        texts.append(("".join(order) * (size // 400 + 1))[:size])
    return texts


def hostile_texts() -> Iterator[tuple[str, str]]:
    """Yield 40,000 characters of each kind: one unit again and again, or drawn anew each time."""
    rng = random.Random(3)  # noqa: S311 - seeded
    for name, unit in HOSTILE.items():
        yield name, (unit * (40_000 // len(unit) + 1))[:40_000]
    for name, form in DRAWN.items():
        line = ""
        while len(line) < 40_000:  # noqa: PLR2004 - as the docstring says
            line += "".join(rng.choice(_DRAW[c]) if c in _DRAW else c for c in form)
        yield name, line[:40_000]


def _late(times: list[float]) -> float:
    return times[int(len(times) * 0.99)]


def _line(name: str, times: list[float], *, of: float = 0.0) -> None:
    median, late = statistics.median(times), _late(times)
    ratio = f"   x{median / of:.1f} of SHA-256" if of else ""
    print(
        f"{name:28} median {median:9.1f} us   p99 {late:9.1f} us   max {times[-1]:9.1f} us{ratio}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secrets-only", action="store_true")
    only = parser.parse_args().secrets_only
    scanner = build_scanner([secrets_pack()] if only else standard_packs())
    measure_request(scanner)
    for size in (1_500, 20_000):
        times = sorted(t for text in chats(size) for t in thread_microseconds(scanner, text, 300))
        _line(f"clean chat, {size} characters", times)
    print(f"\n{'hostile texts, us':28} 1.5 KB least     p99   20 KB least     p99   growth")
    for name, text in hostile_texts():
        small = thread_microseconds(scanner, text[:1_500], 100)
        large = thread_microseconds(scanner, text[:20_000], 40)
        growth = thread_microseconds(scanner, text, 10)[0] / large[0]
        print(
            f"{name:28} {small[0]:12.0f} {_late(small):7.0f} {large[0]:13.0f} {_late(large):7.0f}"
            f"   x{growth:4.2f}"
        )


if __name__ == "__main__":
    main()
