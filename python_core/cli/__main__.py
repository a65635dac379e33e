"""``python -m python_core.cli`` is ``smrthub``, for a service that knows its Python rather than its scripts."""

from __future__ import annotations

import sys

from python_core.cli import main

if __name__ == "__main__":
    sys.exit(main(prog_name="smrthub"))
