"""The runtime files: where each server of this user is, and the owner's token; whoever can read one is the user."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from python_core import __version__
from python_core.errors import SettingsInvalid
from python_core.runtime.hub import Hub
from python_core.utils.atomic_json import read_json, write_json
from python_core.utils.config_path_resolver import Paths, check_private, make_private
from python_core.utils.processes import still_runs
from python_core.utils.timestamps import to_rfc3339


@dataclass(frozen=True)
class RuntimeFile:
    """The file of one server; ``token`` None leaves it out (a supervisor has it)."""

    paths: Paths
    service: str
    token: str | None

    @cached_property  # the hub looks every second whether it is there
    def path(self) -> Path:
        """Where it is."""
        return self.paths.runtime() / f"{self.service}.json"

    @property
    def socket_path(self) -> Path:
        """Where the server's Unix socket is, if it has one."""
        return self.path.with_suffix(".sock")

    def check(self) -> None:
        """Refuse a file that is a link, somebody else's or open to others: a token in it would not be the user's alone.

        :raises HubError: with what to do.
        """
        if os.path.lexists(self.path):
            check_private(self.path)

    def write(
        self, hub: Hub, url: str, host: str, port: int, *, socket: Path | None = None, always: bool = False
    ) -> None:
        """Write it, unless it tells of another process that still serves; ``always`` for the hub itself."""
        facts = None if always else self.read_current()
        if facts is not None and facts["pid"] != os.getpid():
            return
        make_private(self.path.parent)
        written: dict[str, object] = {
            "service": f"smrthub-{self.service}",
            "url": url,
            "host": host,
            "port": port,
            "pid": os.getpid(),
            "startedAt": to_rfc3339(hub.started_at_ms),
            "version": __version__,
            "instance": hub.identity.instance,
        }
        if socket is not None:
            written["socket"] = str(socket)
        if self.token is not None:
            written["token"] = self.token
        write_json(self.path, written, keep_bak=False)

    def read(self) -> dict[str, Any] | None:
        """Return what it says; None when there is none or it is damaged: it is written anew then."""
        with contextlib.suppress(OSError, SettingsInvalid):
            facts = read_json(self.path)
            return facts if isinstance(facts, dict) else None
        return None

    def read_current(self) -> dict[str, Any] | None:
        """Return what it says if the process that wrote it still runs, else None: a killed one leaves its file."""
        facts = self.read()
        return facts if facts is not None and still_runs(facts) else None

    def remove(self) -> None:
        """Remove it if it is this process's."""
        facts = self.read()
        if facts is not None and facts.get("pid") == os.getpid():
            self.path.unlink(missing_ok=True)
