"""What a connection sends: the headers go together with what follows them, whatever the answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from typing import Any

import pytest
from waitress import wasyncore
from waitress.server import create_server

from python_core.net.connections import Channel

PATIENCE_S = 20
Parts = list[bytes]


class Recorded(Channel):
    """A connection that notes what it sends at once."""

    sent: Parts

    def send(self, data: bytes, *, do_close: bool = True) -> int:
        count: int = super().send(data, do_close=do_close)
        self.server.sent.append(bytes(data[:count]))
        return count


def answering(status: str, body: Iterable[bytes], *headers: tuple[str, str]) -> Callable[[Any, Any], Iterable[bytes]]:
    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response(status, list(headers))
        return body

    return app


@contextmanager
def serving(app: Any) -> Iterator[Any]:
    server = create_server(app, host="127.0.0.1", port=0, threads=1)
    server.channel_class, server.sent = Recorded, []
    try:
        yield server
    finally:
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=PATIENCE_S)
        wasyncore.close_all(server._map)


def sent_for(app: Any) -> Parts:
    with serving(app) as server, closing(socket.create_connection(server.socket.getsockname(), PATIENCE_S)) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        caller.settimeout(0)
        received = None
        while received != b"":
            wasyncore.loop(timeout=0.01, map=server._map, count=1)
            try:
                received = caller.recv(65_536)
            except BlockingIOError:
                received = None
        return list(server.sent)


def test_headers_and_body_are_sent_at_once() -> None:
    [sent] = sent_for(answering("200 OK", [b"the body"], ("Content-Length", "8")))
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"\r\n\r\nthe body")


@pytest.mark.parametrize(
    "app",
    [
        answering("204 No Content", []),
        answering("304 Not Modified", [b""]),
        answering("200 OK", [], ("Content-Length", "0")),
    ],
    ids=["204", "304", "empty"],
)
def test_headers_without_a_body_are_sent(app: Any) -> None:
    [sent] = sent_for(app)
    assert sent.startswith(b"HTTP/1.1 ")
    assert sent.endswith(b"\r\n\r\n")


def test_what_comes_in_parts_stays_in_order_and_whole() -> None:
    parts = sent_for(answering("200 OK", iter([b"one ", b"two ", b"three"]), ("Content-Length", "13")))
    assert parts[0].endswith(b"\r\n\r\none ")
    assert b"".join(parts).endswith(b"\r\n\r\none two three")


def test_parts_without_a_length_are_chunks() -> None:
    parts = sent_for(answering("200 OK", iter([b"one", b"two"])))
    assert parts[0].endswith(b"\r\n\r\n3\r\none\r\n")
    assert b"".join(parts).endswith(b"\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_a_file_comes_after_its_headers() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "8")])
        return environ["wsgi.file_wrapper"](BytesIO(b"the file"))

    assert b"".join(sent_for(app)).endswith(b"\r\n\r\nthe file")


def test_the_loop_lets_a_worker_end_what_it_is_sending() -> None:
    with serving(answering("200 OK", [])) as server, closing(socket.create_connection(server.socket.getsockname())):
        while not server.active_channels:
            wasyncore.loop(timeout=0.01, map=server._map, count=1)
        [channel] = server.active_channels.values()
        channel.sending_s, channel.total_outbufs_len = PATIENCE_S, 7
        begun = threading.Event()

        def send() -> None:
            with channel.outbuf_lock:
                begun.set()
                time.sleep(0.05)
                channel.total_outbufs_len = 0

        worker = threading.Thread(target=send)
        worker.start()
        begun.wait(PATIENCE_S)
        assert (channel.readable(), channel.writable()) == (True, False)
        worker.join(PATIENCE_S)
        channel.total_outbufs_len = 7
        assert (channel.readable(), channel.writable()) == (False, True)
        channel.total_outbufs_len = 0
