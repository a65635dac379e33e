"""``smrthub``: what a person does with the hub from a terminal, all of it through the hub's own API."""

from python_core.cli.entry import main

__all__ = ["main"]
