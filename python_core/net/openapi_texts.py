"""What the OpenAPI document says in words and the declarations do not: the codes' meanings, the classes, the headers."""

from __future__ import annotations

from typing import Any

#: One sentence on what this is, and what a reader must know before the first call.
ABOUT = (
    "The hub on your own machine that knows what was copied and from which page.",
    """\
**The first call.** Choose *Authorize* and paste a token, then *Try it out*. Yours is what `smrthub token show` prints: the member \
`token` of the file `SmrtHub/Runtime/python-net/bridge.json` under `%LOCALAPPDATA%` (`smrthub config path` names the folder \
where that is not set). It allows everything, and is new at each start of the hub. A program gets one of its own, with only the \
scopes it needs, from `POST /clients` or by pairing.

**Every reply** that is JSON has `"status": "ok"` or `"status": "error"`, and bears `X-SmrtHub-Service`: an answer without it \
comes from another program on this port. What `GET` answers, `HEAD` answers too, without the body. Times are RFC 3339 in \
UTC with milliseconds; ids of what is stored are UUIDv7; digests are `sha256:<hex>`. A list takes `limit` and `cursor` and \
answers `items` and `nextCursor`, which is null at its end.

**Every error** has one shape, with a `code` for programs and a `message` for people; 405 `method_not_allowed` (with `Allow`) \
is the answer to a method that a path does not have, whatever the path.""",
)

SERVERS: dict[str, dict[str, Any]] = {
    "bridge": {"url": "/", "description": "The bridge: where this document comes from."},
    "web-listener": {
        "url": "http://127.0.0.1:{port}",
        "description": "The web listener, for browser extensions. This page may not call it: other origins never can.",
        "variables": {"port": {"default": "5000", "description": "As its runtime file web-listener.json tells."}},
    },
}

BEARER: dict[str, str] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "shb_<id>_<secret>",
    "description": "The member `token` of the runtime file `bridge.json`, or a token from `POST /clients`.",
}

#: Who may call, by the class of the endpoint.
ACCESS: dict[str, str] = {
    "open": "For programs, the bridge's own page, and any browser extension.",
    "extension": "For the extension that the token is bound to, and for the owner's token without an Origin.",
    "pairing": "For programs, and for any browser extension while the pairing window is open.",
    "api": "For programs and the bridge's own page.",
    "page": "For programs, the bridge's own page, and whoever follows a link to it.",
}
SIDE_EFFECT = (
    " A client that can also read captured text is answered `confirmation_required` until the user has allowed the request, "
    "or the client for good: `POST /confirmations/{confirmation_id}`."
)
ASKS_OWNER = (
    " The first answer is `confirmation_required`: once it has been allowed, by `POST /confirmations/{confirmation_id}` or "
    "`smrthub confirm`, the same request is carried out, once."
)
SAME_USER = " While the setting `admitSameUserPrograms` is on, this user's own programs need no token."

#: When a code is answered; one for each of ``failures.STATUS_OF_CODE``.
CODE_MEANINGS: dict[str, str] = {
    "bad_input": "The request cannot be understood or breaks a stated rule; `details` point at the places.",
    "unauthorized": "There is no token, or it is not valid, or no longer.",
    "forbidden_origin": "A page or an extension calls that may not, or a token that belongs to another.",
    "forbidden_user": "Another user of this machine calls.",
    "insufficient_scope": "The token does not allow this.",
    "confirmation_required": "The user has to allow it first: then send the same request again.",
    "access_denied": "The user has not opened the pairing window, or has denied.",
    "authorization_pending": "The user has not answered yet: ask again after the interval.",
    "slow_down": "Asked again too soon: wait longer between two calls.",
    "expired_token": "The user did not answer in time: begin anew.",
    "not_found": "Nothing of that id is stored, or there is nothing at this path.",
    "method_not_allowed": "The path does not take this method; `Allow` lists those that it does.",
    "conflict": "The request contradicts what is stored.",
    "gone": "It was here and has been removed for good.",
    "precondition_failed": "`If-Match` names a revision that is no longer current.",
    "too_large": "The body is over its limit.",
    "unsupported_media_type": "The body is not `application/json` in UTF-8, or is encoded.",
    "misdirected": "The `Host` is none of the hub's names.",
    "rate_limited": "Too many requests: wait for `Retry-After` seconds.",
    "internal": "Something broke inside the hub; its log says what, under this trace id.",
    "busy": "Not possible at this moment: try again after `Retry-After` seconds.",
    "storage_full": "The disk, or a limit of the settings, has no room; nothing of the request was stored.",
}

PARAMETERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Your own key for this act: sent again, it answers with the first result and `duplicate` true.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "Last-Event-ID": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id to go on after, as a stream's reader sends it. It wins over `after`.",
        "schema": {"type": "string", "pattern": "^[0-9]{0,18}$"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` that was got: the change is made only while the window is at that revision.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` that was got: 304, without a body, while nothing has changed.",
        "schema": {"type": "string"},
    },
}
#: Which of them a handler reads.
READ_BY: dict[str, tuple[str, ...]] = {
    "post_clipboard": ("Idempotency-Key",),
    "get_hub_window": ("If-None-Match",),
    "patch_hub_window": ("If-Match",),
    "post_hub_window_command": ("Idempotency-Key",),
    "get_events": ("Last-Event-ID",),
    "post_trigger": ("Idempotency-Key",),
    "post_structured_output": ("Idempotency-Key",),
}


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"} | schema}


HEADERS: dict[str, dict[str, Any]] = {
    "X-SmrtHub-Service": _header("Which server of the hub answers.", enum=["bridge", "web-listener"])
    | {"required": True},
    "X-Trace-Id": _header("The request's trace: the caller's own, where it sent a valid `traceparent`.")
    | {"required": True},
    "ETag": _header("Stands for what is shown, and for the revision."),
    "WWW-Authenticate": _header("The kind of token: `Bearer`."),
    "Retry-After": _header("Seconds to wait.", type="integer"),
    "Content-Disposition": _header("`attachment`: no browser renders it."),
    "Location": _header("Where it is."),
    "Deprecation": _header("Since when the route is deprecated, as RFC 9745 writes it: `@` and seconds since 1970."),
    "Sunset": _header("From when on the route may be gone (RFC 8594)."),
}
#: Which of them an answer bears beside the first two: by the handler's name, or the error code, and the status.
TOLD_BY: dict[tuple[str, int], tuple[str, ...]] = {
    ("get_hub_window", 200): ("ETag",),
    ("get_hub_window", 304): ("ETag",),
    ("patch_hub_window", 200): ("ETag",),
    ("get_fragment", 200): ("Content-Disposition",),
    ("get_support_bundle_file", 200): ("Content-Disposition",),
    ("get_apidocs_redirect", 308): ("Location",),
    ("unauthorized", 401): ("WWW-Authenticate",),
    ("busy", 503): ("Retry-After",),
    ("rate_limited", 429): ("Retry-After",),
}
