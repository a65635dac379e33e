"""``smrthub serve`` and ``stop``: start the hub, and end it in order."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from python_core.cli.options import json_option
from python_core.cli.supervising import START_SLACK_S, process_of, supervise
from python_core.cli.terminal import note, say, say_json
from python_core.errors import HubError, NotReachable

if TYPE_CHECKING:
    import psutil

    from python_core.client import RunningServer

STEP_S = 0.1


@click.command()
@click.option("--supervised", is_flag=True, help="Start it again when it has died.")
def serve(supervised: bool) -> None:
    """Start the hub in this terminal; Ctrl-C ends it."""
    if supervised:
        sys.exit(supervise())
    # -P: a folder python_core in the working folder is not ours.
    command = [sys.executable, "-P", "-m", "python_core"]
    sys.stdout.flush()
    if sys.platform == "win32":
        import signal
        import subprocess

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the console sends Ctrl-C to the hub too: only outlive it
        sys.exit(subprocess.run(command, check=False).returncode)
    else:
        os.execv(command[0], command)  # noqa: S606  # the hub gets this process's place, and its signals


@click.command()
@click.option(
    "--timeout", type=click.IntRange(1, 600), default=30, show_default=True, help="Seconds to wait for its end."
)
@json_option
def stop(timeout: int, as_json: bool) -> None:
    """End the hub in order, and wait until it has ended.

    On Windows, which knows no orderly end for such a program, it ends at once; nothing stored is lost.
    """
    processes = list(find_processes())
    for process in processes:
        note(f"Ending the hub (pid {process.pid})…")
        _ask_to_end(process)
    slow = _wait(processes, timeout)
    if slow:
        pids = ", ".join(str(process.pid) for process in slow)
        raise HubError(f"The hub has not ended within {timeout} s (pid {pids}). Wait, or end that process.")
    if as_json:
        say_json({"ended": [process.pid for process in processes]})
    else:
        say("The hub has ended.")


def find_processes() -> dict[psutil.Process, None]:
    """Return the processes that serve this user's hub, each once; the servers have proven that they are its."""
    from python_core.client import HubClient, Service

    services: tuple[Service, ...] = ("bridge", "web-listener")
    found: dict[psutil.Process, None] = _supervisor()
    for service in services:
        try:
            with HubClient(service) as hub:
                hub.prove()
                found[_process_of(hub.server)] = None
        except NotReachable:
            continue
    if not found:
        raise NotReachable("No hub of yours is running.")
    return found


def _supervisor() -> dict[psutil.Process, None]:
    """Return the supervisor, which ends the hub itself, and would start another where that alone was ended."""
    from python_core.support.supervising import read_supervision
    from python_core.utils.config_path_resolver import resolve_paths

    told = read_supervision(resolve_paths())
    process = process_of(told) if told is not None and told.state in ("running", "pausing") else None
    return {process: None} if process is not None else {}


def _process_of(server: RunningServer) -> psutil.Process:
    """Return the process that wrote a runtime file, never a later one of the same number."""
    from python_core.utils.processes import find_process

    process = find_process(server.pid, server.started_at, START_SLACK_S)
    if process is None:
        raise HubError(f"The hub at {server.url} runs, but another process than it says: end it where you started it.")
    return process


def _wait(processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait for the end of all; return those that still run. A dot a second shows that it goes on."""
    end, dot_at = time.monotonic() + timeout_s, time.monotonic() + 1
    while True:
        left = [each for each in processes if not _has_ended(each)]
        if not left or time.monotonic() > end:
            return left
        if time.monotonic() > dot_at and sys.stderr.isatty():
            click.echo(".", nl=False, err=True)
            dot_at += 1
        time.sleep(STEP_S)


def _ask_to_end(process: psutil.Process) -> None:
    import psutil

    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied:
        raise HubError(
            f"The system does not let you end the hub (pid {process.pid}): end it as who started it."
        ) from None


def _has_ended(process: psutil.Process) -> bool:
    import psutil

    try:
        # What ended but was not waited for by its parent stays as a zombie.
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
