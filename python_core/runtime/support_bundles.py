"""The support bundle of the hub that runs: made by the command ``smrthub bundle`` in a process of its own, beside the hub's work.

A thread would not do: looking for secrets in a log of 6 MiB is one call of ``re``, which holds the interpreter for up to a second,
and the whole hub with it. What stands in the folder ``bundle`` beside the database is the same for all processes of a hub.
"""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from python_core.errors import Conflict, HubError, NotFound, StorageFull
from python_core.runtime.hub import Hub
from python_core.runtime.shapes import Body, Instant, View, instant_ms
from python_core.utils.atomic_json import read_json, write_json
from python_core.utils.config_path_resolver import make_private
from python_core.utils.file_lock import FileLock
from python_core.utils.ids import new_id
from python_core.utils.learned_types import learned
from python_core.utils.logger import get_logger_for
from python_core.utils.processes import still_runs
from python_core.utils.timestamps import now_ms, to_rfc3339

#: A bundle of the largest logs takes 10 s; what takes so long hangs.
TIMEOUT_S = 600.0
DAY_MS = 86_400_000
#: -P: a folder python_core in the working folder is not ours.
COMMAND = (sys.executable, "-P", "-m", "python_core.cli", "bundle", "--json")
Component = Literal["logs", "config", "health", "store", "system"]
log = get_logger_for("python-runtime", __name__)


class BundleRequest(Body, frozen=True, kw_only=True):
    """What goes in: logs ``since`` a time (24 hours ago unless it is given), and these ``components`` (all unless given)."""

    since: Instant | None = None
    components: Annotated[list[Component], msgspec.Meta(min_length=1, max_length=5)] | None = None


class BundlePart(View, frozen=True, kw_only=True):
    """What became of one part: ``included``, ``empty``, ``failed`` or ``left out``, with the ``reason``."""

    component: str
    name: str
    state: str
    reason: str = ""


class BundleFile(View, frozen=True, kw_only=True):
    """One file in it."""

    name: str
    bytes: int
    sha256: str


class BundleReport(View, frozen=True, kw_only=True):
    """What a bundle says of itself: its parts and files, what was left out, and how many of what were masked."""

    made_at: str
    since: str
    bytes: int
    sha256: str
    parts: list[BundlePart]
    notes: list[str]
    redactions: dict[str, int]
    compared_with: str
    files: list[BundleFile]


class BundleFailure(View, frozen=True, kw_only=True):
    """Why there is no bundle: a code for programs, such as ``leak_found``, and a sentence."""

    code: str
    message: str


class BundleView(View, frozen=True, kw_only=True):
    """Where the bundle stands: none, or being made, or made with its ``report``, or failed and why."""

    state: Literal["none", "making", "made", "failed"]
    id: str | None = None
    started_at: str | None = None
    report: BundleReport | None = None
    failure: BundleFailure | None = None


_INTERRUPTED = BundleFailure(code="interrupted", message="The hub ended while it was made. Make it again.")
_BROKEN = BundleFailure(code="internal", message="It could not be made. In a terminal, smrthub bundle says more.")
_TOO_LONG = BundleFailure(code="timed_out", message=f"It was not made within {TIMEOUT_S / 60:.0f} minutes.")


def begin_bundle(hub: Hub, wanted: BundleRequest, command: Sequence[str] = COMMAND) -> BundleView:
    """Begin to make a bundle; the one before is gone from then on.

    :param command: makes it: ``smrthub bundle --json``, to which the options are added.
    :raises Conflict: one is being made already, by whichever process of the hub.
    :raises StorageFull: nothing can be written beside the database.
    """
    since_ms = instant_ms(wanted.since, "/since")
    options = ["--since", to_rfc3339(hub.now() - DAY_MS if since_ms is None else since_ms)]
    if wanted.components is not None:
        options += ["--components", ",".join(wanted.components)]
    begun = BundleView(state="making", id=new_id(), started_at=to_rfc3339(hub.now()))
    lock = _take_place(hub, begun)
    arguments = [*command, *options, "--output", str(_file(hub, begun))]
    making = threading.Thread(target=_make, args=(hub, begun, arguments, lock), name="smrthub-bundle", daemon=True)
    try:
        making.start()
    except RuntimeError:  # the system gives no more threads
        lock.release()
        raise
    return begun


def get_bundle(hub: Hub) -> BundleView:
    """Say where the bundle stands."""
    try:
        found = read_json(_folder(hub) / "bundle.json")
        view = msgspec.convert(found["bundle"], learned(BundleView))
    except (OSError, HubError, LookupError, TypeError, msgspec.ValidationError):
        return BundleView(state="none")
    if view.state == "making" and not still_runs(found):
        return msgspec.structs.replace(view, state="failed", failure=_INTERRUPTED)
    return view


def read_bundle(hub: Hub) -> tuple[str, bytes]:
    """Return the bundle that was made last: a name for it, and its bytes.

    :raises NotFound: there is none, or it is not there yet.
    """
    view = get_bundle(hub)
    if view.report is not None:
        stamp = re.sub(r"[-:]", "", view.report.made_at[:19]).replace("T", "-")
        with suppress(OSError):
            return f"smrthub-bundle-{stamp}.zip", _file(hub, view).read_bytes()
    raise NotFound("There is no bundle: GET /support-bundle says where it stands.")


def remove_bundle(hub: Hub) -> None:
    """Remove the bundle that was made last.

    :raises NotFound: there is none.
    :raises Conflict: one is being made.
    """
    view = get_bundle(hub)
    if view.state == "making":
        raise Conflict("A bundle is being made: wait for it.")
    if view.state == "none":
        raise NotFound("There is no bundle.")
    for path in (_file(hub, view), _folder(hub) / "bundle.json"):
        path.unlink(missing_ok=True)


def _take_place(hub: Hub, begun: BundleView) -> FileLock:
    """Take the lock, note what begins, and remove the one before."""
    folder = _folder(hub)
    with _writable():
        lock = FileLock(make_private(folder) / "bundle.lock")
        is_taken = not lock.try_acquire()
    if is_taken:
        raise Conflict("A bundle is being made already: GET /support-bundle says when it is there.")
    try:
        with _writable():
            for stray in (*folder.glob("*.zip"), *folder.glob(".*.zip.*.tmp")):
                stray.unlink(missing_ok=True)
            _tell(hub, begun)
    except BaseException:
        lock.release()
        raise
    return lock


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except (OSError, HubError):
        raise StorageFull("No bundle can be written beside the database: smrthub doctor says more.") from None


def _make(hub: Hub, begun: BundleView, arguments: Sequence[str], lock: FileLock) -> None:
    """Have the command make it, and tell what became of it: all of this is one thread's."""
    try:
        ended = _run(arguments)
    except Exception as fault:  # noqa: BLE001  # whatever broke, nobody waits for ever
        log.error("The command that makes a support bundle could not be run", exception=fault)
        ended = _BROKEN
    try:
        if isinstance(ended, BundleReport):
            _tell(hub, msgspec.structs.replace(begun, state="made", report=ended))
            log.information("A support bundle was made", bytes=ended.bytes)
        else:
            _tell(hub, msgspec.structs.replace(begun, state="failed", failure=ended))
            log.warning("No support bundle was made: {code}", code=ended.code)
    except (OSError, HubError) as fault:  # then it reads as being made until the hub ends, or the next one begins
        log.error("What became of a support bundle could not be written down", exception=fault)
    finally:
        lock.release()


def _run(arguments: Sequence[str]) -> BundleReport | BundleFailure:
    """Run the command to its end; only what it says in JSON is believed: a crash may quote anything."""
    root = str(Path(__file__).parents[2])  # where this package is, installed or not
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
    with subprocess.Popen(
        arguments, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # a hub without a console opens none for it, on Windows
    ) as process:  # fmt: skip
        atexit.register(process.kill)
        try:
            said, _ = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return _TOO_LONG
        finally:
            atexit.unregister(process.kill)
    try:
        if process.returncode == 0:
            return msgspec.json.decode(said, type=learned(BundleReport))
        return msgspec.json.decode(said, type=dict[Literal["error"], BundleFailure])["error"]
    except (msgspec.MsgspecError, UnicodeDecodeError, LookupError):
        log.error("The command that makes a support bundle broke", exit_code=process.returncode)
        return _BROKEN


def _tell(hub: Hub, view: BundleView) -> None:
    told: dict[str, Any] = {"pid": os.getpid(), "startedAt": to_rfc3339(now_ms()), "bundle": msgspec.to_builtins(view)}
    write_json(_folder(hub) / "bundle.json", told, keep_bak=False)


def _folder(hub: Hub) -> Path:
    return hub.store.folder / "bundle"


def _file(hub: Hub, view: BundleView) -> Path:
    return _folder(hub) / f"{view.id}.zip"
