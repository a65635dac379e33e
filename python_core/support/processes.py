"""Which processes of this user serve a store."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Instance(NamedTuple):
    """A hub: the processes that share its ports, or that it has started to serve."""

    pids: list[int]
    ports: list[int]


def list_instances(database: Path, platform: str = sys.platform) -> list[Instance]:
    """Return the hubs that have a database open and listen; on Windows, where looking at open files may hang, none."""
    import psutil

    if platform == "win32":
        return []
    serving: list[tuple[list[int], int, set[int]]] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or database not in (Path(each.path) for each in process.open_files()):
                continue
            listening = [each for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
            if ports := {each.laddr.port for each in listening}:
                serving.append(([each.pid for each in process.parents()], process.pid, ports))
    found: list[Instance] = []
    for parents, pid, ports in sorted(serving, key=lambda each: len(each[0])):  # who has started another comes first
        same = next((each for each in found if ports.intersection(each.ports) or set(parents) & set(each.pids)), None)
        if same is None:
            found.append(Instance([pid], sorted(ports)))
        else:
            same.pids.append(pid)
            same.ports[:] = sorted(ports.union(same.ports))
    return found
