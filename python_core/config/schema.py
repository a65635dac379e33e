"""Every setting once: name, type, bounds, default, help. Files, schemas, docs and loader follow."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from python_core.config.migrations import SCHEMA_VERSION
from python_core.config.setting_types import (
    END,
    AllowedHosts,
    CheckPeerUser,
    ConnectionLimit,
    KeepCount,
    KeepDays,
    LoopbackHost,
    Port,
    PortFallback,
    RequestsPerSecond,
    RequestTimeout,
    SchemaVersion,
)
from python_core.config.tracking import TRACKING_PARAMETERS

_MIB = 1024 * 1024


class BridgeSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be set of the bridge, the API for desktop windows, commands and agents."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    host: LoopbackHost = "127.0.0.1"
    port: Port = 5001
    port_fallback: PortFallback = True
    allowed_hosts: AllowedHosts = ()
    wsgi_host: Annotated[
        Literal["waitress", "gunicorn", "granian", "cheroot"],
        Meta(
            description="What serves the bridge of a whole hub: `waitress`, its own, or another host, where that is "
            "installed, in a process beside it. Not all that the hub promises holds under another."
        ),
    ] = "waitress"
    threads: Annotated[int, Meta(ge=2, le=64, description="Requests worked on at once, beside the quick ones.")] = 8
    connection_limit: ConnectionLimit = 200
    request_timeout_seconds: RequestTimeout = 15
    requests_per_second: RequestsPerSecond = 500
    check_peer_user: CheckPeerUser = True
    shutdown_timeout_seconds: Annotated[
        int, Meta(ge=1, le=300, description="The hub ends at latest so many seconds after it is asked to.")
    ] = 10
    log_level: Annotated[
        Literal["Verbose", "Debug", "Information", "Warning", "Error", "Fatal"],
        Meta(description="The least level that is written to the logs."),
    ] = "Information"
    log_days: Annotated[int, Meta(ge=1, le=3650, description="Log files are kept for so many days.")] = 14
    log_mib: Annotated[
        int,
        Meta(ge=1, le=10_240, description="Mebibytes of log files at most; the oldest go first."),
    ] = 64
    max_clip_bytes: Annotated[
        int,
        Meta(ge=1024, le=256 * _MIB, description="Largest body of a posted clip, all fragments together."),
    ] = 16 * _MIB
    max_output_bytes: Annotated[
        int, Meta(ge=1024, le=256 * _MIB, description="Largest body of a posted structured output.")
    ] = 4 * _MIB
    max_stored_items: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000_000,
            description="Clips, visits and outputs kept at most; at that number new ones are refused. 0 is no limit.",
        ),
    ] = 0
    max_stored_mib: Annotated[
        int,
        Meta(
            ge=0,
            le=16 * _MIB,
            description="Mebibytes of database and pictures at most; from there on new things are refused. 0 is no limit.",
        ),
    ] = 0
    min_free_disk_mib: Annotated[
        int,
        Meta(
            ge=0,
            le=_MIB,
            description="Mebibytes that stay free on the disk: with less, new things are refused. 0 lets the hub fill it.",
        ),
    ] = 256
    event_streams: Annotated[
        int,
        Meta(
            ge=0,
            le=63,
            description="Event streams, and pages waited for, at once. Each holds a thread: fewer than `threads`.",
        ),
    ] = 4
    event_days: Annotated[int, Meta(ge=1, le=3650, description="Events are kept for so many days.")] = 30
    event_rows: Annotated[
        int,
        Meta(ge=1000, le=10_000_000, description="Events kept at most, however new; a busy month has 60,000."),
    ] = 200_000
    duplicate_window_seconds: Annotated[
        int, Meta(ge=0, le=3600, description="The same clip within so many seconds counts as the one before.")
    ] = 5
    backup_days: Annotated[
        int,
        Meta(
            ge=0,
            le=3650,
            description="Days for which the daily copies of the database are kept; 0 makes none, and leaves what is there.",
        ),
    ] = 7
    keep_clip_days: KeepDays = 0
    keep_visit_days: KeepDays = 0
    keep_output_days: KeepDays = 0
    keep_clips: KeepCount = 0
    keep_visits: KeepCount = 0
    keep_mib: Annotated[
        int,
        Meta(
            ge=0,
            le=16 * _MIB,
            description="Mebibytes of database and pictures kept, about: above, the oldest clips and visits are forgotten. "
            "0 keeps all.",
        ),
    ] = 0
    join_window_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=3600,
            description="A clip is joined to a tab seen at most so many seconds before.",
        ),
    ] = 90
    search_url: Annotated[
        str,
        Meta(
            pattern=rf"^https://[^\s/{{}}]+/\S*\{{query\}}\S*{END}",
            max_length=2048,
            description="The web search that `smrtsearch` opens; `{query}` is where the words go.",
            extra={"rule": "an https:// address with {query} in its path or query"},
        ),
    ] = "https://duckduckgo.com/?q={query}"
    admit_same_user_programs: Annotated[
        bool,
        Meta(
            description="Let this user's own programs, as the system names them, post clips and run triggers without a "
            "token: for desktop programs that send none. Never a browser."
        ),
    ] = False
    unix_socket: Annotated[
        bool,
        Meta(
            description="Serve commands and agents by a Unix socket, too: `bridge.sock` in the folder of runtime files, "
            "which no other user can reach. Not on Windows."
        ),
    ] = False
    test_hooks: Annotated[bool, Meta(description="Answer `POST /_shutdown`, with which a test ends the hub.")] = False


class WebListenerSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be set of the web listener, which takes tabs from browser extensions."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    host: LoopbackHost = "127.0.0.1"
    port: Port = 5000
    port_fallback: PortFallback = True
    allowed_hosts: AllowedHosts = ()
    threads: Annotated[int, Meta(ge=1, le=64, description="Requests worked on at once, beside the quick ones.")] = 4
    connection_limit: ConnectionLimit = 200
    request_timeout_seconds: RequestTimeout = 15
    requests_per_second: RequestsPerSecond = 100
    check_peer_user: CheckPeerUser = True
    max_tab_bytes: Annotated[
        int, Meta(ge=1024, le=16 * _MIB, description="Largest body of a posted tab or batch of tabs.")
    ] = 256 * 1024
    pulse_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=86400,
            description="A tab seen on its page again within so many seconds goes on with its visit.",
        ),
    ] = 120
    max_title_chars: Annotated[int, Meta(ge=16, le=65536, description="Longer titles are cut, with a mark.")] = 1024
    max_url_chars: Annotated[int, Meta(ge=256, le=65536, description="Longer addresses are cut, with a mark.")] = 8192
    excluded_sites: Annotated[
        tuple[Annotated[str, Meta(pattern=rf"^[a-z0-9_-]+(\.[a-z0-9_-]+)*{END}", max_length=253)], ...],
        Meta(
            max_length=1000,
            description="Sites that are never recorded, each with its subdomains: `bank.example`.",
            extra={"rule": "a list of at most 1,000 lower-case host names (punycode where not ASCII)"},
        ),
    ] = ()
    tracking_parameters: Annotated[
        tuple[Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_.~-]+\*?{END}", max_length=100)], ...],
        Meta(
            max_length=1000,
            description="Query parameters dropped from addresses; a closing `*` stands for any ending.",
            extra={"rule": "a list of at most 1,000 parameter names, with `*` only at the end"},
        ),
    ] = TRACKING_PARAMETERS


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of a hub, and what is odd about where they came from but no reason not to start."""

    bridge: BridgeSettings
    web_listener: WebListenerSettings
    warnings: tuple[str, ...] = ()


AnySettings = BridgeSettings | WebListenerSettings


def is_installed(library: str) -> bool:
    """Say whether this Python has a library; it is not imported for it."""
    return importlib.util.find_spec(library) is not None


def contradictions(
    settings: AnySettings, platform: str = sys.platform, installed: Callable[[str], bool] = is_installed
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the settings (by their names in the file) that cannot hold together, or on this system, and why."""
    if not isinstance(settings, BridgeSettings):
        return
    host = settings.wsgi_host
    if host == "gunicorn" and platform == "win32":
        yield (
            ("wsgiHost",),
            "wsgiHost cannot be gunicorn here: gunicorn does not run on Windows; granian and cheroot do",
        )
    elif host != "waitress" and not installed(host):
        install = f"{sys.executable} -m pip install {host}"
        yield ("wsgiHost",), f"wsgiHost is {host}, which is not installed: {install}, or set waitress"
    if settings.unix_socket and host != "waitress":
        yield ("unixSocket", "wsgiHost"), f"unixSocket must be false with {host}: waitress alone serves the socket"
    if settings.unix_socket and platform == "win32":
        yield ("unixSocket",), "unixSocket must be false here: on Windows Python has no Unix sockets"
    if settings.event_streams >= settings.threads:
        yield (
            ("eventStreams", "threads"),
            "eventStreams must be smaller than threads: a stream holds a thread",
        )
