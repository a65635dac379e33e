"""``smrthub serve --supervised`` keeps the hub running; ``smrthub status`` tells what a supervisor does, or did last."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from python_core.cli.terminal import age, say
from python_core.errors import HubError, NotReachable

if TYPE_CHECKING:
    import psutil

    from python_core.support.supervising import Supervision

#: What a hub may take to end beyond its own promise, before it is killed.
MARGIN_S = 5
#: A clock may be set a little while a process starts; no more than that, since what is found may be ended.
START_SLACK_S = 2.0
SERVICE_FAILED = "It ended by a fault: see its logs, mend that, then start it again with smrthub service install."
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")


def supervise() -> int:
    """Keep the hub running until somebody asks for its end; return the exit code."""
    from python_core.config import load_or_seed_settings
    from python_core.support.supervising import Supervisor
    from python_core.utils.config_path_resolver import make_private, resolve_paths
    from python_core.utils.file_lock import FileLock

    paths = resolve_paths()
    grace_s = load_or_seed_settings(paths).bridge.shutdown_timeout_seconds + MARGIN_S
    lock = FileLock(make_private(paths.runtime()) / "supervisor.lock")
    if not lock.try_acquire():
        say("The hub is supervised already: smrthub status tells of it.")
        return 0
    try:
        # -P: a folder python_core in the working folder is not ours.
        command = [sys.executable, "-P", "-m", "python_core", "--supervised"]
        supervisor = Supervisor(command, paths, grace_s=grace_s, say=say, output=_output())
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has SIGHUP ignored
                signal.signal(number, lambda *_: supervisor.stop.set())
        return supervisor.run()
    finally:
        lock.release()


def tell_supervision() -> str | None:
    """Say what the supervisor does, or did before it ended; None where there is nothing to say."""
    from python_core.utils.config_path_resolver import resolve_paths

    if not (resolve_paths().runtime() / "supervisor.json").exists():  # the rest takes longer than most commands
        return None
    from python_core.support.supervising import EXIT_GAVE_UP, STORM_ENDS, STORM_S, read_supervision, told_end

    found = read_supervision(resolve_paths())
    if found is None:
        return None
    how = "" if found.last_code is None else told_end(found.last_code)
    when = f"{age(found.last_ended_at)} ago" if found.last_ended_at else ""
    if found.state == "gave_up":
        storm = f"{STORM_ENDS} times within {STORM_S / 60:.0f} minutes"
        return f"The supervisor gave up (exit code {EXIT_GAVE_UP}): the hub ended {storm}, last {how}, {when}."
    if found.state == "failed":
        return f"The supervisor ended {when}: the hub ended {how}, and another start would end alike."
    if process_of(found) is None:
        return f"Its supervisor (pid {found.pid}) is gone without a word."
    if found.state == "pausing":
        return f"The hub ended {how}, {when}; its supervisor (pid {found.pid}) starts it again."
    times = "once" if found.restarts == 1 else f"{found.restarts} times, last"
    restarted = f", started again {times} after it ended {how}, {when}" if found.restarts else ""
    return f"by pid {found.pid}{restarted}"


def with_supervision(finding: NotReachable) -> HubError:
    """Return the finding with how the hub ended, as far as its supervisor, its service or what it left behind tells."""
    told = tell_supervision() or _tell_failed_service() or _tell_killed()
    return finding if told is None else NotReachable(f"{finding.message.rstrip('.')}. {told} See smrthub logs.")


def _tell_failed_service() -> str | None:
    """Say that the service has failed; None where there is none, or it has not."""
    from python_core.support.service_files import file_of, plan_service
    from python_core.support.service_setup import service_state, this_machine
    from python_core.utils.config_path_resolver import resolve_paths

    with suppress(HubError):  # a system without services, or without its command
        plan = plan_service(this_machine(resolve_paths(), 0))
        if file_of(plan).is_file() and service_state(plan).failed:
            return f"It is a service of {plan.system} (logs: {plan.logs}). {SERVICE_FAILED}"
    return None


def _tell_killed() -> str | None:
    """Say so when the hub left its runtime file behind: it removes it when it ends in order."""
    from python_core.client import find_server
    from python_core.utils.processes import still_runs

    try:
        server = find_server()
    except HubError:
        return None
    if still_runs({"pid": server.pid, "startedAt": server.started_at}):
        return None
    return "It ended without ending in order: it was killed, or the power went. Nothing acknowledged is lost."


def process_of(found: Supervision) -> psutil.Process | None:
    """Return the supervisor's process, never a later one of the same number; None when it has ended."""
    from python_core.utils.processes import find_process

    return find_process(found.pid, found.started_at, START_SLACK_S)


def _output() -> int | None:
    """Return where the hub writes: where we do, or nowhere, as for a program without a console on Windows."""
    import subprocess

    return None if sys.stdout is not None else subprocess.DEVNULL
