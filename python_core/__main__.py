"""Start the whole hub: both servers, the save worker and the heartbeats, in one process."""

from __future__ import annotations

import sys

from python_core.net.running import run_host

if __name__ == "__main__":
    sys.exit(run_host(["bridge", "web-listener"], whole=True, supervised="--supervised" in sys.argv[1:]))
