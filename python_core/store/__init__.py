"""The truth: SQLite in WAL, durable writes by group commit, content-addressed blobs and the event log.

Only this package knows SQL and apsw. Its modules hold one subject's rows each; a function takes the connection of the
transaction it runs in, so that callers in ``runtime`` decide what belongs together.
"""

from __future__ import annotations

from python_core.store.connection import Connection
from python_core.store.database import Store, open_store

__all__ = ["Connection", "Store", "open_store"]
