"""The production entry: ``application`` is the bridge for any WSGI host; run as a script it is served by Waitress.

gunicorn -k gthread --threads 8 --graceful-timeout 5 python_core.net.wsgi:application
python python_core/net/wsgi.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    # A script's own folder stands first on sys.path: put the project's root there, whether it is installed or not.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

if TYPE_CHECKING:
    from flask import Flask

    application: Flask


def __getattr__(name: str) -> Any:
    """Build ``application`` when it is first asked for: importing the module reads and makes nothing."""
    if name == "application":
        from python_core.net import bridge_server

        return bridge_server.app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> int:
    """Serve the bridge alone until SIGTERM or Ctrl-C; return the exit code."""
    from python_core.net.running import run_host

    return run_host(["bridge"], whole=False)


if __name__ == "__main__":
    sys.exit(main())
