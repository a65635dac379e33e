"""Where the user's files are and who may read them; the only module that knows the user's folders.

Private means: folders 0700, files 0600, no links, owned by this user. On Windows a file inherits the access
list of the user's profile (the user, SYSTEM, administrators): there is no mode to set or to check.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from python_core.errors import HubError, SettingsInvalid

if TYPE_CHECKING:
    from platformdirs.api import PlatformDirsABC

_PRODUCT = "SmrtHub"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_OTHERS = 0o077

# Lower-case kebab, and none of the names that Windows keeps for devices.
_SLUG = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True)
class Paths:
    """The user's folders of this product; nothing is created by asking for one.

    :param roaming: ``%APPDATA%/SmrtHub``: settings, which may follow the user to another machine.
    :param local: ``%LOCALAPPDATA%/SmrtHub``: logs, stored rows, runtime files, which stay on this machine.
    """

    roaming: Path
    local: Path

    def config(self, slug: str = "python-net") -> Path:
        """Name the folder of a component's settings."""
        return self.roaming / "Config" / _checked(slug)

    def logs(self, slug: str = "python-net") -> Path:
        """Name the folder of a component's logs."""
        return self.local / "Logs" / _checked(slug)

    def stored(self) -> Path:
        """Name the folder of the database and the pictures."""
        return self.local / "Data" / "python-net"

    def runtime(self) -> Path:
        """Name the folder of what lives only as long as a process: runtime files and locks."""
        return self.local / "Runtime" / "python-net"


def resolve_paths(
    environ: Mapping[str, str] | None = None, *, platform_dirs: type[PlatformDirsABC] | None = None
) -> Paths:
    """Find the user's folders: ``APPDATA`` and ``LOCALAPPDATA`` where set, else the platform's own.

    :param environ: read instead of ``os.environ``; the platform's folders come from the process in any case.
    :param platform_dirs: the class of ``platformdirs`` to ask, this system's when not given.
    :raises SettingsInvalid: when one of the two variables holds a relative path.
    """
    environ = os.environ if environ is None else environ
    roaming = _folder_from(environ, "APPDATA")
    local = _folder_from(environ, "LOCALAPPDATA")
    if roaming is None or local is None:
        dirs = platform_dirs or _own_platform_dirs()
        roaming = roaming or dirs(_PRODUCT, appauthor=False, roaming=True).user_config_path
        local = local or dirs(_PRODUCT, appauthor=False, roaming=False).user_state_path
    return Paths(roaming=roaming, local=local)


def make_private(folder: Path) -> Path:
    """Make a folder and its missing parents, each 0700 whatever the umask, and hand it back.

    A folder of this user that is open to others is closed to them. A link, a file in its place and a folder
    of somebody else are refused with HubError.
    """
    missing = [folder]
    while not os.path.lexists(missing[-1].parent):
        missing.append(missing[-1].parent)
    for each in reversed(missing):
        try:
            each.mkdir(_FOLDER_MODE)
        except FileExistsError:
            continue
        if sys.platform != "win32":
            each.chmod(_FOLDER_MODE)  # mkdir's mode is cut by the umask
    found = os.lstat(folder)
    _refuse_link(folder, found)
    if not stat.S_ISDIR(found.st_mode):
        raise HubError(f"{folder} is in the place of a folder. Move it away.")
    if sys.platform != "win32":
        _refuse_foreign(folder, found)
        if stat.S_IMODE(found.st_mode) != _FOLDER_MODE:
            folder.chmod(_FOLDER_MODE)
            _refuse_open(folder, os.lstat(folder), _FOLDER_MODE)
    return folder


def private_opener(path: str, flags: int) -> int:
    """Open or create a file 0600 whatever the umask, never through a link: an ``opener=`` for ``open``.

    A file of this user that is open to others is closed to them first. A link and a file of somebody else are
    refused with HubError.
    """
    if sys.platform == "win32":
        if os.path.lexists(path):
            _refuse_link(Path(path), os.lstat(path))
        fd = os.open(path, flags, _FILE_MODE)
    else:
        fd = _open_unlinked(path, flags)
        try:
            found = os.fstat(fd)
            _refuse_foreign(Path(path), found)
            if stat.S_IMODE(found.st_mode) != _FILE_MODE:
                os.fchmod(fd, _FILE_MODE)  # a new file's mode is cut by the umask
                _refuse_open(Path(path), os.fstat(fd), _FILE_MODE)
        except BaseException:
            os.close(fd)
            raise
    return fd


def check_private(path: Path) -> None:
    """Refuse a file that is a link, no plain file, somebody else's or open to others (HubError).

    The message says what to do; nothing is changed. A file that is not there is a FileNotFoundError.
    """
    found = os.lstat(path)
    _refuse_link(path, found)
    if not stat.S_ISREG(found.st_mode):
        raise HubError(f"{path} is not a plain file. Move it away.")
    if sys.platform != "win32":
        _refuse_foreign(path, found)
        _refuse_open(path, found, _FILE_MODE)


def _own_platform_dirs() -> type[PlatformDirsABC]:
    # Imported here: where both variables are set, as always on Windows, a cold start does without it.
    import platformdirs

    return platformdirs.PlatformDirs


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk; Windows has no such call, and NTFS journals names."""
    if sys.platform != "win32":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _checked(slug: str) -> str:
    if _SLUG.fullmatch(slug) is None:
        raise ValueError("a slug is lower-case words joined by hyphens, and no device name")
    return slug


def _folder_from(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "")
    if not text:
        return None
    folder = Path(text)
    if not folder.is_absolute():
        raise SettingsInvalid(f"{name} must be an absolute path: a relative one moves with the working folder.")
    return folder / _PRODUCT


def _refuse_link(path: Path, found: os.stat_result) -> None:
    # Windows' junctions lead elsewhere too, but are no symbolic links to S_ISLNK.
    is_junction = getattr(found, "st_reparse_tag", 0) == 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT
    if stat.S_ISLNK(found.st_mode) or is_junction:
        raise HubError(f"{path} is a link. Remove it: the hub follows none here.")


if sys.platform != "win32":

    def _open_unlinked(path: str, flags: int) -> int:
        try:
            return os.open(path, flags | os.O_NOFOLLOW, _FILE_MODE)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):  # FreeBSD says EMLINK
                raise HubError(f"{path} is a link. Remove it: the hub follows none here.") from None
            raise

    def _refuse_foreign(path: Path, found: os.stat_result) -> None:
        if found.st_uid != os.geteuid():
            raise HubError(f"{path} belongs to another user (uid {found.st_uid}). Move it away, or chown it to you.")

    def _refuse_open(path: Path, found: os.stat_result, mode: int) -> None:
        if stat.S_IMODE(found.st_mode) & _OTHERS:
            raise HubError(
                f"{path} can be read or changed by other users. Run: chmod {mode:o} {path}. Where that "
                "changes nothing, the file system keeps no modes: set APPDATA and LOCALAPPDATA elsewhere."
            )
