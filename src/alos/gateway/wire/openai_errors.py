"""The error shape of the OpenAI wire formats, and what their streams end with."""

from alos.domain.refusal import Refusal
from alos.gateway.wire.document import encode

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_SERVER_ERROR = 500


def write_error(refusal: Refusal, call_id: str, status: int) -> bytes:
    """``{"error": {message, type, param, code}}``, the code being our reason code."""
    type_ = _TYPES.get(status)
    if type_ is None:
        type_ = "server_error" if status >= _SERVER_ERROR else "invalid_request_error"
    return encode(
        {
            "error": {
                "message": f"{refusal.sentence} [{call_id}]",
                "type": type_,
                "param": None,
                "code": refusal.code.value,
            }
        }
    )
