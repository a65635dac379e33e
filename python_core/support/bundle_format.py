"""What a support bundle is made of: its components and parts, what they are built from, and its manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec

from python_core.support.doctor import Connect
from python_core.support.machine import Machine
from python_core.support.masking import Masker
from python_core.utils.ids import digest_of

FORMAT_VERSION = 1
#: All files together, before they are packed.
MAX_BYTES = 32 << 20
Component = Literal["logs", "config", "health", "store", "system"]
COMPONENTS: tuple[Component, ...] = ("logs", "config", "health", "store", "system")


@dataclass
class Gathering:
    """What the parts are built from, and what they have to tell of themselves: ``notes`` is what was left out and why."""

    machine: Machine
    connect: Connect | None
    since_ms: int
    masker: Masker
    notes: list[str] = field(default_factory=list)


class Part(NamedTuple):
    """One part: its builder gives files by their names."""

    component: Component
    name: str
    build: Callable[[Gathering], Mapping[str, bytes]]


class FileTold(msgspec.Struct, frozen=True):
    """One file of a bundle."""

    bytes: int
    sha256: str


class PartTold(msgspec.Struct, frozen=True):
    """What became of one part: ``included``, ``empty``, ``failed`` with a reason, or ``left out`` for its size."""

    component: str
    name: str
    state: str
    reason: str = ""


class BundleManifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a bundle says of itself; ``redactions`` is how many of what were masked."""

    format: str
    format_version: int
    made_at: str
    since: str
    hub_version: str
    parts: list[PartTold]
    notes: list[str]
    redactions: dict[str, int]
    compared_with: str
    files: dict[str, FileTold]


def files_told(contents: Mapping[str, bytes]) -> dict[str, FileTold]:
    """Return what the manifest tells of each file."""
    return {
        name: FileTold(len(content), digest_of(content).removeprefix("sha256:")) for name, content in contents.items()
    }


def as_json(value: object) -> bytes:
    """Write a value as JSON for people, in ASCII."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
