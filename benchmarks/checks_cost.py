"""Measures what a scan costs: clean chat, every pack, dense hits and hostile texts.

Run: PYTHONPATH=src python benchmarks/checks_cost.py [--secrets-only]
CPU time of the thread, so that a busy machine does not count. A text of twice the size must not
cost more than about twice: the last column is cost(40 KB) / cost(20 KB).
"""

from __future__ import annotations

import argparse
import statistics
import string
import time

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.pii import build_pii_pack
from alos.checks.secrets import secrets_pack

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
}


def thread_microseconds(scanner: Scanner, text: str, rounds: int) -> list[float]:
    """Return the sorted CPU times of `rounds` scans of `text`, in microseconds."""
    times = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        scanner.scan(text)
        times.append((time.thread_time_ns() - began) / 1000)
    return sorted(times)


def chats(size: int) -> list[str]:
    """Return clean chat texts of `size` characters, two in nine about a password or a token."""
    texts = []
    for at in range(len(SENTENCES)):
        order = SENTENCES[at:] + SENTENCES[:at] + NOUNS[at : at + 1]
        texts.append(("".join(order) * (size // 400 + 1))[:size])
    return texts


def _line(name: str, times: list[float]) -> None:
    median, late = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"{name:28} median {median:9.1f} us   p99 {late:9.1f} us   max {times[-1]:9.1f} us")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secrets-only", action="store_true")
    only = parser.parse_args().secrets_only
    scanner = build_scanner([secrets_pack()] if only else [secrets_pack(), build_pii_pack()])
    for size in (1_500, 20_000):
        times = sorted(t for text in chats(size) for t in thread_microseconds(scanner, text, 300))
        _line(f"clean chat, {size} characters", times)
    for name, unit in HOSTILE.items():
        costs = []
        for size in (1_500, 20_000, 40_000):
            text = (unit * (size // len(unit) + 1))[:size]
            costs.append(thread_microseconds(scanner, text, 5)[2])
        growth = costs[2] / costs[1]
        print(f"{name:28} 1.5 KB {costs[0]:9.1f}   20 KB {costs[1]:9.1f} us   x{growth:4.2f}")


if __name__ == "__main__":
    main()
