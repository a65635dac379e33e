"""An HTTP server of the standard library's on loopback, for what stands in tests where the hub, or a page, would be."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        pass  # a client, or a browser, may leave in the middle of a reply


class Loopback:
    """Serves by a handler from a thread of its own, until ``stop``."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self._host = _Quiet(("127.0.0.1", port), handler)
        self.port: int = self._host.server_port
        self._thread = threading.Thread(target=self._host.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close the port; a second time does nothing."""
        if self._thread.is_alive():
            self._host.shutdown()
            self._host.server_close()
            self._thread.join()
