"""SmrtHub's Python core: the hub on a person's own machine that remembers, with its source, what they copy and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from python_core.net.hosting import start_flask_bridge, start_web_listener

__version__ = "0.1.0"
__all__ = ["__version__", "start_flask_bridge", "start_web_listener"]


def __getattr__(name: str) -> Any:
    """Find the two starters when they are first asked for: importing the package starts and loads nothing."""
    if name in ("start_flask_bridge", "start_web_listener"):
        from python_core.net import hosting

        return getattr(hosting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
