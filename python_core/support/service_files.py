"""What makes the hub a service of its user, on each system: the file, byte by byte, and the commands that take it in.

systemd supervises the hub itself (``Type=notify``); launchd and the Task Scheduler, which know neither readiness nor a growing
pause, run ``smrthub serve --supervised``. None of it is for root or for the whole machine: the hub is one user's.
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from xml.sax.saxutils import escape

from python_core.errors import HubError
from python_core.support.supervising import STORM_ENDS, STORM_S

UNIT, LABEL, TASK = "smrthub.service", "smrthub.hub", "SmrtHub"
#: These say where the user's folders are; a service does not get them from a terminal's environment.
FOLDER_VARIABLES = ("APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
_EXEC = 'exec "$0" "$@"'
_DESCRIPTION = "SmrtHub, the hub that remembers what you copy and read"
#: launchd and the Task Scheduler try again so long after the supervisor itself has ended by a failure.
_AGAIN_S = 600


@dataclass(frozen=True)
class Machine:
    """Where the service is to be: ``platform`` as ``sys.platform`` says, the user's home and id, the Python that has the hub.

    ``stop_s`` is what the hub may take to end; ``output`` a file for what it says on a system that keeps no journal.
    """

    platform: str
    home: PurePath
    python: PurePath
    output: PurePath
    environ: Mapping[str, str] = field(default_factory=dict)
    uid: int = 1000
    stop_s: int = 20


@dataclass(frozen=True)
class ServicePlan:
    """What is written where, and which commands take it in, take it out and look after it; ``logs`` shows what it says.

    ``runs`` and ``failed`` are patterns for a line of what ``look`` says: these commands end alike for a service that is
    known and one that runs.
    """

    system: str
    file: PurePath
    content: bytes
    install: list[list[str]]
    uninstall: list[list[str]]
    look: list[str]
    runs: str
    failed: str
    logs: str


def plan_service(machine: Machine) -> ServicePlan:
    """Return the plan for a machine.

    :raises HubError: its system has no services that are known here, or a path holds a line break.
    """
    if any(ord(letter) < 32 for letter in f"{machine.python}{machine.home}{machine.output}"):
        raise HubError(
            "A folder's name with a line break or another control character cannot stand in a service's file."
        )
    if machine.platform == "linux":
        return _plan_systemd(machine)
    if machine.platform == "darwin":
        return _plan_launchd(machine)
    if machine.platform == "win32":
        return _plan_task(machine)
    raise HubError(f"There is no service for {machine.platform}: have what it has start `smrthub serve --supervised`.")


def _plan_systemd(machine: Machine) -> ServicePlan:
    config = machine.environ.get("XDG_CONFIG_HOME") or str(machine.home / ".config")
    systemctl = ["systemctl", "--user"]
    return ServicePlan(
        "systemd",
        type(machine.home)(config) / "systemd" / "user" / UNIT,
        systemd_unit(machine).encode(),
        [[*systemctl, "daemon-reload"], [*systemctl, "enable", UNIT], [*systemctl, "restart", UNIT]],
        [[*systemctl, "disable", "--now", UNIT], [*systemctl, "daemon-reload"]],
        [*systemctl, "is-active", UNIT],
        "active|reloading",
        "failed",
        f"journalctl --user -u {UNIT}",
    )


def systemd_unit(machine: Machine) -> str:
    """Return the unit: the hub itself, started again by systemd; the pages that it has opened in a browser stay."""
    variables = [f"Environment={_quoted(f'{name}={value}')}" for name, value in _folders(machine)]
    return "\n".join(
        [
            "# Made by: smrthub service install. It is removed by: smrthub service uninstall.",
            "[Unit]",
            f"Description={_DESCRIPTION}",
            f"StartLimitIntervalSec={STORM_S:.0f}",
            f"StartLimitBurst={STORM_ENDS}",
            "",
            "[Service]",
            "Type=notify",
            f"ExecStart=:{_program(str(machine.python))} -P -m python_core",  # the colon: no ``$`` is a variable
            *variables,
            "Restart=on-failure",
            "RestartSec=5",
            "RestartPreventExitStatus=2 78",
            "TimeoutStartSec=300",
            f"TimeoutStopSec={machine.stop_s}",
            "WatchdogSec=60",
            "KillMode=process",
            "UMask=0077",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def _program(path: str) -> str:
    """Name a program for systemd, which takes no quotes and backslashes in its name: the shell does."""
    plain = not set(path) & set("'\"\\")
    return _quoted(path) if plain else f"/bin/sh -c {_quoted(_EXEC)} {_quoted(path)}"


def _quoted(text: str) -> str:
    """Quote for systemd: C's escapes, and ``%`` begins what it replaces."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _plan_launchd(machine: Machine) -> ServicePlan:
    file = machine.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    domain = f"gui/{machine.uid}"
    return ServicePlan(
        "launchd",
        file,
        launchd_agent(machine),
        [["launchctl", "bootstrap", domain, str(file)]],
        [["launchctl", "bootout", f"{domain}/{LABEL}"]],
        ["launchctl", "print", f"{domain}/{LABEL}"],
        r"\s*state = running",
        r"\s*last exit code = [1-9].*",
        f'cat "{machine.output}"',
    )


def launchd_agent(machine: Machine) -> bytes:
    """Return the property list of the agent."""
    agent: dict[str, object] = {
        "Label": LABEL,
        "ProgramArguments": [str(machine.python), "-P", "-m", "python_core.cli", "serve", "--supervised"],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": _AGAIN_S,
        "ExitTimeOut": machine.stop_s,
        "AbandonProcessGroup": True,  # pages that it has opened in a browser stay
        "Umask": 0o077,
        "StandardOutPath": str(machine.output),
        "StandardErrorPath": str(machine.output),
    }
    variables = dict(_folders(machine))
    return plistlib.dumps(agent | ({"EnvironmentVariables": variables} if variables else {}), sort_keys=False)


def _plan_task(machine: Machine) -> ServicePlan:
    file = machine.output.parent / "smrthub-task.xml"
    return ServicePlan(
        "Task Scheduler",
        file,
        b"\xff\xfe" + windows_task(machine).encode("utf-16-le"),
        [["schtasks", "/Create", "/TN", TASK, "/XML", str(file), "/F"], ["schtasks", "/Run", "/TN", TASK]],
        [["schtasks", "/End", "/TN", TASK], ["schtasks", "/Delete", "/TN", TASK, "/F"]],
        # schtasks tells the state in the user's language.
        ["powershell", "-NoProfile", "-NonInteractive", "-Command", f"(Get-ScheduledTask -TaskName '{TASK}').State"],
        "Running",
        "(?!)",  # it has no such state; the supervisor tells
        "smrthub logs",
    )


def windows_task(machine: Machine) -> str:
    """Return the task: at the user's logon, with the user's own rights, without an end or a window."""
    user = escape(rf"{machine.environ.get('USERDOMAIN', '.')}\{machine.environ.get('USERNAME', '')}")
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{_DESCRIPTION}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="User">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT{_AGAIN_S // 60}M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="User">
    <Exec>
      <Command>{escape(str(machine.python.with_name("pythonw.exe")))}</Command>
      <Arguments>-P -m python_core.cli serve --supervised</Arguments>
      <WorkingDirectory>{escape(str(machine.home))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
""".replace("\n", "\r\n")


def _folders(machine: Machine) -> list[tuple[str, str]]:
    return [(name, machine.environ[name]) for name in FOLDER_VARIABLES if machine.environ.get(name)]


def file_of(plan: ServicePlan) -> Path:
    """Return where the file is on this machine."""
    return Path(plan.file)
