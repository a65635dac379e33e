"""Which processes of this user serve a store."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Instance(NamedTuple):
    """A hub: the processes that share its ports."""

    pids: list[int]
    ports: list[int]


def list_instances(database: Path, platform: str = sys.platform) -> list[Instance]:
    """Return the hubs that have a database open and listen; on Windows, where looking at open files may hang, none."""
    import psutil

    if platform == "win32":
        return []
    found: list[Instance] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or database not in (Path(each.path) for each in process.open_files()):
                continue
            listening = [each for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
            ports = {each.laddr.port for each in listening}
            same = next((each for each in found if ports.intersection(each.ports)), None)
            if same is not None:
                same.pids.append(process.pid)
            elif ports:
                found.append(Instance([process.pid], sorted(ports)))
    return found
