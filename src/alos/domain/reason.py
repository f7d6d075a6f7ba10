"""The stable codes of every "no"; what each means stands in :mod:`alos.domain.wording`."""

from enum import StrEnum


class ReasonCode(StrEnum):
    """Stable codes; callers may match on them, so a code is never renamed or reused."""

    KEY_MISSING = "alos_key_missing"
    KEY_UNKNOWN = "alos_key_unknown"
    KEY_REVOKED = "alos_key_revoked"
    KEY_EXPIRED = "alos_key_expired"
    PRINCIPAL_INACTIVE = "alos_principal_inactive"

    NOT_SIGNED_IN = "alos_not_signed_in"
    SESSION_ENDED = "alos_session_ended"
    TOKEN_BAD = "alos_token_bad"  # noqa: S105 - a reason code
    ISSUER_UNKNOWN = "alos_issuer_unknown"
    PERSONAL_ACCOUNT = "alos_personal_account"
    LOGIN_BAD = "alos_login_bad"
    PERSON_UNKNOWN = "alos_person_unknown"
    ORIGIN_FOREIGN = "alos_origin_foreign"
    NOT_PERMITTED = "alos_not_permitted"
    SIGN_ON_DOWN = "alos_sign_on_down"

    ENDPOINT_UNKNOWN = "alos_endpoint_unknown"
    METHOD_NOT_ALLOWED = "alos_method_not_allowed"
    BODY_TIMEOUT = "alos_body_timeout"
    BODY_TOO_LARGE = "alos_body_too_large"
    BODY_MALFORMED = "alos_body_malformed"
    FIELD_UNKNOWN = "alos_field_unknown"
    OUTPUT_LIMIT = "alos_output_limit"

    WORKFLOW_NOT_ON_KEY = "alos_workflow_not_on_key"
    WORKFLOW_NOT_REGISTERED = "alos_workflow_not_registered"
    WORKFLOW_NO_OWNER = "alos_workflow_no_owner"
    WORKFLOW_STOPPED = "alos_workflow_stopped"
    NOT_RELEASED = "alos_not_released"
    RELEASE_UNKNOWN = "alos_release_unknown"

    MODEL_NOT_ALLOWED = "alos_model_not_allowed"
    MODEL_WIRE_FORMAT = "alos_model_wire_format"
    VENDOR_NOT_APPROVED = "alos_vendor_not_approved"
    VENDOR_APPROVAL_ENDED = "alos_vendor_approval_ended"

    SECRET_FOUND = "alos_secret_found"  # noqa: S105 - a reason code
    PII_FOUND = "alos_pii_found"
    FORBIDDEN_INPUT = "alos_forbidden_input"
    PART_OPAQUE = "alos_part_opaque"
    PART_HOSTED = "alos_part_hosted"
    ANSWER_BLOCKED = "alos_answer_blocked"

    BUDGET_EXCEEDED = "alos_budget_exceeded"
    PRICE_UNKNOWN = "alos_price_unknown"
    RATE_LIMITED = "alos_rate_limited"

    UPSTREAM_FAILED = "alos_upstream_failed"
    UPSTREAM_TIMEOUT = "alos_upstream_timeout"
    UPSTREAM_BUSY = "alos_upstream_busy"

    JOURNAL_DOWN = "alos_journal_down"
    COUNTERS_DOWN = "alos_counters_down"
    SCANNER_DOWN = "alos_scanner_down"
    STANDING_STALE = "alos_standing_stale"
    CLOCK_BEHIND = "alos_clock_behind"
    OVERLOADED = "alos_overloaded"
    FAULT = "alos_fault"
