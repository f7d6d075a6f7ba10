"""The error shape of the Anthropic wire formats."""

from alos.domain.refusal import Refusal
from alos.gateway.wire.document import encode

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}
_SERVER_ERROR = 500


def write_error(refusal: Refusal, call_id: str, status: int) -> bytes:
    """``{"type": "error", "error": {type, message}}``; the message begins with our code."""
    type_ = _TYPES.get(status)
    if type_ is None:
        type_ = "api_error" if status >= _SERVER_ERROR else "invalid_request_error"
    message = f"{refusal.code.value}: {refusal.sentence} [{call_id}]"
    return encode(
        {
            "type": "error",
            "error": {"type": type_, "message": message},
            "request_id": call_id,
        }
    )
