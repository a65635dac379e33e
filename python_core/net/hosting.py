"""Run the servers, the runtime files, the workers and the heartbeats of one process, and end them in order."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from python_core.config import Settings, load_or_seed_settings
from python_core.errors import HubError
from python_core.net.flask_later import FlaskLater
from python_core.net.front import build_front, endpoints_of
from python_core.net.lanes import Dispatcher
from python_core.net.malloc_arenas import share_one_arena
from python_core.net.ports import Bound, bind
from python_core.net.routes import subjects_of
from python_core.net.runtime_files import RuntimeFile
from python_core.net.serving import Server, waitress_options
from python_core.net.system_notice import tell_update
from python_core.net.unix_socket import UnixSocket, bind_unix
from python_core.runtime.backups import EVERY_S, keep_daily_copies
from python_core.runtime.hub import Hub
from python_core.runtime.ledger import write_notes
from python_core.runtime.owner_session import begin_owner_session, given_token, join_owner_session
from python_core.runtime.privacy import LiveRules, load_rules
from python_core.runtime.save_worker import save_and_route_worker
from python_core.runtime.status import end_beat, forget_beats, record_beat
from python_core.runtime.upkeep import tidy
from python_core.store import Store, open_store
from python_core.utils.config_path_resolver import Paths, resolve_paths
from python_core.utils.heartbeat import Heartbeat
from python_core.utils.logger import configure_logs, get_logger_for

if TYPE_CHECKING:
    from python_core.net.server_process import ServerProcess

#: How often each part tells that it lives, as docs/health.md says.
BEAT_INTERVAL_S = {"bridge": 15, "web_listener": 20, "save_worker": 30, "daily_copy": int(EVERY_S)}
#: A server's loop turns every few seconds: six intervals without a turn and it never will.
HUNG_INTERVALS = 6
log = get_logger_for("python-net", __name__)


def tag_of(service: str) -> str:
    """Return what the heartbeat of a service is called."""
    return service.replace("-", "_")


@dataclass
class Host:
    """All that one process of ours runs: servers, and with ``works`` the save worker.

    With ``whole`` the bridge is served by the host that the settings name.
    """

    settings: Settings
    store: Store
    paths: Paths
    token: str | None
    servers: list[Server | ServerProcess] = field(default_factory=list)
    whole: bool = False
    works: bool = True
    rules: LiveRules = field(default_factory=LiveRules)
    _hub: Hub = field(init=False)
    _files: dict[str, RuntimeFile] = field(default_factory=dict)
    _beats: list[Heartbeat] = field(default_factory=list)
    _stop_work: threading.Event = field(default_factory=threading.Event)
    _workers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hub = Hub(self.settings, self.store, rules=self.rules)

    def add(self, service: str) -> Server | ServerProcess:
        """Bind a server's port and build what answers there from ``start`` on."""
        if service == "bridge":
            section: Any = self.settings.bridge
            largest = max(section.max_clip_bytes, section.max_output_bytes)
        else:
            section = self.settings.web_listener
            largest = section.max_tab_bytes
        self._files[service] = RuntimeFile(self.paths, service, self.token)
        self._files[service].check()
        bound = bind(service, section.host, section.port, fallback=section.port_fallback)
        if bound.note:
            log.warning(
                "The wanted port {wanted} is taken; {service} listens on {port}",
                wanted=section.port,
                service=service,
                port=bound.port,
            )
        server = self._server(service, section, bound, largest)
        self.servers.append(server)
        return server

    def _server(self, service: str, section: Any, bound: Bound, largest: int) -> Server | ServerProcess:
        if service == "bridge" and self.whole and section.wsgi_host != "waitress":
            from python_core.net.other_hosts import serve_by_other  # what the usual start does not need

            return serve_by_other(service, bound, section, self._hub)
        subjects = subjects_of(service)
        front = build_front(service, self._hub, subjects, section, FlaskLater(self._hub, subjects, section))
        options, unix = waitress_options(section, largest), self._unix_socket(service)
        dispatcher = Dispatcher(endpoints_of(subjects, section), section.threads, self.store.gather_by)
        return Server(service, front, bound, options, section.request_timeout_seconds, dispatcher, unix)

    def start(self) -> None:
        """Start the servers, the worker and the heartbeats, and tell where the servers are in the runtime files."""
        tidy(self._hub)
        tags = [tag_of(server.service) for server in self.servers]
        forget_beats(self._hub, [*tags, *(("save_worker", "daily_copy") if self.works else ())])
        for server in self.servers:
            server.on_turn = self._beat(tag_of(server.service)).pulse
            server.start()
        self._tell_where()
        for server in self.servers:
            log.information("{service} listens on port {port}", service=server.service, port=server.bound.port)
        if self.works:
            self._work("save_worker", save_and_route_worker)
            self._work("daily_copy", keep_daily_copies)

    def keep_told(self) -> None:
        """Tell anew where the servers are when somebody has removed the runtime files: else nobody finds them."""
        if all(file.path.exists() for file in self._files.values()):
            return
        with contextlib.suppress(OSError, HubError):  # the next look tries again
            self._tell_where()
            log.warning("The runtime files were gone, and are written anew")

    def _tell_where(self) -> None:
        for server in self.servers:
            bound, file = server.bound, self._files[server.service]
            unix = server.unix.path if server.unix else None
            file.write(self._hub, bound.url, bound.host, bound.port, socket=unix, always=self.whole)

    def stop(self) -> None:
        """End all of it in order, within ``shutdownTimeoutSeconds``; what is queued stays queued."""
        timeout_s = self.settings.bridge.shutdown_timeout_seconds
        end = time.monotonic() + timeout_s
        for server in self.servers:
            self._files[server.service].remove()
            if server.unix:
                server.unix.remove()
            server.stop(timeout_s - 1)
        self.store.news.end()  # and with it the streams: who follows connects again
        self._stop_work.set()
        self._hub.work_queued.set()
        for server in self.servers:
            server.join()
        for thread in self._workers:
            thread.join(max(0.1, end - time.monotonic()))
        for heartbeat in self._beats:
            heartbeat.stop()
            end_beat(self._hub, heartbeat.tag)
        write_notes(self._hub)
        self.store.close()
        log.information("Ended in order")

    def broken_part(self) -> str | None:
        """Name a part that has ended by itself, or a server that has hung for six of its intervals; None when all is well.

        A worker that is silent is told by ``/status`` alone: to forget a million things in order takes it minutes.
        """
        for name, is_alive in (
            *((server.service, server.is_alive()) for server in self.servers),
            *((worker.name, worker.is_alive()) for worker in self._workers),
        ):
            if not is_alive:
                return name
        serving = {tag_of(server.service) for server in self.servers}
        hung = (
            each.tag
            for each in self._beats
            if each.tag in serving and each.silence_s > HUNG_INTERVALS * each.interval_s
        )
        return next(hung, None)

    def _work(self, tag: str, work: Callable[[Hub, threading.Event, Heartbeat], None]) -> None:
        arguments = (self._hub, self._stop_work, self._beat(tag))
        name = f"smrthub-{tag.replace('_', '-')}"
        self._workers.append(threading.Thread(target=work, args=arguments, name=name, daemon=True))
        self._workers[-1].start()

    def _beat(self, tag: str) -> Heartbeat:
        interval_s = BEAT_INTERVAL_S[tag]
        note = next((each.bound.note for each in self.servers if tag_of(each.service) == tag), "")

        def beat(module: str, level: str, detail: str) -> None:
            try:
                record_beat(self._hub, module, interval_s, level, "; ".join(filter(None, (detail, note))))
            except HubError as finding:
                log.warning("The sign of life of {module} could not be written", module=module, exception=finding)
                raise
            write_notes(self._hub)

        heartbeat = Heartbeat(interval_s, tag, beat)
        heartbeat.start()
        self._beats.append(heartbeat)
        return heartbeat

    def _unix_socket(self, service: str) -> UnixSocket | None:
        if service != "bridge" or not self.settings.bridge.unix_socket:
            return None
        unix = bind_unix(self._files[service].socket_path)
        if unix is None:
            log.warning("Another process of this user serves on the Unix socket; this one goes on without")
        return unix


def make_host(*, whole: bool, works: bool = True) -> Host:
    """Read the settings, open the store and prepare a host without servers.

    :param whole: this is the hub itself: the owner's token is made anew. Else it joins what others began.
    :raises SettingsInvalid: a settings file cannot be used.
    """
    os.umask(0o077)
    share_one_arena()
    sys.setswitchinterval(0.0005)  # trims p99 under threads by a fifth to a third
    paths = resolve_paths()
    settings = load_or_seed_settings(paths)
    rules = load_rules(paths)
    bridge = settings.bridge
    configure_logs(paths, level=bridge.log_level, days=bridge.log_days, max_total_bytes=bridge.log_mib * 1024 * 1024)
    store = open_store(paths.stored(), tell_update)
    given = given_token(os.environ)
    session = begin_owner_session if whole else join_owner_session
    token = session(Hub(settings, store), given)
    return Host(settings, store, paths, None if given else token, whole=whole, works=works, rules=rules)


def start_flask_bridge() -> Host:
    """Start the bridge and the save worker in this process and return their host; ``stop()`` ends them."""
    return _start("bridge", works=True)


def start_web_listener() -> Host:
    """Start the web listener in this process and return its host; ``stop()`` ends it."""
    return _start("web-listener", works=False)


def _start(service: str, *, works: bool) -> Host:
    host = make_host(whole=False, works=works)
    host.add(service)
    host.start()
    return host
