"""The door's one table: reason code → HTTP status.

401 identity · 402 money · 403 policy, vendor, stage, kill · 404/405 paths · 408/413/422 the
body · 429 rate, with Retry-After · 502/504 upstream · 503 a part of ours. SDKs try 408, 429 and
5xx again by themselves, so no policy refusal uses those.
"""

from collections.abc import Mapping

from alos.domain.refusal import ReasonCode

STATUS: Mapping[ReasonCode, int] = {
    ReasonCode.KEY_MISSING: 401,
    ReasonCode.KEY_UNKNOWN: 401,
    ReasonCode.KEY_REVOKED: 401,
    ReasonCode.KEY_EXPIRED: 401,
    ReasonCode.PRINCIPAL_INACTIVE: 401,
    ReasonCode.NOT_SIGNED_IN: 401,
    ReasonCode.SESSION_ENDED: 401,
    ReasonCode.TOKEN_BAD: 401,
    ReasonCode.ISSUER_UNKNOWN: 401,
    ReasonCode.PERSONAL_ACCOUNT: 403,
    ReasonCode.LOGIN_BAD: 403,
    ReasonCode.PERSON_UNKNOWN: 403,
    ReasonCode.ORIGIN_FOREIGN: 403,
    ReasonCode.NOT_PERMITTED: 403,
    ReasonCode.CHANGE_REFUSED: 409,
    ReasonCode.SIGN_ON_DOWN: 503,
    ReasonCode.ENDPOINT_UNKNOWN: 404,
    ReasonCode.METHOD_NOT_ALLOWED: 405,
    ReasonCode.BODY_TIMEOUT: 408,
    ReasonCode.BODY_TOO_LARGE: 413,
    ReasonCode.BODY_MALFORMED: 422,
    ReasonCode.FIELD_UNKNOWN: 422,
    ReasonCode.OUTPUT_LIMIT: 403,
    ReasonCode.IDEMPOTENCY_OTHER_REQUEST: 422,
    ReasonCode.IDEMPOTENCY_RUNNING: 409,
    ReasonCode.IDEMPOTENCY_NOT_KEPT: 422,
    ReasonCode.WORKFLOW_NOT_ON_KEY: 403,
    ReasonCode.WORKFLOW_NOT_REGISTERED: 403,
    ReasonCode.WORKFLOW_NO_OWNER: 403,
    ReasonCode.WORKFLOW_STOPPED: 403,
    ReasonCode.TOOL_STOPPED: 403,
    ReasonCode.NOT_RELEASED: 403,
    ReasonCode.RELEASE_UNKNOWN: 403,
    ReasonCode.PROMPT_NOT_RELEASED: 403,
    ReasonCode.DRAFT_NOT_ALLOWED: 403,
    ReasonCode.RUN_UNKNOWN: 403,
    ReasonCode.RUN_INPUT: 403,
    ReasonCode.MODEL_NOT_ALLOWED: 403,
    ReasonCode.MODEL_WIRE_FORMAT: 403,
    ReasonCode.VENDOR_NOT_APPROVED: 403,
    ReasonCode.VENDOR_APPROVAL_ENDED: 403,
    ReasonCode.REGION_NOT_ALLOWED: 403,
    ReasonCode.VENDOR_RETENTION: 403,
    ReasonCode.RETENTION_UNDECIDED: 403,
    ReasonCode.SECRET_FOUND: 403,
    ReasonCode.PII_FOUND: 403,
    ReasonCode.FORBIDDEN_INPUT: 403,
    ReasonCode.PART_OPAQUE: 403,
    ReasonCode.PART_HOSTED: 403,
    ReasonCode.ANSWER_BLOCKED: 403,
    ReasonCode.BUDGET_EXCEEDED: 402,
    ReasonCode.PRICE_UNKNOWN: 402,
    ReasonCode.RATE_LIMITED: 429,
    ReasonCode.UPSTREAM_FAILED: 502,
    ReasonCode.UPSTREAM_TIMEOUT: 504,
    ReasonCode.UPSTREAM_BUSY: 429,
    ReasonCode.VOTE_NOT_HUMAN: 403,
    ReasonCode.VOTER_INACTIVE: 403,
    ReasonCode.VOTE_OWN_BUNDLE: 403,
    ReasonCode.VOTE_ROLE_NOT_ASKED: 403,
    ReasonCode.VOTE_ROLE_NOT_HELD: 403,
    ReasonCode.VOTE_ROLE_TOO_NEW: 403,
    ReasonCode.VOTE_OTHER_DIGEST: 403,
    ReasonCode.VOTE_OTHER_POLICY: 403,
    ReasonCode.VOTE_OTHER_LANE: 403,
    ReasonCode.VOTE_NO_REASON: 403,
    ReasonCode.VOTE_NOT_PERSONAL: 403,
    ReasonCode.VOTE_SAME_PERSON: 403,
    ReasonCode.RELEASE_OVER: 409,
    ReasonCode.RELEASE_STAGE_SKIPPED: 409,
    ReasonCode.RELEASE_ANOTHER_ROLLING: 409,
    ReasonCode.RELEASE_BUNDLE_BLOCKED: 409,
    ReasonCode.RELEASE_TIER_TOO_LOW: 409,
    ReasonCode.RELEASE_EVAL_MISSING: 409,
    ReasonCode.RELEASE_EVAL_NOT_PASSED: 409,
    ReasonCode.RELEASE_EVAL_STALE: 409,
    ReasonCode.RELEASE_EVAL_NOT_CI: 409,
    ReasonCode.RELEASE_VOTES_MISSING: 409,
    ReasonCode.RELEASE_VOTED_AGAINST: 409,
    ReasonCode.RELEASE_DECISION_MISSING: 409,
    ReasonCode.RELEASE_DRILL_MISSING: 409,
    ReasonCode.RELEASE_DRILL_STALE: 409,
    ReasonCode.RELEASE_SANDBOX_MISSING: 409,
    ReasonCode.RELEASE_NO_ROLLBACK: 409,
    ReasonCode.RELEASE_WAIVER_ENDED: 409,
    ReasonCode.RELEASE_NOT_CONSULTED: 409,
    ReasonCode.RELEASE_SOAKING: 409,
    ReasonCode.RELEASE_HALTED: 409,
    ReasonCode.WAIVER_ENDED: 403,
    ReasonCode.WAIVER_UNKNOWN: 404,
    ReasonCode.WAIVER_OWN: 403,
    ReasonCode.WAIVER_TOO_LONG: 409,
    ReasonCode.WAIVER_RENEWED_TOO_OFTEN: 409,
    ReasonCode.NOT_IN_STAGE: 403,
    ReasonCode.UPSTREAM_FULL: 429,
    ReasonCode.UPSTREAM_PAUSED: 502,
    ReasonCode.JOURNAL_DOWN: 503,
    ReasonCode.VAULT_DOWN: 503,
    ReasonCode.COUNTERS_DOWN: 503,
    ReasonCode.SCANNER_DOWN: 503,
    ReasonCode.STANDING_STALE: 503,
    ReasonCode.CLOCK_BEHIND: 503,
    ReasonCode.OVERLOADED: 503,
    ReasonCode.FAULT: 503,
}

_RETRYABLE = frozenset({408, 409, 429, 502, 503, 504})


def get_status(code: ReasonCode) -> int:
    """The HTTP status of a refusal; a code without a row is a fault of ours."""
    return STATUS.get(code, 503)


def is_retryable(status: int) -> bool:
    """Whether sending the same call again can help."""
    return status in _RETRYABLE
