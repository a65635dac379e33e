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
    if os.name == "nt":
        signal.raise_signal(signal.SIGTERM)  # os.kill would end the process at once there
    else:
        os.kill(os.getpid(), signal.SIGTERM)  # raise_signal would not wake the main thread from this one
    return Reply(Done())
