"""The files that make the hub a service, byte by byte, with the paths that people have; and systemd's judged by systemd."""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from xml.etree import ElementTree as ET

import pytest

from python_core.errors import HubError
from python_core.support.service_files import Machine, ServicePlan, plan_service, systemd_unit

#: What stands in names of people's folders.
NASTY = (
    "plain",
    "with space",
    'double"quote',
    "single'quote",
    "per%cent %h",
    "dollar $HOME",
    "back\\slash",
    "Zoë Ñandú 日本",
)
NEED_ANALYZE = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")


def linux(python: str = "/home/zoe/.venv/bin/python", **environ: str) -> Machine:
    home = PurePosixPath("/home/zoe")
    return Machine("linux", home, PurePosixPath(python), home / "out.txt", environ, stop_s=20)


def test_systemd_byte_by_byte() -> None:
    plan = plan_service(linux(APPDATA='/data/a "b" 100%', SMRTHUB_SESSION_TOKEN="secret", PATH="/bin"))
    assert plan.file == PurePosixPath("/home/zoe/.config/systemd/user/smrthub.service")
    assert plan.content.decode() == (
        "# Made by: smrthub service install. It is removed by: smrthub service uninstall.\n"
        "[Unit]\n"
        "Description=SmrtHub, the hub that remembers what you copy and read\n"
        "StartLimitIntervalSec=600\n"
        "StartLimitBurst=8\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        'ExecStart=:"/home/zoe/.venv/bin/python" -P -m python_core\n'
        'Environment="APPDATA=/data/a \\"b\\" 100%%"\n'
        "Restart=on-failure\n"
        "RestartSec=5\n"
        "RestartPreventExitStatus=2 78\n"
        "TimeoutStartSec=300\n"
        "TimeoutStopSec=20\n"
        "WatchdogSec=60\n"
        "KillMode=process\n"
        "UMask=0077\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )
    assert plan.install == [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", "smrthub.service"],
        ["systemctl", "--user", "restart", "smrthub.service"],
    ]
    assert plan.uninstall[0] == ["systemctl", "--user", "disable", "--now", "smrthub.service"]
    assert all("--user" in command for command in [*plan.install, *plan.uninstall, plan.look])


def test_systemd_goes_where_the_users_configuration_is() -> None:
    assert plan_service(linux(XDG_CONFIG_HOME="/cfg")).file == PurePosixPath("/cfg/systemd/user/smrthub.service")


@NEED_ANALYZE
@pytest.mark.parametrize("name", NASTY)
def test_systemd_itself_finds_no_fault_and_the_right_program(tmp_path: Path, name: str) -> None:
    python = tmp_path / name / "python"
    python.parent.mkdir()
    unit = tmp_path / "smrthub.service"
    machine = Machine("linux", tmp_path, python, tmp_path / "out", {"APPDATA": f"/data/{name}"})
    unit.write_text(systemd_unit(machine))
    if not set(name) & set("'\"\\"):  # else the shell looks for it
        missing = verify(unit)
        assert missing.returncode != 0
        assert "No such file" in missing.stderr
    python.symlink_to(sys.executable)
    found = verify(unit)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /bin/sh")
@pytest.mark.parametrize("name", NASTY)
def test_the_command_line_starts_that_python(tmp_path: Path, name: str) -> None:
    python = tmp_path / name / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    machine = Machine("linux", tmp_path, python, tmp_path / "out")
    [line] = [each for each in systemd_unit(machine).splitlines() if each.startswith("ExecStart=:")]
    words = read_as_systemd_does(line.removeprefix("ExecStart=:"))
    done = subprocess.run(
        [*words[:-2], "-c", "import sys; print(sys.argv)"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, words[-1]) == (0, "['-c']\n", "python_core")


def read_as_systemd_does(line: str) -> list[str]:
    """Undo quotes, C's escapes and doubled percent signs."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    return [re.sub(r"\\(.)", r"\1", quoted or plain).replace("%%", "%") for quoted, plain in found]


def verify(unit: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(unit.parent),
            "XDG_RUNTIME_DIR": str(unit.parent),
            "LC_ALL": "C.UTF-8",
        },
    )


def test_launchd_byte_by_byte() -> None:
    home = PurePosixPath("/Users/zoe & co")
    plan = plan_service(
        Machine(
            "darwin", home, home / "v<1>" / "python", home / "Zoë.txt", {"LOCALAPPDATA": "/x y"}, uid=501, stop_s=20
        )
    )
    assert plan.file == home / "Library" / "LaunchAgents" / "smrthub.hub.plist"
    assert plan.content.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
        '<plist version="1.0">\n'
        "<dict>\n"
        "\t<key>Label</key>\n\t<string>smrthub.hub</string>\n"
        "\t<key>ProgramArguments</key>\n\t<array>\n"
        "\t\t<string>/Users/zoe &amp; co/v&lt;1&gt;/python</string>\n"
        "\t\t<string>-P</string>\n\t\t<string>-m</string>\n\t\t<string>python_core.cli</string>\n"
        "\t\t<string>serve</string>\n\t\t<string>--supervised</string>\n\t</array>\n"
        "\t<key>RunAtLoad</key>\n\t<true/>\n"
        "\t<key>KeepAlive</key>\n\t<dict>\n\t\t<key>SuccessfulExit</key>\n\t\t<false/>\n\t</dict>\n"
        "\t<key>ThrottleInterval</key>\n\t<integer>600</integer>\n"
        "\t<key>ExitTimeOut</key>\n\t<integer>20</integer>\n"
        "\t<key>AbandonProcessGroup</key>\n\t<true/>\n"
        "\t<key>Umask</key>\n\t<integer>63</integer>\n"
        "\t<key>StandardOutPath</key>\n\t<string>/Users/zoe &amp; co/Zoë.txt</string>\n"
        "\t<key>StandardErrorPath</key>\n\t<string>/Users/zoe &amp; co/Zoë.txt</string>\n"
        "\t<key>EnvironmentVariables</key>\n\t<dict>\n\t\t<key>LOCALAPPDATA</key>\n\t\t<string>/x y</string>\n\t</dict>\n"
        "</dict>\n"
        "</plist>\n"
    )
    assert plan.install == [["launchctl", "bootstrap", "gui/501", str(plan.file)]]
    assert plan.uninstall == [["launchctl", "bootout", "gui/501/smrthub.hub"]]


@pytest.mark.parametrize("name", NASTY)
def test_launchd_reads_each_path_as_it_is(name: str) -> None:
    home = PurePosixPath("/Users") / name
    plan = plan_service(Machine("darwin", home, home / "python", home / "out"))
    agent = plistlib.loads(plan.content)
    assert agent["ProgramArguments"][0] == str(home / "python")
    assert agent["StandardOutPath"] == str(home / "out")


def windows(user: str = "Zoë & Co") -> ServicePlan:
    home = PureWindowsPath("C:/Users") / user
    python = home / "Smrt Hub" / ".venv" / "Scripts" / "python.exe"
    environ = {"USERDOMAIN": "DESK", "USERNAME": user, "APPDATA": "C:\\x"}
    return plan_service(Machine("win32", home, python, home / "Logs" / "out.txt", environ))


def test_windows_byte_by_byte() -> None:
    plan = windows()
    assert plan.content[:2] == b"\xff\xfe"
    text = plan.content.decode("utf-16")
    assert text.count("\n") == text.count("\r\n")
    assert text.replace("\r\n", "\n") == (
        '<?xml version="1.0" encoding="UTF-16"?>\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        "  <RegistrationInfo>\n"
        "    <Description>SmrtHub, the hub that remembers what you copy and read</Description>\n"
        "  </RegistrationInfo>\n"
        "  <Triggers>\n"
        "    <LogonTrigger>\n"
        "      <UserId>DESK\\Zoë &amp; Co</UserId>\n"
        "    </LogonTrigger>\n"
        "  </Triggers>\n"
        "  <Principals>\n"
        '    <Principal id="User">\n'
        "      <UserId>DESK\\Zoë &amp; Co</UserId>\n"
        "      <LogonType>InteractiveToken</LogonType>\n"
        "      <RunLevel>LeastPrivilege</RunLevel>\n"
        "    </Principal>\n"
        "  </Principals>\n"
        "  <Settings>\n"
        "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\n"
        "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n"
        "    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\n"
        "    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>\n"
        "    <Priority>5</Priority>\n"
        "    <RestartOnFailure>\n"
        "      <Interval>PT10M</Interval>\n"
        "      <Count>255</Count>\n"
        "    </RestartOnFailure>\n"
        "  </Settings>\n"
        '  <Actions Context="User">\n'
        "    <Exec>\n"
        "      <Command>C:\\Users\\Zoë &amp; Co\\Smrt Hub\\.venv\\Scripts\\pythonw.exe</Command>\n"
        "      <Arguments>-P -m python_core.cli serve --supervised</Arguments>\n"
        "      <WorkingDirectory>C:\\Users\\Zoë &amp; Co</WorkingDirectory>\n"
        "    </Exec>\n"
        "  </Actions>\n"
        "</Task>\n"
    )
    file = "C:\\Users\\Zoë & Co\\Logs\\smrthub-task.xml"
    assert plan.install[0] == ["schtasks", "/Create", "/TN", "SmrtHub", "/XML", file, "/F"]


@pytest.mark.parametrize("name", ["plain", "with space", "single'quote", "100%", "日本", "a&b"])
def test_windows_reads_each_path_as_it_is(name: str) -> None:
    task = ET.fromstring(windows(name).content.decode("utf-16"))
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    [command] = task.iter(f"{space}Command")
    assert command.text == rf"C:\Users\{name}\Smrt Hub\.venv\Scripts\pythonw.exe"
    assert {each.text for each in task.iter(f"{space}UserId")} == {rf"DESK\{name}"}


@pytest.mark.parametrize("path", ["/home/a\nExecStartPre=/bin/evil", "/home/a\rb", "/home/\x00"])
def test_a_path_that_would_begin_a_line_of_its_own_is_refused(path: str) -> None:
    with pytest.raises(HubError, match="control character"):
        plan_service(linux(path))


def test_an_unknown_system_is_told_what_to_do() -> None:
    with pytest.raises(HubError, match="serve --supervised"):
        plan_service(Machine("freebsd14", PurePosixPath("/"), PurePosixPath("/p"), PurePosixPath("/o")))
