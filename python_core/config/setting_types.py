"""What several settings are made of: their types, bounds and help."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from python_core.config.migrations import SCHEMA_VERSION

# "$" alone also matches before a closing newline in Python, though not in JSON Schema.
END = r"$(?!\n)"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

SchemaVersion = Annotated[
    int, Meta(ge=1, le=SCHEMA_VERSION, description="Version of this file's form; not to be changed by hand.")
]
LoopbackHost = Annotated[
    str,
    Meta(
        pattern=rf"^(localhost|::1|127(\.{_OCTET}){{3}}){END}",
        description="Address to listen on. Other machines can never reach it.",
        extra={"rule": "a loopback address: 127.0.0.1 (or another 127.x.x.x), ::1 or localhost"},
    ),
]
Port = Annotated[int, Meta(ge=0, le=65535, description="TCP port to listen on; 0 takes any free one.")]
PortFallback = Annotated[
    bool, Meta(description="When the port is taken, take the next free one of ten instead of ending.")
]
AllowedHosts = Annotated[
    tuple[Annotated[str, Meta(pattern=rf"^[A-Za-z0-9.\[\]:_-]{{1,255}}{END}")], ...],
    Meta(
        max_length=32,
        description="Further values of the Host header that are answered, such as `hub.test:5001`.",
        extra={"rule": "a list of at most 32 Host header values, without wildcards"},
    ),
]
ConnectionLimit = Annotated[
    int,
    # select(), with which Waitress waits, ends at 1,024 descriptors, and logs and database need some of them.
    Meta(ge=8, le=900, description="Connections open at once; one more waits until another closes."),
]
RequestTimeout = Annotated[
    int,
    Meta(ge=1, le=600, description="A request that is not complete after so many seconds is cut off."),
]

RequestsPerSecond = Annotated[
    int,
    Meta(ge=1, le=100_000, description="Requests a second of one client in the long run, and twice so many at once."),
]
CheckPeerUser = Annotated[
    bool,
    Meta(description="Refuse other users of this machine, with a valid token too, where the system tells (Linux)."),
]


KeepDays = Annotated[
    int,
    Meta(ge=0, le=36_500, description="What is older than so many days is forgotten, once a day; 0 keeps it for good."),
]
KeepCount = Annotated[
    int,
    Meta(
        ge=0,
        le=1_000_000_000,
        description="So many are kept, the oldest others are forgotten, once a day; 0 keeps all.",
    ),
]
