"""A server of the hub's under another WSGI host: a process of its own that is watched, ended in order and never left behind."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from python_core.errors import HubError
from python_core.net.ports import Bound
from python_core.net.unix_socket import UnixSocket
from python_core.runtime.hub import OWNER
from python_core.utils.log_texts import free_text
from python_core.utils.logger import get_logger_for

#: Tells each process of another host which one the hub is.
HOSTED_BY = "SMRTHUB_HOSTED_BY"
#: What the system's supervisor tells the hub is for the hub alone.
_FOR_THE_HUB = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")
#: Between two looks whether the process is there, between two times that it has to answer, and how long that may take.
LOOK_S, ASK_EVERY_S, ANSWER_S = 1.0, 5.0, 5.0
#: Until it answers first, a process may take so long.
START_S = 60.0
#: Its output may have been handed on to who knows whom: so long its end is waited for.
READ_S = 1.0
#: Within less than the least pause before a supervisor starts the next hub, which wants the port again.
GONE_S = 0.5
#: Of an answer no more is read: ours is a tenth of that.
PING_BYTES = 4_096
log = get_logger_for("python-net", __name__)


class _Proven(msgspec.Struct):
    proof: str | None = None


class ServerProcess:
    """One service on one port by another host's process: has the members by which a host treats its servers.

    ``note`` is what a person is told of it at the start.

    :param prove: returns the proof that is to come for a text: another program may have taken the port meanwhile.
    :param ask: the signal by which it is asked to end; on Windows that is Ctrl-Break.
    """

    unix: UnixSocket | None = None

    def __init__(
        self,
        service: str,
        bound: Bound,
        library: str,
        command: Sequence[str],
        *,
        folder: Path,
        prove: Callable[[str], str | None],
        ask: int = signal.SIGTERM,
        start_s: float = START_S,
    ) -> None:
        self.service, self.bound, self.library = service, bound, library
        self.note = ""
        self.on_turn: Callable[[], None] = lambda: None
        self._prove = prove
        self._command, self._folder, self._ask, self._start_s = list(command), folder, ask, start_s
        self._said: deque[str] = deque(maxlen=5)
        self._end = threading.Event()
        self._stop_by = 0.0
        self._process: subprocess.Popen[bytes]
        self._thread = threading.Thread(target=self._watch, name=f"smrthub-{service}", daemon=True)
        self._reader = threading.Thread(target=self._keep_last_words, name=f"smrthub-{service}-says", daemon=True)

    def start(self) -> None:
        """Start the process, and wait until it answers.

        :raises HubError: it does not; with what it said.
        """
        self.bound.socket.close()
        environ = {name: value for name, value in os.environ.items() if name not in _FOR_THE_HUB}
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=environ | {HOSTED_BY: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **_group_of_its_own(),
        )
        self._reader.start()
        self._await_first_answer()
        log.information("{library} serves the {service}", library=self.library, service=self.service)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Have it asked to end, and killed when it has not ended within ``timeout_s``."""
        self._stop_by = time.monotonic() + timeout_s
        self._end.set()

    def is_alive(self) -> bool:
        """Say whether it runs."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()
        self._reader.join(READ_S)

    def _await_first_answer(self) -> None:
        end = time.monotonic() + self._start_s
        while not self._answers():
            code = self._process.poll()
            if code is not None or time.monotonic() >= end:
                self._leave_nobody()
                self._reader.join(READ_S)
                how = f"has not answered for {self._start_s:.0f} s" if code is None else f"ended with exit code {code}"
                said = "".join(f"\n  {line}" for line in self._said) or " nothing."
                raise HubError(f"{self.library} does not serve the {self.service}: it {how}. It said last:{said}")
            time.sleep(0.05)

    def _watch(self) -> None:
        try:
            ask_at = time.monotonic() + ASK_EVERY_S
            while not self._end.wait(LOOK_S) and self._process.poll() is None:
                if time.monotonic() >= ask_at:  # by the clock: at once after a machine's sleep
                    ask_at = time.monotonic() + ASK_EVERY_S
                    if self._answers():
                        self.on_turn()
            code = self._process.poll()
            if code is None:
                self._ask_to_end()
            else:
                log.error("{library} has ended by itself, exit code {exit_code}", library=self.library, exit_code=code)
        finally:
            self._leave_nobody()

    def _answers(self) -> bool:
        """Ask what anyone may ask, for a proof that who answers knows the owner's token."""
        nonce = secrets.token_hex(16)
        proof = self._prove(f"smrthub {self.service} {self.bound.port} {nonce}")
        connection = http.client.HTTPConnection(self.bound.host, self.bound.port, timeout=ANSWER_S)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("GET", f"/ping?client={OWNER}&nonce={nonce}")
            reply = connection.getresponse()
            said = reply.read(PING_BYTES)
            with suppress(msgspec.MsgspecError):
                return proof is not None and msgspec.json.decode(said, type=_Proven).proof == proof
        return False

    def _ask_to_end(self) -> None:
        try:
            if sys.platform == "win32":
                self._process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                self._process.send_signal(self._ask)
            self._process.wait(max(0.1, self._stop_by - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("{library} has not ended in time, and is killed", library=self.library)
        except OSError:  # without a console, Windows cannot ask
            log.warning("{library} cannot be asked to end, and is killed", library=self.library)

    def _leave_nobody(self) -> None:
        """End what is left: a host's main process that was killed leaves its workers, which go on serving."""
        if sys.platform == "win32":
            self._process.kill()  # its workers see that the hub goes
        else:
            with suppress(ProcessLookupError, PermissionError):  # macOS says the second of a group of zombies
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _keep_last_words(self) -> None:
        """Read what it says, so that it never waits for a reader; shown at a failed start alone, since it may quote requests."""
        output: IO[bytes] = self._process.stdout  # type: ignore[assignment]
        with output:
            for line in output:
                self._said.append(free_text(line.decode("utf-8", "replace").strip()))


def _group_of_its_own() -> dict[str, Any]:
    """A terminal's Ctrl-C is for the hub, which then asks for the end; and the group is what can be killed as a whole."""
    options: dict[str, Any] = {}
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        options["process_group"] = 0
    return options


def end_with_hub(environ: Mapping[str, str]) -> bool:
    """Where the hub has started this host, end all of the host's processes once the hub is gone; else return False."""
    hub = environ.get(HOSTED_BY)
    if hub is not None:
        threading.Thread(target=_end_after, args=(int(hub),), name="smrthub-hub-watch", daemon=True).start()
    return hub is not None


def _end_after(pid: int) -> None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        hub = psutil.Process(pid)
        while hub.is_running() and hub.status() != psutil.STATUS_ZOMBIE:
            time.sleep(GONE_S)
    if sys.platform == "win32":
        os._exit(1)  # a host whose worker ends so ends, too
    else:
        os.killpg(0, signal.SIGKILL)  # as the hub was; what was acknowledged is stored
