"""A reader of the hub's event streams that keeps no more than a browser would."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, NamedTuple

#: Whatever has to come comes within this.
PATIENCE_S = 60.0


class Event(NamedTuple):
    """What a reader is given: the place, the name, and the data read as JSON."""

    id: int
    name: str
    data: Any


class Stream:
    """One ``GET /events`` as Server-Sent Events; for one thread."""

    def __init__(
        self, url: str, token: str, query: str = "", last_event_id: int | None = None, timeout_s: float = PATIENCE_S
    ) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout_s)
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {token}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self._connection.request("GET", f"/events{query and '?'}{query}", headers=headers)
        self.reply = self._connection.getresponse()
        self.status = self.reply.status
        self.last_event_id = last_event_id
        #: Comments since the last event.
        self.comments: list[str] = []
        if self.status == 200:
            assert self.reply.headers.get_content_type() == "text/event-stream"

    def next(self) -> Event | None:
        """Return the next event; None when the stream has ended; fail when neither comes."""
        self.comments = []
        end = time.monotonic() + PATIENCE_S
        while (block := self.block()) is not None:
            assert time.monotonic() < end, "neither an event nor the end"
            if "data" in block:
                return Event(int(block["id"]), block["event"], json.loads(block["data"]))
        return None

    def block(self) -> dict[str, str] | None:
        """Read as far as the next empty line and keep the place; None at the end."""
        fields: dict[str, str] = {}
        try:
            while line := self.reply.readline():
                text = line.decode().rstrip("\n")
                if not text:
                    if "id" in fields:
                        self.last_event_id = int(fields["id"])
                    return fields
                name, _, value = text.partition(": ")
                if name:
                    fields[name] = value
                else:
                    self.comments.append(value)
        except (http.client.HTTPException, ConnectionError):
            return None
        return None

    def opened(self) -> Stream:
        """Read where it begins: from then on nothing is missed."""
        assert self.block() is not None
        return self

    def close(self) -> None:
        self.reply.close()
        self._connection.close()
