"""Every refusal and failure in the contract's one shape."""

from __future__ import annotations

from typing import Any

import msgspec

from python_core.errors import Busy, Detail, HubError
from python_core.runtime.confirmation import ConfirmationRequired

#: Each error code of the contract with its HTTP status; the documentation lists the same.
STATUS_OF_CODE: dict[str, int] = {
    "bad_input": 400,
    "authorization_pending": 400,
    "slow_down": 400,
    "expired_token": 400,
    "unauthorized": 401,
    "forbidden_origin": 403,
    "forbidden_user": 403,
    "insufficient_scope": 403,
    "confirmation_required": 403,
    "access_denied": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "gone": 410,
    "precondition_failed": 412,
    "too_large": 413,
    "unsupported_media_type": 415,
    "misdirected": 421,
    "rate_limited": 429,
    "internal": 500,
    "busy": 503,
    "storage_full": 507,
}
#: Findings without a status of their own whose text says what the user can do.
_TOLD_AS_INTERNAL = frozenset({"store_unusable"})
#: The key in environ for what the host found wrong with a request, a ``HubError``, where there is no request to look at.
FINDING = "smrthub.finding"
_REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    421: "Misdirected Request",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}


class Refusal(HubError):
    """The gate turned a request away."""

    def __init__(self, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # one class for the gate's codes
        self.headers = headers or {}


def shaped(fault: BaseException, trace_id: str) -> tuple[int, bytes, dict[str, str]]:
    """Return status, JSON body and extra headers for a fault; what is no finding of ours is ``internal``, without detail."""
    code, message = "internal", "Something broke inside the hub; the log says what, under this trace id."
    details: tuple[Detail, ...] = ()
    if isinstance(fault, HubError) and fault.code in STATUS_OF_CODE and fault.code != "internal":
        code, message, details = fault.code, fault.message, fault.details
    elif isinstance(fault, HubError) and fault.code in _TOLD_AS_INTERNAL:
        message = fault.message
    error: dict[str, Any] = {"code": code, "message": message}
    if details:
        error["details"] = [{"at": detail.at, "message": detail.message} for detail in details]
    if isinstance(fault, ConfirmationRequired) and fault.confirmation_id:
        error["confirmationId"] = fault.confirmation_id
    headers = dict(fault.headers) if isinstance(fault, Refusal) else {}
    if isinstance(fault, Busy):
        headers["Retry-After"] = str(fault.retry_after_s)
    body = msgspec.json.encode({"status": "error", "error": error, "traceId": trace_id})
    return STATUS_OF_CODE[code], body, headers


def status_line(status: int) -> str:
    """Return ``404 Not Found`` for 404."""
    return f"{status} {_REASONS[status]}"
