from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from python_core.errors import HubError, SettingsInvalid
from python_core.utils.config_path_resolver import (
    Paths,
    check_private,
    make_private,
    private_opener,
    resolve_paths,
)

ROOT = Path(__file__).resolve().parents[2]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps access lists, not modes")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def foreign_file(folder: Path) -> Path:
    """A plain file of another user: root makes one, anybody else has root's."""
    if os.geteuid() != 0:
        return Path("/etc/passwd")
    path = folder / "foreign"
    path.write_text("theirs")
    os.chown(path, 12345, 12345)
    return path


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def test_the_two_variables_win_on_every_system(tmp_path: Path):
    environ = {"APPDATA": str(tmp_path / "roaming"), "LOCALAPPDATA": str(tmp_path / "local")}
    paths = resolve_paths(environ)
    assert paths == Paths(tmp_path / "roaming" / "SmrtHub", tmp_path / "local" / "SmrtHub")
    assert paths.config() == tmp_path / "roaming/SmrtHub/Config/python-net"
    assert paths.config("smrt-detect") == tmp_path / "roaming/SmrtHub/Config/smrt-detect"
    assert paths.logs() == tmp_path / "local/SmrtHub/Logs/python-net"
    assert paths.logs("python-runtime") == tmp_path / "local/SmrtHub/Logs/python-runtime"
    assert paths.stored() == tmp_path / "local/SmrtHub/Data/python-net"
    assert paths.runtime() == tmp_path / "local/SmrtHub/Runtime/python-net"
    assert list(tmp_path.iterdir()) == []


def test_each_variable_counts_by_itself(tmp_path: Path):
    paths = resolve_paths({"APPDATA": str(tmp_path), "LOCALAPPDATA": ""}, platform_dirs=MacOS)
    assert paths.roaming == tmp_path / "SmrtHub"
    assert paths.local == Path.home() / "Library/Application Support/SmrtHub"


@pytest.mark.parametrize(
    ("platform_dirs", "roaming", "local"),
    [
        (MacOS, "Library/Application Support/SmrtHub", "Library/Application Support/SmrtHub"),
        (Unix, ".config/SmrtHub", ".local/state/SmrtHub"),
    ],
)
def test_without_them_the_platform_says_where(monkeypatch, tmp_path: Path, platform_dirs, roaming, local):
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert resolve_paths({}, platform_dirs=platform_dirs) == Paths(tmp_path / roaming, tmp_path / local)


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG variables are Linux's")
def test_a_process_without_them_uses_its_xdg_folders(tmp_path: Path):
    script = "from python_core.utils.config_path_resolver import *; p = resolve_paths(); print(p.roaming, p.local)"
    others = {name: text for name, text in os.environ.items() if name not in ("APPDATA", "LOCALAPPDATA")}
    environ = {**others, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(tmp_path / "c/SmrtHub"), str(tmp_path / ".local/state/SmrtHub")]


def test_platformdirs_is_not_imported_where_both_variables_are_set(tmp_path: Path):
    script = (
        "import sys, python_core.utils.config_path_resolver as resolver\n"
        "resolver.resolve_paths()\n"
        "print('platformdirs' in sys.modules)"
    )
    environ = {**os.environ, "APPDATA": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["APPDATA", "LOCALAPPDATA"])
def test_a_relative_folder_is_refused(name: str, tmp_path: Path):
    environ = {"APPDATA": str(tmp_path), "LOCALAPPDATA": str(tmp_path), name: "here"}
    with pytest.raises(SettingsInvalid, match=f"{name} must be an absolute path"):
        resolve_paths(environ)


@pytest.mark.parametrize(
    "slug", ["", ".", "..", "a/b", "a\\b", "A", "con", "nul", "com1", "-a", "a--b", "a.", "a b", "ä", "a\n", "a\0"]
)
def test_a_slug_never_leads_elsewhere(slug: str, tmp_path: Path):
    with pytest.raises(ValueError, match="slug"):
        Paths(tmp_path, tmp_path).logs(slug)


@posix_only
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_folders_are_0700_and_files_0600_whatever_the_umask(tmp_path: Path, umask, mask: int):
    umask(mask)
    folder = make_private(tmp_path / "a" / "b" / "c")
    with open(folder / "f", "w", opener=private_opener) as file:
        file.write("x")
    umask(0o022)
    assert folder == tmp_path / "a/b/c"
    assert [mode_of(each) for each in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3
    assert mode_of(folder / "f") == 0o600
    check_private(folder / "f")


@posix_only
def test_what_was_open_to_others_is_closed(tmp_path: Path, umask):
    umask(0)
    folder = tmp_path / "open"
    folder.mkdir(0o777)
    (folder / "f").write_text("before")
    make_private(folder)
    with open(folder / "f", "a", opener=private_opener) as file:
        file.write(" after")
    assert mode_of(folder) == 0o700
    assert mode_of(folder / "f") == 0o600
    assert (folder / "f").read_text() == "before after"


def test_making_a_private_folder_twice_changes_nothing(tmp_path: Path):
    folder = make_private(tmp_path / "a")
    (folder / "f").write_text("kept")
    assert (make_private(folder) / "f").read_text() == "kept"


@posix_only
def test_a_link_is_no_private_folder(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir(0o755)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(HubError, match=f"{name} is a link"):
            make_private(tmp_path / name)
    assert mode_of(tmp_path / "elsewhere") == 0o755
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HubError, match="in the place of a folder"):
        make_private(tmp_path / "file")


@posix_only
def test_no_file_is_opened_through_a_link(tmp_path: Path):
    (tmp_path / "target").write_text("untouched")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(HubError, match="is a link"):
        private_opener(str(tmp_path / "link"), os.O_WRONLY | os.O_TRUNC)
    assert (tmp_path / "target").read_text() == "untouched"


@posix_only
def test_check_private_says_what_is_wrong_and_what_to_do(tmp_path: Path):
    path = tmp_path / "token"
    path.write_text("")
    path.chmod(0o600)
    check_private(path)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(HubError, match=r"is a link\. Remove it"):
        check_private(tmp_path / "link")
    with pytest.raises(HubError, match="not a plain file"):
        check_private(tmp_path)
    for loose in (0o640, 0o604, 0o620, 0o601):
        path.chmod(loose)
        with pytest.raises(HubError, match=f"other users. Run: chmod 600 {path}"):
            check_private(path)
        assert mode_of(path) == loose
    with pytest.raises(FileNotFoundError):
        check_private(tmp_path / "none")


@posix_only
def test_a_file_of_another_user_is_refused(tmp_path: Path):
    foreign = foreign_file(tmp_path)
    with pytest.raises(HubError, match="belongs to another user"):
        check_private(foreign)
    with pytest.raises(HubError, match="belongs to another user"):
        private_opener(str(foreign), os.O_RDONLY)
