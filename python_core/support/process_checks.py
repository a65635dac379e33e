"""What the doctor finds about processes and ports: whether the hub runs, who keeps it running, who holds its ports."""

from __future__ import annotations

import socket
from pathlib import Path

from python_core.config import BRIDGE, BridgeSettings, WebListenerSettings
from python_core.errors import SettingsInvalid
from python_core.store.schema import DATABASE_NAME
from python_core.support.machine import Machine, load_seen
from python_core.support.store_files import Finding
from python_core.support.supervising import read_supervision, told_end
from python_core.utils.file_lock import FileLock
from python_core.utils.port_holder import holder_of
from python_core.utils.processes import CLOCK_SLACK_S, find_process, still_runs

CONNECT_S = 0.5


def check_process(machine: Machine) -> Finding:
    """Whether the hub runs, was killed, or runs and does not say where."""
    facts = machine.facts()
    if facts is not None and still_runs(facts):
        return Finding("process", "ok", f"runs (pid {facts['pid']}) since {facts['startedAt']}")
    if _is_held(machine.paths.runtime() / "hub.lock"):
        advice = "Wait a moment; if it stays so, end that process and start the hub: smrthub serve"
        return Finding("process", "failed", "a hub runs and does not say where", "hub_silent", advice)
    if facts is not None:
        advice = "Nothing acknowledged is lost. Start it again: smrthub serve. Its last words: smrthub logs"
        return Finding("process", "warning", "the hub ended without ending in order", "hub_killed", advice)
    return Finding("process", "skipped", "the hub does not run", "not_running", "Start it: smrthub serve")


def check_supervisor(machine: Machine) -> Finding:
    """A supervisor that has given up starts nothing any more."""
    found = read_supervision(machine.paths)
    if found is None:
        return Finding("supervisor", "ok", "none")
    if found.state in ("gave_up", "failed"):
        how = "" if found.last_code is None else f"; the hub ended {told_end(found.last_code)}"
        advice = "Mend what smrthub logs --level error tells, then: smrthub serve --supervised"
        return Finding("supervisor", "failed", f"gave up{how}", "supervisor_gave_up", advice)
    if found.state == "pausing":
        return Finding("supervisor", "warning", "waits before the next start", "supervisor_waits", "smrthub status")
    if find_process(found.pid, found.started_at, CLOCK_SLACK_S) is None:
        advice = "Start it again, if it shall keep the hub running: smrthub serve --supervised"
        return Finding("supervisor", "warning", "is gone without a word", "supervisor_gone", advice)
    return Finding("supervisor", "ok", f"at work, {found.restarts} starts after an end")


def check_instances(machine: Machine) -> Finding:
    """One hub serves one store; a second is told by its ports."""
    found = machine.instances(machine.paths.stored() / DATABASE_NAME)
    if len(found) > 1:
        told = "; ".join(f"pid {each.pids[0]} on {', '.join(map(str, each.ports))}" for each in found)
        advice = "End the one that you did not mean to start. Both work on one store, and share it well."
        return Finding("instances", "warning", f"{len(found)} serve this store: {told}", "second_instance", advice)
    return Finding("instances", "ok", "one" if found else "none")


def check_port(machine: Machine, name: str) -> Finding:
    """The configured port is the hub's, or free."""
    check = f"{name} port"
    try:
        loaded = load_seen(machine, name)
    except SettingsInvalid:
        return Finding(check, "skipped", "not known: see its settings", "settings_invalid", "smrthub config check")
    settings = (
        (BridgeSettings() if name == BRIDGE.name else WebListenerSettings()) if loaded is None else loaded.settings
    )
    facts = machine.facts(name)
    has_it = facts is not None and still_runs(facts)
    if facts is not None and has_it and settings.port in (0, facts["port"]):
        return Finding(check, "ok", f"the hub's, {facts['port']}")
    if settings.port == 0:
        return Finding(check, "ok", "any free one")
    if not _answers(settings.host, settings.port):
        return Finding(check, "ok", f"{settings.port} is free")
    detail = f"{holder_of(settings.port)} holds {settings.port}"
    if facts is not None and has_it:
        detail += f"; the hub took {facts['port']}"
    advice = "End that program, or set another port: smrthub config path"
    return Finding(check, "warning" if settings.port_fallback else "failed", detail, "port_taken", advice)


def _is_held(path: Path) -> bool:
    """Say whether a process holds a lock; the file is not made for it."""
    if not path.is_file():
        return False
    lock = FileLock(path)
    if not lock.try_acquire():
        return True
    lock.release()
    return False


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except OSError:
        return False
    return True
