"""Calls of our own API: JSON in, JSON out, and what the hub finds wrong as exceptions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from python_core.client.connection import HubConnection
from python_core.client.findings import finding_of, object_of
from python_core.client.following import follow
from python_core.client.runtime_file import Service, find_server
from python_core.errors import BadInput, HubError

_PART = re.compile(r"[A-Za-z0-9._-]{1,64}")


class HubClient:
    """Calls one server of this user's running hub; use it in one thread at a time, with ``with``.

    :raises NotReachable: no hub of this user runs; also in every call.
    """

    def __init__(
        self, service: Service = "bridge", *, environ: Mapping[str, str] | None = None, timeout_s: float = 10.0
    ) -> None:
        self.server = find_server(service, environ)
        self._environ, self._timeout_s = environ, timeout_s
        self._connection = HubConnection(self.server, timeout_s)

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def prove(self) -> None:
        """Make sure that the hub itself answers, and not another program on its port."""
        self._connection.prove()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Call a route and return its JSON without ``status``.

        :param query: parameters; those that are None are left out.
        :raises HubError: what the hub found wrong, as the class that has its code.
        """
        answer = object_of(self.download(method, path, body, query=query, timeout_s=timeout_s))
        if answer.pop("status", None) != "ok":
            raise HubError("The hub answered in a way that this version does not understand.")
        return answer

    def download(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        timeout_s: float | None = None,
    ) -> bytes:
        """Call a route and return the bytes that it answers; the rest as in ``call``."""
        try:
            asked = urlencode({name: value for name, value in (query or {}).items() if value is not None})
            content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            raise BadInput("This is no text in UTF-8.") from None
        except ValueError:
            raise BadInput("JSON knows neither NaN nor infinity.") from None
        target = f"{path}?{asked}" if asked else path
        headers = {} if body is None else {"Content-Type": "application/json"}
        reply = self._connection.send(method, target, content, headers, timeout_s)
        if reply.status >= 300:
            raise finding_of(*reply)
        return reply.content

    def follow(
        self,
        *,
        after: int | None = None,
        kinds: str | None = None,
        when_lost: Callable[[HubError | None], None] = lambda _: None,
    ) -> Iterator[dict[str, Any]]:
        """Yield events as they happen, without an end, over restarts of the hub: it is looked for anew, and none is missed.

        Where events were missed all the same, since they are no longer kept, one of the kind ``reset`` says so.

        :param after: the id to go on after; None: from now on.
        :param kinds: only these, separated by commas.
        :param when_lost: called with what happened when the hub is lost, and with None when it is back.
        :raises HubError: the hub cannot be reached at first, or refuses.
        """

        def connect() -> HubConnection:
            return HubConnection(find_server(self.server.service, self._environ), self._timeout_s)

        return follow(connect, after, kinds, when_lost)


def path_of(*parts: str) -> str:
    """Join a path of parts that a person gave.

    :raises BadInput: one of them holds what no id and no name has.
    """
    if not all(_PART.fullmatch(part) for part in parts):
        raise BadInput("An id has letters, digits and hyphens only: copy it from a list.")
    return "/" + "/".join(parts)
