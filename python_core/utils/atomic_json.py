"""JSON files that are read and written whole or not at all, with one ``.bak`` of the version before."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from python_core.errors import Detail, SettingsInvalid
from python_core.utils.config_path_resolver import make_private, private_opener, sync_folder
from python_core.utils.file_lock import FileLock

# One lock a folder: who holds it is the only writer there, so any temporary file it meets is a dead one's.
_LOCK_NAME = ".atomic-json.lock"
_WINDOWS_PAUSES_S = (0.01, 0.03, 0.1, 0.3)


def write_json(path: Path, value: object, *, keep_bak: bool = True) -> None:
    """Replace a JSON file: UTF-8, indent 2, keys in the order given, 0600; readers see old or new.

    It is on the disk when this returns. The folder is made private. Writing what stands there already changes
    nothing, so that the ``.bak`` stays a version that differs.

    :param keep_bak: keep the version before as ``<name>.bak``; False for files that hold a secret.
    :raises ValueError: for NaN, infinity and lone surrogates, which JSON in UTF-8 does not have.
    """
    content = _encoded(value)
    with FileLock(make_private(path.parent) / _LOCK_NAME):
        _remove_strays(path)
        before = path.read_bytes() if path.exists() else None
        if before == content:
            return
        if keep_bak and before is not None:
            bak = bak_of(path)
            _replace(_temporary(bak, before), bak)
        _replace(_temporary(path, content), path)
        sync_folder(path.parent)


def seed_json(path: Path, value: object) -> bool:
    """Write a file that is not there yet and say whether this call did; of many at once exactly one does.

    A file that is there is left alone whatever it holds, and nobody ever reads a half-written one (written in
    place, 47 of 360 simultaneous first starts read it torn).
    """
    if os.path.lexists(path):
        return False
    content = _encoded(value)
    with FileLock(make_private(path.parent) / _LOCK_NAME):
        _remove_strays(path)
        if os.path.lexists(path):
            return False
        seeded = _put_if_absent(_temporary(path, content), path)
        sync_folder(path.parent)
        return seeded


def read_json(path: Path) -> Any:
    """Read a JSON file; what comes back can be written by ``write_json`` again.

    :raises SettingsInvalid: naming file, line, column, cause and the ``.bak`` to go back to, for anything
        but UTF-8 JSON without byte order mark, NaN or a key that stands twice.
    :raises FileNotFoundError: when it is not there.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise invalid_file(path, f"cannot be read: {error.strerror}") from None
    text = _text_of(path, raw)
    try:
        value = json.loads(text, object_pairs_hook=_object_of, parse_constant=_refuse_constant)
        _encoded(value)
    except json.JSONDecodeError as error:
        raise invalid_file(path, f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except _KeyTwiceError as error:
        line = _line_of_last(text, error.key)
        raise invalid_file(path, f"{line}the key {json.dumps(error.key)} stands twice") from None
    except UnicodeEncodeError:
        raise invalid_file(path, "holds half of a surrogate pair (\\ud800 to \\udfff)") from None
    except RecursionError:
        raise invalid_file(path, "is nested too deeply") from None
    except ValueError as error:  # NaN, or a number of thousands of digits
        raise invalid_file(path, str(error)) from None
    return value


def bak_of(path: Path) -> Path:
    """Name the file that keeps the version before."""
    return path.with_name(path.name + ".bak")


def invalid_file(path: Path, cause: str, *, details: Iterable[Detail] = ()) -> SettingsInvalid:
    """Build the finding about a file that cannot be used: what is wrong and the way back."""
    bak = bak_of(path)
    way_back = f"or go back to {bak}" if bak.is_file() else "or move it away to start with the defaults"
    return SettingsInvalid(f"{path}: {cause}. The file is left as it is: mend it, {way_back}.", details=details)


def _encoded(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _text_of(path: Path, raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise invalid_file(path, "is UTF-16; save it as UTF-8")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise invalid_file(path, "starts with a byte order mark; save it as UTF-8 without one")
    if b"\0" in raw:
        raise invalid_file(path, "holds NUL bytes: it is not UTF-8 text, or was lost when the power went")
    if not raw.strip():
        raise invalid_file(path, "is empty")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise invalid_file(path, f"line {line}: is not UTF-8") from None


class _KeyTwiceError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _KeyTwiceError(key)
        found[key] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _line_of_last(text: str, key: str) -> str:
    places = [found.start() for found in re.finditer(re.escape(f'"{key}"') + r"\s*:", text)]
    return f"line {text.count(chr(10), 0, places[-1]) + 1}: " if places else ""


def _temporary(path: Path, content: bytes) -> Path:
    """Write content to a new file beside ``path`` and through to the disk."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb", opener=private_opener) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)  # a full disk needs the room
        raise
    return temporary


def _remove_strays(path: Path) -> None:
    for name in (path.name, bak_of(path).name):
        for stray in path.parent.glob(f".{name}.{'[0-9a-f]' * 16}.tmp"):
            stray.unlink(missing_ok=True)


def _put_if_absent(temporary: Path, path: Path) -> bool:
    """Give the temporary file its name unless the name is taken, and leave no temporary file."""
    try:
        if sys.platform == "win32":
            temporary.rename(path)  # fails there when the name is taken
        else:
            _link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network and Android folders). A rename would replace, but the lock is
        # held and the name was free a moment ago.
        temporary.rename(path)


def _replace(temporary: Path, path: Path) -> None:
    for pause_s in (*_WINDOWS_PAUSES_S, None):
        try:
            temporary.replace(path)
        except PermissionError:
            if os.name != "nt" or pause_s is None:
                raise
            time.sleep(pause_s)  # a reader or a virus scanner has it open for a moment
        else:
            return
