"""Prints recall and false alarms of the injection phrases, on the tuned and on a held-out set."""

from __future__ import annotations

from alos.checks.catalogue import build_scanner
from alos.checks.injection import build_injection_pack
from tests.checks import injection_held_out
from tests.checks.test_injection_corpus import ATTACKS, NEAR_MISSES, alarms


def main() -> None:
    """Print both figures and the texts behind them."""
    scanner = build_scanner([build_injection_pack()])
    caught = alarms(scanner, ATTACKS)
    print(f"attacks flagged {len(caught)}/{len(ATTACKS)}")
    for text in set(ATTACKS) - set(caught):
        print("  missed:", text)
    false_alarms = alarms(scanner, NEAR_MISSES)
    print(f"near-misses flagged {len(false_alarms)}/{len(NEAR_MISSES)}", false_alarms)
    held_out = injection_held_out
    caught, false_alarms = (
        alarms(scanner, texts) for texts in (held_out.ATTACKS, held_out.HARMLESS)
    )
    print(f"held-out attacks flagged {len(caught)}/{len(held_out.ATTACKS)}")
    print(f"held-out harmless texts flagged {len(false_alarms)}/{len(held_out.HARMLESS)}")


if __name__ == "__main__":
    main()
