"""What the author's own graders say of a run's answers, handed in beside them."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from alos.cli.author_graders import AuthorGrader, Said, run_grader
from alos.cli.client import call_api
from alos.cli.eval_client import HANDED_IN_AT_A_TIME, Made
from alos.gateway.wire.formats import FORMATS

_MOST_GRADERS = 4
_NAMES = {"/v1/chat/completions": "openai-chat", "/v1/messages": "anthropic-messages"}


def hand_in_grades(
    plan: Mapping[str, Any], made: Made, files: Mapping[str, bytes] | None, *, concurrency: int
) -> None:
    """Have the author's own graders say what they say, and hand that in.

    Args:
        plan: which cases they take part in.
        made: the answers.
        files: of the base; ``None`` where none was named, so that no grader runs.
        concurrency: programs under way at a time, at most.
    """
    asked = [
        (call, grader)
        for call, case in made.cases.items()
        for grader in plan["author_graders"]
        if grader["case"] == case
    ]
    requests = {one["case"]: json.loads(one["body"]) for one in plan["calls"]}

    def grade(pair: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
        call, found = pair
        said = _grade(found, files, requests[found["case"]], plan, made.answers[call])
        return {
            "call": call,
            "criterion": found["criterion"],
            "holds": said.holds,
            "why": said.why,
        }

    with ThreadPoolExecutor(max_workers=min(concurrency, _MOST_GRADERS)) as pool:
        grades = list(pool.map(grade, asked))
    for first in range(0, len(grades), HANDED_IN_AT_A_TIME):
        part = grades[first : first + HANDED_IN_AT_A_TIME]
        path = f"/api/v1/eval-runs/{plan['run']}/answers"
        call_api("POST", path, {"answers": [], "grades": part})


def _grade(
    found: Mapping[str, Any],
    files: Mapping[str, bytes] | None,
    request: Mapping[str, Any],
    plan: Mapping[str, Any],
    answer: bytes,
) -> Said:
    if files is None:
        return Said(holds=None, why="it runs from a base branch only; name one with --base")
    try:
        view = FORMATS[_NAMES[plan["path"]]].read_answer(answer)
    except (KeyError, ValueError):
        return Said(holds=None, why="the answer can't be read")
    grader = AuthorGrader(
        case=found["case"],
        criterion=found["criterion"],
        file=found["file"],
        function=found["function"],
    )
    given = {
        "case": found["case"],
        "request": request,
        "answer": "\n".join(view.texts),
        "tool_calls": [{"name": name, "arguments": text} for name, text in view.tool_calls],
    }
    return run_grader(grader, files, given)
