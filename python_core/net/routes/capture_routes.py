"""``/capture``: pause what is captured, and go on."""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime.capture import CaptureView, Pause, pause_capture, resume_capture

routes = Routes("Capture")


@routes.declare("POST", "/capture/pause", scope="admin", body=Pause, replies={200: CaptureView})
def post_capture_pause(call: Call, body: Pause) -> Reply:
    """Store nothing that is copied or browsed for ``seconds``, or until it is resumed; also over a restart.

    Meanwhile ``POST /clipboard`` and ``POST /tab-info`` answer ``"stored": false, "reason": "paused"``, and what was captured
    meanwhile is answered so later, too. A pause that is in force gets the new end. Event: ``capture_paused``.
    """
    return Reply(pause_capture(call.hub, call.caller, body))


@routes.declare("POST", "/capture/resume", scope="admin", replies={200: CaptureView})
def post_capture_resume(call: Call) -> Reply:
    """End the pause, if there is one. Event: ``capture_resumed``."""
    return Reply(resume_capture(call.hub, call.caller))
