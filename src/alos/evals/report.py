"""A result as text for a terminal, Markdown for a pull request, and JUnit XML for CI.

Excerpts were redacted where the result was made; here they are only shortened and escaped.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from alos.evals.drift import describe_drift

MARKS = {"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE"}
_MOST_SHOWN = 20
_ALIKE = 4
"""So many cases with the same reason are told in one line."""
_ESCAPES = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>\\`*_[]|~#!@"})
_ORDER = {"failed": 0, "error": 1, "skipped": 2, "passed": 3}
Result = Mapping[str, Any]


def write_text(result: Result) -> str:
    """A few lines for a terminal."""
    return "\n".join(_list_lines(result)) + "\n"


def _list_lines(result: Result) -> Iterator[str]:
    yield f"{MARKS[result['verdict']]}  {result['workflow']}  {result['digest']}"
    yield (
        f"{result['passed']} of {result['cases']} cases passed ({result['rate']:.1%}),"
        f" {result['failed']} failed, {result['errors']} without a decision,"
        f" {result['skipped']} not called"
    )
    yield describe_proof(result)
    yield from result["explanation"]
    yield (
        f"cost {result['cost_usd']} USD of {result['rule']['max_cost_usd']},"
        f" {describe_cost(result)}; p{100 * result['rule']['latency_quantile']:.0f}"
        f" {result['latency_seconds']:.2f} s of {result['rule']['latency_seconds']:g}"
    )
    yield from _describe_changes(result)
    if (drift := result.get("drift")) is not None:
        yield f"tonight: {drift['outcome']}, {describe_drift(drift)}"
    yield f"{result['run']} {describe_maker(result)}"
    worst, said = list_worst(result), Counter(map(get_why, list_worst(result)))
    alike = {why for why, count in said.items() if count >= _ALIKE}
    for why in alike:
        cases = [one for one in worst if get_why(one) == why]
        names = ", ".join(one["case"] for one in cases[:3])
        yield f"  {cases[0]['state']:8} {len(cases)} cases ({names}, …): {why}"
    rest = [one for one in worst if get_why(one) not in alike]
    for one in rest[:_MOST_SHOWN]:
        must = " (must pass)" if one["must_pass"] else ""
        yield f"  {one['state']:8} {one['case']}{must}: {get_why(one)}"
    if len(rest) > _MOST_SHOWN:
        yield f"  … and {len(rest) - _MOST_SHOWN} more; `--json-file` has them all"


def describe_proof(result: Result) -> str:
    """What the numbers prove, beside what they must."""
    rule = result["rule"]
    run = f"run {result['number']}, " if result["number"] else f"{result['purpose']} run, "
    return (
        f"{run}lower bound {result['lower_bound']:.3f} at level {rule['alpha']:.4g},"
        f" floor {rule['floor']:.2f} (Tier {rule['tier']}), threshold {rule['pass_rate']:.2f}"
    )


def describe_cost(result: Result) -> str:
    """Cost per success with its interval; never a zero where there was none."""
    per_success = result["cost_per_success_usd"]
    if per_success is None:
        return "no successes"
    low, high = result["cost_per_success_interval_usd"]
    return f"{per_success} USD per success (95 %: {low} to {high or 'no bound'})"


def _describe_changes(result: Result) -> Iterator[str]:
    for line in result["lowered"]:
        yield f"! a threshold was lowered and does not bind this run: {line}"
    for one in result["changes"]:
        if one["loses"]:
            must = " (must pass)" if one["must_pass"] else ""
            yield f"! case {one['case']}{must} {one['kind']}: {one['detail']}"
    if result["comparison"] is not None:
        found = result["comparison"]
        yield (
            f"beside the live release, on {found['shared']} shared cases:"
            f" {len(found['lost'])} lost, {len(found['gained'])} gained,"
            f" p = {found['p_value']:.3f}"
        )


def list_worst(result: Result) -> list[Mapping[str, Any]]:
    """Cases that did not pass: those that must first, then those lost against the live release."""
    lost = set((result["comparison"] or {}).get("lost", ()))
    found = [one for one in result["results"] if one["state"] != "passed"]
    return sorted(
        found,
        key=lambda one: (
            not one["must_pass"],
            one["case"] not in lost,
            _ORDER[one["state"]],
            one["case"],
        ),
    )


def get_why(case: Mapping[str, Any]) -> str:
    """Why a case did not pass, from its first try that did not."""
    bad = next((one for one in case["tries"] if one["state"] != "passed"), None)
    return "; ".join(bad["reasons"]) if bad is not None else ""


def write_markdown(result: Result, undecided: Sequence[str] = ()) -> str:
    """A comment for a pull request.

    Args:
        result: the run's.
        undecided: what the change's decision log lacks, which fails the gate whatever it says.
    """
    return "\n".join(_list_markdown(result, undecided)) + "\n"


def _list_markdown(result: Result, undecided: Sequence[str]) -> Iterator[str]:
    word = MARKS[result["verdict"]]
    if undecided:
        word = "FAIL" if word == "PASS" else word
        yield f"### {word}: `{result['workflow']}` (the decision log is not filled)"
        yield ""
        for line in undecided:
            yield f"- Decision log: {_escape(line)}"
    else:
        yield f"### {word}: `{result['workflow']}`"
    yield ""
    yield f"`{result['digest']}` · {describe_proof(result)}"
    yield ""
    yield "| passed | failed | no decision | not called | cost | per success |"
    yield "|---|---|---|---|---|---|"
    yield (
        f"| {result['passed']} of {result['cases']} | {result['failed']} | {result['errors']} |"
        f" {result['skipped']} | {result['cost_usd']} USD | {describe_cost(result)} |"
    )
    yield ""
    for line in (*result["explanation"], *_describe_changes(result)):
        yield f"- {_escape(line)}"
    worst = list_worst(result)
    if worst:
        yield ""
        yield "| case | was | now | why | answer |"
        yield "|---|---|---|---|---|"
    lost = set((result["comparison"] or {}).get("lost", ()))
    for one in worst[:_MOST_SHOWN]:
        before = "passed" if one["case"] in lost else ""
        excerpt = next((_escape(t["excerpt"][:160]) for t in one["tries"] if t["excerpt"]), "")
        must = " **must pass**" if one["must_pass"] else ""
        yield (
            f"| {one['case']}{must} | {before} | {one['state']} | {_escape(get_why(one))} |"
            f" {excerpt} |"
        )
    if len(worst) > _MOST_SHOWN:
        yield f"| … | | | {len(worst) - _MOST_SHOWN} more | |"
    yield from _list_gained(result)
    yield ""
    yield f"What this can't tell: {_escape(result['limits'])}"
    if result["author_supplied"]:
        names = ", ".join(result["author_supplied"])
        yield ""
        yield f"The author's own graders took part in, and nobody can recompute: {_escape(names)}."
    yield ""
    yield f"`{result['run']}` {_escape(describe_maker(result))}"


def describe_maker(result: Result) -> str:
    """Who made the run, and whether that was CI."""
    if result.get("identity"):
        return f"by {result['by']} in CI ({result['identity']})"
    return f"by {result['by']}, {'in CI' if result['is_ci'] else 'not in CI'}"


def _list_gained(result: Result) -> Iterator[str]:
    gained: Sequence[str] = (result["comparison"] or {}).get("gained", ())
    if gained:
        yield ""
        yield f"Gained against the live release: {', '.join(gained)}."


def _escape(text: str) -> str:
    """Plain text inside a Markdown table: no markup, no mention, no link becomes live."""
    plain = " ".join(text.split()).translate(_ESCAPES)
    return plain.replace("://", "&#58;//")


def write_junit(result: Result, undecided: Sequence[str] = ()) -> str:
    """JUnit XML: one test per case, one for the verdict, and one for a log that is not filled.

    Args:
        result: the run's.
        undecided: what the change's decision log lacks.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    errors = result["errors"] + result["skipped"]
    failures = result["failed"] + (result["verdict"] != "pass") + bool(undecided)
    tests = result["cases"] + 1 + bool(undecided)
    lines.append(
        f"<testsuite name={quoteattr('alos eval ' + result['workflow'])}"
        f' tests="{tests}" failures="{failures}" errors="{errors}" skipped="0">'
    )
    for one in result["results"]:
        seconds = sum(t["duration_ms"] for t in one["tries"]) / 1_000
        name = f"<testcase classname={quoteattr(result['workflow'])} name={quoteattr(one['case'])}"
        lines.append(f'{name} time="{seconds:.3f}">{_write_outcome(one)}</testcase>')
    verdict = "" if result["verdict"] == "pass" else _write_verdict(result)
    lines.append(
        f'<testcase classname={quoteattr(result["workflow"])} name="verdict">{verdict}</testcase>'
    )
    if undecided:
        message = quoteattr(_printable("; ".join(undecided)))
        lines.append(
            f'<testcase classname={quoteattr(result["workflow"])} name="decision log">'
            f"<failure message={message}/></testcase>"
        )
    lines.append("</testsuite>")
    return "\n".join(lines) + "\n"


def _write_outcome(case: Mapping[str, Any]) -> str:
    if case["state"] == "passed":
        return ""
    tag = "failure" if case["state"] == "failed" else "error"
    excerpt = next((one["excerpt"] for one in case["tries"] if one["excerpt"]), "")
    message = quoteattr(_printable(get_why(case)))
    return f"<{tag} message={message}>{escape(_printable(excerpt))}</{tag}>"


def _write_verdict(result: Result) -> str:
    message = _printable(f"{MARKS[result['verdict']]}: " + " ".join(result["explanation"]))
    return f"<failure message={quoteattr(message)}/>"


def _printable(text: str) -> str:
    """XML 1.0 knows no other control characters."""
    return "".join(character for character in text if character >= " " or character in "\t\n")
