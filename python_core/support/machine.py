"""The machine as the doctor sees it: the user's folders, the environment, the clock, the processes, the settings in force."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from python_core.config import BRIDGE, WEB_LISTENER, BridgeSettings, Loaded, WebListenerSettings, load_section
from python_core.errors import SettingsInvalid
from python_core.support.processes import Instance, list_instances
from python_core.utils.atomic_json import read_json
from python_core.utils.config_path_resolver import Paths
from python_core.utils.timestamps import now_ms


@dataclass(frozen=True)
class Machine:
    """Where the doctor looks; the clock, the processes and the holder of a port are asked by these functions."""

    paths: Paths
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    now: Callable[[], int] = now_ms
    instances: Callable[[Path], list[Instance]] = list_instances
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free

    def facts(self, service: str = "bridge") -> dict[str, Any] | None:
        """Return what a server's runtime file tells, whether its process lives or not."""
        try:
            found = read_json(self.paths.runtime() / f"{service}.json")
        except (OSError, SettingsInvalid):
            return None
        return found if isinstance(found, dict) else None


def load_seen(machine: Machine, name: str) -> Loaded[BridgeSettings] | Loaded[WebListenerSettings] | None:
    """Load a section's settings, or None where it has no file: none is made by looking.

    :raises SettingsInvalid: they cannot be taken.
    """
    section = BRIDGE if name == BRIDGE.name else WEB_LISTENER
    if not (machine.paths.config() / section.file_name).exists():
        return None
    if section is BRIDGE:
        return load_section(BRIDGE, machine.paths, machine.environ)
    return load_section(WEB_LISTENER, machine.paths, machine.environ)
