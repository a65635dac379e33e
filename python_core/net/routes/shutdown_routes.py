"""``/_shutdown``: end the process, for tests; there only when the setting ``testHooks`` is on."""

from __future__ import annotations

import os
import signal

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime.shapes import Done

routes = Routes("Tests")


@routes.declare("POST", "/_shutdown", scope="admin", setting="test_hooks", replies={200: Done})
def post_shutdown(call: Call) -> Reply:  # noqa: ARG001  # the gate has seen who asks
    """End the process in order, as SIGTERM does."""
    from python_core.net.server_process import HOSTED_BY  # for a test alone: no start waits for it

    if os.name == "nt":
        signal.raise_signal(signal.SIGTERM)  # os.kill would end the process at once there
    else:  # raise_signal would not wake the main thread from this one
        os.kill(int(os.environ.get(HOSTED_BY, os.getpid())), signal.SIGTERM)
    return Reply(Done())
