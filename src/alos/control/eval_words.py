"""A verdict in words: what each cause means, and what to do about it."""

from alos.domain.evaluation import Cause, Verdict, Word

SENTENCES: dict[Cause, str] = {
    Cause.NO_CASES: "The golden set is empty.",
    Cause.TOO_FEW_CASES: "The set has fewer cases than the tier asks for.",
    Cause.MUST_PASS_FAILED: "A case that must pass failed.",
    Cause.MUST_PASS_WEAKENED: "A case that must pass was removed or weakened.",
    Cause.MUST_PASS_UNDECIDED: "A case that must pass could not be decided.",
    Cause.BELOW_THRESHOLD: "Fewer cases passed than the threshold asks for.",
    Cause.BELOW_FLOOR: "Fewer cases passed than the tier's floor; more cases would not help.",
    Cause.WORSE_THAN_LIVE: "It loses cases that the live release passes, beyond chance.",
    Cause.OVER_COST: "The run reached its cost cap, or would have.",
    Cause.OVER_LATENCY: "Answers take longer than the latency budget.",
    Cause.EXTRA_ANSWERS: "Cases were called oftener than planned; only the first calls count.",
    Cause.UNDECIDED_CASES: "Too many cases have no decision (errors, skips).",
    Cause.NOT_PROVEN: "The pass rate may be above the floor, but this many cases do not prove it.",
    Cause.NEVER_PROVABLE: "Not even a perfect score of so few cases would prove the floor.",
}


def explain(verdict: Verdict) -> tuple[str, ...]:
    """One sentence for each cause, and what would decide."""
    lines = [SENTENCES[cause] for cause in verdict.causes]
    if verdict.add_cases and verdict.word is Word.INCONCLUSIVE:
        lines.append(
            f"{verdict.add_cases} more cases would decide it, were they to pass at the same rate."
        )
    return tuple(lines)


def describe_limits(verdict: Verdict) -> str:
    """What the set can't tell, in one sentence."""
    failed = verdict.cases - verdict.passed
    return (
        f"{verdict.passed} of {verdict.cases} cases prove, at"
        f" {100 * (1 - verdict.rule.alpha):.2f} % confidence, a pass rate of at least"
        f" {verdict.lower_bound:.1%} on work like these cases, and nothing about other work;"
        f" a true rate between {verdict.lower_bound:.0%} and 100 % would look like this"
        f" ({failed} not passed)."
    )
