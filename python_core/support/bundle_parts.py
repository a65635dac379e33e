"""What a support bundle holds, part by part: an allow-list, each file of it built of known things and masked."""

from __future__ import annotations

import os
import platform
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from python_core import __version__
from python_core.config import SECTIONS, read_privacy_rules, rules_path
from python_core.config.sections import AnySection
from python_core.errors import HubError, NotFound, SettingsInvalid
from python_core.store import integrity, overview
from python_core.store.schema import DATABASE_NAME
from python_core.support.bundle_format import Gathering, Part, as_json
from python_core.support.bundle_logs import build_logs
from python_core.support.doctor import told, walk_chain
from python_core.support.log_entries import SLUGS
from python_core.support.machine import load_seen
from python_core.utils.timestamps import to_rfc3339

_PACKAGES = (
    *("apsw", "click", "flasgger", "flask", "flask-cors", "jsonschema-rs", "msgspec", "platformdirs", "psutil", "rich"),
    *("waitress", "werkzeug", "gunicorn"),
)
_STAMP = r"\.\d{4}-\d\d-\d\dT[0-9-]{12}Z"
#: The names that files of the hub have; another file is counted, not named.
_KNOWN = re.compile(
    rf"hub\.db(?:-wal|-shm|-journal)?|[a-z-]{{1,20}}\.lock|(?:bridge|web-listener)-settings\.json|privacy-rules\.json"
    rf"|(?:bridge|web-listener)\.(?:json|sock)|\.atomic-json\.lock|log-levels\.json|supervisor\.json"
    rf"|bundle\.json|[0-9a-f-]{{36}}\.zip|python-(?:net|runtime)-log(?:{_STAMP})?\.(?:txt|json)(?:\.lock)?|hub-[0-9a-zA-Z-]{{1,40}}\.db"
)


def parts() -> tuple[Part, ...]:
    """List all parts."""
    return (
        *(Part("logs", slug, lambda gathering, slug=slug: build_logs(gathering, slug)) for slug in SLUGS),  # type: ignore[misc]
        Part("config", "settings", _settings),
        Part("health", "doctor", _doctor),
        Part("health", "status", _status),
        Part("store", "store", _store),
        Part("system", "files", _files),
        Part("system", "versions", _versions),
    )


def _settings(gathering: Gathering) -> dict[str, bytes]:
    """Numbers, switches and choices are told; texts and lists that are not the default are masked: they name what is yours."""
    files: dict[str, Callable[[Gathering], dict[str, Any] | None]] = {
        **{section.file_name: partial(_section_told, section) for section in SECTIONS},
        "privacy-rules.json": _rules_told,
    }
    built = {}
    for name, tell in files.items():
        try:
            found = tell(gathering)
        except SettingsInvalid:
            gathering.notes.append(f"config/{name} cannot be taken: smrthub doctor says what to do")
            continue
        if found is not None:
            built[f"config/{name}"] = as_json(found)
    return built


def _section_told(section: AnySection, gathering: Gathering) -> dict[str, Any] | None:
    loaded = load_seen(gathering.machine, section.name)
    if loaded is None:
        return None
    rows = {}
    for setting in section.settings:
        value = getattr(loaded.settings, setting.field)
        is_told = value == setting.default or isinstance(value, bool | int) or setting.rule.startswith("one of ")
        if not is_told:
            value = f"[masked: {len(value)} {'entries' if isinstance(value, tuple) else 'characters'}]"
            gathering.masker.counts["settings"] += 1
        rows[setting.name] = {"value": value, "source": loaded.sources[setting.name]}
    told: dict[str, Any] = gathering.masker.value(msgspec.to_builtins(rows))
    return told


def _rules_told(gathering: Gathering) -> dict[str, Any] | None:
    path = rules_path(gathering.machine.paths)
    if not path.exists():
        return None
    rules = read_privacy_rules(path).rules
    return {"rules": len(rules), "enabled": sum(rule.enabled for rule in rules)}


def _doctor(gathering: Gathering) -> dict[str, bytes]:
    hops = told(walk_chain(gathering.machine, gathering.connect, canary=False))
    return {"health/doctor.json": as_json(gathering.masker.value(hops))}


def _status(gathering: Gathering) -> dict[str, bytes]:
    if gathering.connect is None:
        raise NotFound("the hub does not run")
    with gathering.connect("bridge") as hub:
        told_status = hub.call("GET", "/status")
    return {"health/status.json": as_json(gathering.masker.value(told_status))}


def _store(gathering: Gathering) -> dict[str, bytes]:
    folder = gathering.machine.paths.stored()
    if not (folder / DATABASE_NAME).exists():
        raise NotFound("nothing is stored yet")
    with integrity.examining(folder) as conn:
        have, known = integrity.schema_state(conn)
        found: dict[str, dict[str, Any]] = {
            "store/schema.json": {"schema": have, "known": known, "rows": overview.count_rows(conn)},
            "store/event-kinds.json": overview.count_event_kinds(conn),
            "store/triggers.json": overview.count_runs(conn),
        }
    return {name: as_json({_key(key): value for key, value in told.items()}) for name, told in found.items()}


def _key(key: str) -> str:
    return key if re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", key) else "(another name)"


def _files(gathering: Gathering) -> dict[str, bytes]:
    """Sizes, modes and owners; a file that has no name of ours is only counted."""
    paths = gathering.machine.paths
    listed: list[dict[str, Any]] = []
    others = {"count": 0, "bytes": 0}
    for root in (paths.roaming / "Config", *(paths.local / each for each in ("Data", "Logs", "Runtime"))):
        for path in _below(root):
            seen = path.lstat()
            if _KNOWN.fullmatch(path.name) is None:
                others = {"count": others["count"] + 1, "bytes": others["bytes"] + seen.st_size}
                continue
            listed.append({"file": f"{root.name}/{path.name}", "bytes": seen.st_size, "mode": stat.filemode(seen.st_mode),
                           "owner": _owner(seen.st_uid), "changedAt": to_rfc3339(seen.st_mtime_ns // 1_000_000)})  # fmt: skip
    return {"system/files.json": as_json({"files": listed, "others": others})}


def _below(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")) if root.is_dir() else ():
        if not path.is_dir() or path.is_symlink():
            yield path


if sys.platform == "win32":

    def _owner(uid: int) -> str:  # noqa: ARG001  # files have no number of an owner there
        return "not told"

else:

    def _owner(uid: int) -> str:
        return "you" if uid == os.geteuid() else "another user"


def _versions(_: Gathering) -> dict[str, bytes]:
    return {"system/versions.json": as_json(versions())}


def versions() -> dict[str, Any]:
    """Return the versions of the hub, Python, the system and the packages beside them."""
    packages = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    return {
        "hub": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "packages": packages,
    }


def why_not(fault: Exception) -> str:
    """Say why a part could not be built, without the words of a foreign error."""
    return fault.code if isinstance(fault, HubError) else type(fault).__name__
