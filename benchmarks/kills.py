"""Kills a gateway under load again and again, and looks for answers without a record.

    PYTHONPATH=src python -m benchmarks.kills --kills 200

Twelve clients, plain and streaming, some that hang and some that trickle; `kill -9` after 0.2 to
1.2 s of that. Any answer without a record, any record twice, any call left open, a budget that is
not the sum of the records, or a ledger that does not verify ends it with an error.
"""

import argparse
import asyncio
import sys

from tests.e2e.gateway import run_gateway
from tests.e2e.organisation import QUESTIONS
from tests.e2e.test_killed_under_load import CHANGES, check_records, kill_often


def main() -> None:
    """Kill, check, and say what was checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    kills = parser.parse_args().kills

    def tell(number: int) -> None:
        if number % 10 == 0:
            print(f"{number} of {kills} kills", file=sys.stderr, flush=True)

    with run_gateway(changes=CHANGES) as gateway:
        key = gateway.create_key(QUESTIONS)
        load = asyncio.run(kill_often(gateway, key, kills, tell))
        assert gateway.stop() == 0
        check_records(gateway, load)
        records = len(gateway.read_journal().by_call)
    print(
        f"{kills} kills, {len(load.begun):,} calls begun, {len(load.answered):,} answered whole,"
        f" {records:,} records: none missing, none twice, the ledger verifies"
    )


if __name__ == "__main__":
    main()
