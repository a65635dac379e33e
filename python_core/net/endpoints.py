"""How a route is declared: once, with its method, path, who may call, what it takes and what it answers.

The gate, Flask's routing and the OpenAPI document are all made from these declarations, and the gate lets nothing through
to Flask that is not declared: there is no other way to add a route.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from python_core.errors import BadInput
from python_core.net.deprecation import Deprecated
from python_core.runtime.clients import client_of
from python_core.runtime.followers import Reader
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.ledger import note_reads

#: Who may call, by the Origin and Fetch-Metadata that a browser sends (docs/security.md, "Who may call"):
#: ``open``: programs, our own page, any extension; ``extension``: programs, the extension whose token it is;
#: ``pairing``: programs, and any extension while the user has the pairing window open;
#: ``api``: programs, our own page; ``page``: these, and a person following a link to it.
Access = Literal["open", "extension", "pairing", "api", "page"]

#: The key in environ for a function that tells how many bytes of the answer wait for their reader, where the host knows.
UNREAD_BYTES = "smrthub.unread_bytes"


class Call(msgspec.Struct, frozen=True):
    """One request that passed the gate. ``caller`` without scopes is one who showed no token."""

    hub: Hub
    caller: Caller
    environ: dict[str, Any]

    def header(self, name: str) -> str | None:
        """Return a request header by its name, such as ``If-Match``."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))

    def note_reads(self, *items: str) -> None:
        """Tell the ledger which captured items this caller gets to see."""
        note_reads(self.hub, self.caller.client, items)

    def reader(self) -> Reader:
        """Return what can be known of the client while it is answered; a host that is not ours does not tell all of it."""
        has_gone = self.environ.get("waitress.client_disconnected", lambda: False)
        _, _, token = (self.header("Authorization") or "").partition(" ")
        return Reader(
            is_there=lambda: not has_gone(),
            is_admitted=lambda: client_of(self.hub, token) is not None,
            unread_bytes=self.environ.get(UNREAD_BYTES, lambda: 0),
        )

    def key(self) -> str | None:
        """Return the caller's ``Idempotency-Key``.

        :raises BadInput: it is empty or longer than 200 characters.
        """
        key = self.header("Idempotency-Key")
        if key is not None and not 1 <= len(key) <= 200:
            raise BadInput("Idempotency-Key must have 1 to 200 characters.")
        return key


class Reply(msgspec.Struct, frozen=True):
    """What a handler answers: a view (a struct), sent as JSON with ``"status": "ok"``, or None for an empty body."""

    view: Any
    status: int = 200
    headers: dict[str, str] = {}


class RawReply(msgspec.Struct, frozen=True):
    """An answer that is no JSON of ours."""

    content: bytes
    mime: str
    headers: dict[str, str] = {}


@dataclass(frozen=True)
class StreamReply:
    """An answer without an end of its own; ``release`` is called once, when it is over, however it ends."""

    chunks: Iterator[bytes]
    mime: str
    release: Callable[[], None]


Handler = Callable[..., Reply | RawReply | StreamReply]


@dataclass(frozen=True)
class OneOf:
    """A body of one of two shapes: the second when the member ``key`` is there."""

    usual: type
    other: type
    key: str


@dataclass(frozen=True)
class Endpoint:
    """One method of one path.

    :param scope: what the token must allow; None with ``anonymous`` only.
    :param anonymous: a caller without a token is let in too.
    :param body_limit: the name of the setting that bounds the body, or bytes.
    :param replies: the struct of each success status (None: an empty or raw body).
    :param side_effect: a client that can read captured text needs the user's confirmation.
    :param asks_owner: the owner, too, has to confirm it, each time.
    :param same_user: ``admitSameUserPrograms`` lets this user's own programs call it without a token.
    :param codes: error codes beside those that every route can answer.
    :param produces: the media types of a ``RawReply``.
    :param hot: asked for all the time: answered before Flask, unless a browser asks. Its path has no parts.
    :param lane: it is so quick that it shares a thread with others of its kind, in our own host (``net/lanes.py``).
    :param deprecated: it is to go one day: it works as before, and says so in its answers and in the document.
    :param streams: the media type of a ``StreamReply``, which callers get instead who ask for it.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    scope: str | None
    anonymous: bool = False
    body: type | OneOf | None = None
    body_limit: str | int = 65_536
    query: type[msgspec.Struct] | None = None
    replies: dict[int, type | None] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    setting: str | None = None
    side_effect: bool = False
    asks_owner: bool = False
    same_user: bool = False
    hot: bool = False
    lane: Literal["reads", "writes"] | None = None
    produces: tuple[str, ...] = ("*/*",)
    streams: str | None = None
    deprecated: Deprecated | None = None

    @property
    def name(self) -> str:
        """The handler's name, such as ``post_clipboard``: unique among all routes."""
        return self.handler.__name__


class Routes:
    """The declarations of one subject."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.endpoints: list[Endpoint] = []

    def declare(
        self, method: str, path: str, *, access: Access = "api", scope: str | None = None, **more: Any
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated handler as ``method path``; the rest as in ``Endpoint``.

        :raises ValueError: it has neither a scope nor ``anonymous``.
        """

        def add(handler: Handler) -> Handler:
            if scope is None and not more.get("anonymous"):
                raise ValueError(f"{method} {path} says neither which scope it needs nor that anyone may call it")
            self.endpoints.append(Endpoint(method, path, handler, access, scope, **more))
            return handler

        return add


class RouteTable:
    """All declarations of one app, found by path: fixed paths at once, others by their patterns."""

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)
        self._fixed: dict[str, dict[str, Endpoint]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Endpoint]]] = []
        by_path: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        for path, methods in by_path.items():
            if "<" in path:
                self._patterns.append((_pattern_of(path), methods))
            else:
                self._fixed[path] = methods

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def methods_at(self, path: str) -> dict[str, Endpoint]:
        """Return the endpoints of a path by method; empty for a path that is not declared."""
        found = self._fixed.get(path)
        if found is not None:
            return found
        for pattern, methods in self._patterns:
            if pattern.fullmatch(path):
                return methods
        return {}


def _pattern_of(path: str) -> re.Pattern[str]:
    """Turn ``/clipboard/<clip_id>/fragments/<int:ordinal>`` into a pattern; a part is of ids' characters only."""
    text = re.sub(r"<int:\w+>", "[0-9]{1,9}", path)
    return re.compile(re.sub(r"<\w+>", "[A-Za-z0-9._-]{1,64}", text), re.ASCII)
