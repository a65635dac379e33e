"""The two apps are lazy, the same for everybody who asks, and start nothing: threads belong to hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ASK = """
import threading
from pathlib import Path
from python_core.net import bridge_server, web_listener, wsgi

home = Path(__import__("sys").argv[1])
assert not list(home.iterdir()), "importing made a file"
asked = []
threads = [threading.Thread(target=lambda: asked.append(bridge_server.app)) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len({id(app) for app in asked}) == 1, "built more than once"
assert wsgi.application is bridge_server.app
assert web_listener.app is web_listener.app is not bridge_server.app
left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
assert not left, f"threads run: {left}"
"""


def test_app_and_application_are_built_once_at_the_first_touch_and_start_no_thread(tmp_path: Path) -> None:
    places = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
    asked = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, **dict.fromkeys(places, str(tmp_path))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
