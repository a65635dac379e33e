"""Run a host from a command until it is asked to end: what it tells the person, its signals and its exit codes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from python_core.errors import HubError, SettingsInvalid
from python_core.net.crashes import capture_crashes
from python_core.net.hosting import Host, make_host
from python_core.net.runtime_files import RuntimeFile
from python_core.net.system_notice import ALIVE, READY, STOPPING, tell_system
from python_core.utils.config_path_resolver import make_private, resolve_paths
from python_core.utils.file_lock import FileLock
from python_core.utils.logger import (
    capture_stdlib,
    flush_logs,
    get_logger_for,
    start_flusher,
    stop_flusher,
)

EXIT_OK, EXIT_FAILED, EXIT_BROKEN, EXIT_SETTINGS = 0, 1, 70, 78
#: Between two looks whether all parts are there, and how many in a row have to find the same: after a machine's sleep one may.
LOOK_S, LOOKS = 1.0, 3
#: How long a second start waits for the first one to say where it is, or to end.
FIRST_START_S = 20.0
TITLES = {"bridge": "Bridge", "web-listener": "Web listener"}
log = get_logger_for("python-net", __name__)


def run_host(services: list[str], *, whole: bool, supervised: bool = False) -> int:
    """Serve until SIGTERM, Ctrl-C or the terminal's end.

    Returns the exit code: 0 ended in order, 1 failed, 70 a part of it died, 78 settings.

    :param whole: the hub itself, of which one runs at a time: a second start says where the first is, and ends with 0.
    :param supervised: end in order, too, when standard input ends: it is a pipe of the supervisor's.
    """
    capture_crashes()
    try:
        paths = resolve_paths()
        lock = FileLock(make_private(paths.runtime()) / "hub.lock")
        running = _take_place(lock, RuntimeFile(paths, "bridge", None)) if whole else None
        if running is not None:
            _say(f"already running at {running['url']} (pid {running['pid']})")
            return EXIT_OK
        try:
            return _serve(services, lock, whole=whole, supervised=supervised)
        finally:
            lock.release()
    except SettingsInvalid as finding:
        return _fail(finding, EXIT_SETTINGS)
    except HubError as finding:
        return _fail(finding, EXIT_FAILED)


def _serve(services: list[str], lock: FileLock, *, whole: bool, supervised: bool) -> int:
    stop = threading.Event()
    _end_by_signals(stop)
    if supervised:
        threading.Thread(target=_await_end_of_input, args=(stop,), name="smrthub-supervised", daemon=True).start()
    host = make_host(whole=whole)
    capture_stdlib()
    capture_crashes()
    start_flusher()
    try:
        for service in services:
            host.add(service)
        host.start()
        _say_where(host)
        tell_system(READY)
        broken = _watch(host, stop, lock)
        tell_system(STOPPING)
        if broken is not None:
            return _end_broken(host, broken)
        _say("Ending…")
        host.stop()
    finally:
        stop_flusher()
        flush_logs()
    return EXIT_OK


def _end_by_signals(stop: threading.Event) -> None:
    numbers = [signal.SIGTERM, signal.SIGINT]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup has it ignored
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: stop.set())


def _watch(host: Host, stop: threading.Event, lock: FileLock) -> str | None:
    """Wait until somebody asks for the end; return before that, with its name, when a part has broken.

    Meanwhile the hub keeps its place: when its lock and its runtime files are removed, they are made anew.
    """
    found = 0
    while not stop.wait(LOOK_S if sys.platform != "win32" else 0.5):  # there a long wait hides Ctrl-C
        broken = host.broken_part()
        found = found + 1 if broken else 0
        if found >= LOOKS:
            return broken
        if not broken:
            if host.whole:  # a server alone has none
                _keep_lock(lock)
            host.keep_told()
            tell_system(ALIVE)
    return None


def _keep_lock(lock: FileLock) -> None:
    """Take the lock on a file that is there, at the next look if not now: by one that was removed no second start is kept
    from serving, too.
    """
    if not (lock.held and lock.path.exists()):
        lock.release()
        with contextlib.suppress(OSError, HubError):
            make_private(lock.path.parent)
            lock.try_acquire()


def _end_broken(host: Host, part: str) -> int:
    """End what is left in order, as far as that goes: a part that hangs would never be waited for to its end."""
    log.fatal("{module} has ended by itself: the hub ends", module=part)
    _say(f"A part of the hub has ended by itself ({part}): the hub ends. See smrthub logs.")
    ending = threading.Thread(target=host.stop, name="smrthub-ending", daemon=True)
    ending.start()
    ending.join(host.settings.bridge.shutdown_timeout_seconds + 1)
    return EXIT_BROKEN


def _await_end_of_input(stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            continue
    stop.set()


def _take_place(lock: FileLock, runtime_file: RuntimeFile) -> dict[str, Any] | None:
    """Take the lock that the one hub has, or return what that hub tells of itself; waits while it starts or ends."""
    end = time.monotonic() + FIRST_START_S
    while not lock.try_acquire():
        facts = runtime_file.read_current()
        if facts is not None and "url" in facts:
            return facts
        if time.monotonic() >= end:
            raise HubError(f"Another hub holds {lock.path} but does not say where it listens. Try again.")
        time.sleep(0.1)
    return None


def _say_where(host: Host) -> None:
    lines = ["SmrtHub is running."]
    for server in host.servers:
        lines.append(f"  {TITLES[server.service]:<14}{server.bound.url}")
        if server.unix:
            lines.append(f"  {'':<14}{server.unix.path}")
        if server.note:
            lines.append(f"  {'':<14}{server.note}")
        if server.bound.note:
            lines.append(f"  {'':<14}{server.bound.note}: set `port` in its settings to choose another.")
    lines += [
        *(f"  {'Open':<14}{server.bound.url}/apidocs/" for server in host.servers if server.service == "bridge"),
        f"  {'Settings':<14}{host.paths.config()}",
        f"  {'Logs':<14}{host.paths.logs()}",
        f"  {'Stored':<14}{host.paths.stored()}",
        *(f"  {'Command':<14}{command}" for command in [command_beside(Path(sys.executable))] if command),
        *(f"  Note: {warning}" for warning in host.settings.warnings),
        "End it with Ctrl-C.",
    ]
    _say("\n".join(lines))


def command_beside(python: Path) -> Path | None:
    """Return where the command ``smrthub`` lies, which is on no PATH after a start from a clone."""
    command = python.with_name("smrthub.exe" if python.suffix.lower() == ".exe" else "smrthub")
    return command if command.is_file() else None


def _fail(finding: HubError, code: int) -> int:
    sys.stderr.write(f"{finding.message}\n")
    return code


def _say(text: str) -> None:
    with contextlib.suppress(
        OSError, AttributeError
    ):  # a closed terminal must not end the hub; Windows may give it none
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
