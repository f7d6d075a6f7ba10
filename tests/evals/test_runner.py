"""The runner: bounded, patient where it helps, and stopped by the cap before it is exceeded."""

import threading
from collections import Counter

from alos.evals.runner import CallToMake, Reply, Runner, list_calls

CASES = [(f"case-{number}", b"{}", 2) for number in range(10)]


class Script:
    """Answers by a list per case; then with 200."""

    def __init__(self, **replies: list[Reply]) -> None:
        self.replies = {name.replace("_", "-"): given for name, given in replies.items()}
        self.sent: Counter[str] = Counter()
        self.most = self.now = 0
        self._lock = threading.Lock()

    def __call__(self, call: CallToMake) -> Reply:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.sent[call.case] += 1
            waiting = self.replies.get(call.case)
            reply = waiting.pop(0) if waiting else None
        try:
            if reply is not None:
                return reply
            return Reply(status=200, call_id=f"call_{call.case}_{call.number}", body=b"yes")
        finally:
            with self._lock:
                self.now -= 1


def run(script: Script, *, concurrency: int = 4) -> tuple[Runner, list[float], object]:
    slept: list[float] = []
    runner = Runner(script, concurrency=concurrency, sleep=slept.append)
    return runner, slept, runner.run(list_calls(CASES))


def test_every_case_comes_once_before_any_comes_again() -> None:
    calls = list(list_calls(CASES))
    assert [call.number for call in calls] == [0] * 10 + [1] * 10


def test_all_answers_are_kept_and_never_more_are_under_way_than_said() -> None:
    script = Script()
    _, slept, ran = run(script, concurrency=3)
    assert len(ran.answers) == 20  # type: ignore[attr-defined]
    assert script.most <= 3
    assert slept == []


def test_a_hint_is_waited_for_and_the_call_made_again() -> None:
    busy = Reply(status=429, retry_after_seconds=7)
    _, slept, ran = run(Script(case_1=[busy, busy]))
    assert slept == [7, 7]
    assert len(ran.answers) == 20  # type: ignore[attr-defined]


def test_a_call_that_never_comes_through_is_a_failure_and_not_the_end() -> None:
    _, _, ran = run(Script(case_1=[Reply(status=502)] * 8))
    assert ran.failed == 2  # type: ignore[attr-defined]
    assert len(ran.answers) == 18  # type: ignore[attr-defined]
    assert not ran.unreachable  # type: ignore[attr-defined]


def test_where_nothing_comes_through_waiting_ends_and_begins_again_with_an_answer() -> None:
    down = [Reply(status=503, retry_after_seconds=30.0)]
    dead = Script(**{f"case_{number}": down * 99 for number in range(10)})
    _, slept, ran = run(dead)
    assert sum(slept) == 30 * 4, "thirty seconds for each of four threads"
    assert ran.failed == 20
    assert not ran.unreachable

    back = Script(**{f"case_{number}": down * 2 for number in range(5)})
    _, slept, ran = run(back, concurrency=1)
    assert slept == [30] * 5, "one wait, then each once; and patience again after an answer"
    assert (len(ran.answers), ran.failed) == (15, 5)


def test_a_refusal_is_not_repeated() -> None:
    script = Script(case_1=[Reply(status=403)])
    _, _, ran = run(script)
    assert ran.refused == 1  # type: ignore[attr-defined]
    assert script.sent["case-1"] == 2


def test_the_cap_is_tried_once_more_alone_and_then_ends_the_run() -> None:
    over = Reply(status=402)
    script = Script(**{f"case_{number}": [over] * 9 for number in range(10)})
    _, _, ran = run(script)
    assert ran.over_cap  # type: ignore[attr-defined]
    assert sum(script.sent.values()) == 21  # twenty, and one more alone
    assert ran.answers == {}  # type: ignore[attr-defined]


def test_a_cap_that_only_others_reservations_reached_does_not_end_it() -> None:
    _, _, ran = run(Script(case_1=[Reply(status=402)]))
    assert not ran.over_cap  # type: ignore[attr-defined]
    assert len(ran.answers) == 20  # type: ignore[attr-defined]


def test_nobody_there_is_said() -> None:
    script = Script(**{f"case_{number}": [Reply(status=0)] * 99 for number in range(10)})
    _, _, ran = run(script)
    assert ran.unreachable  # type: ignore[attr-defined]
