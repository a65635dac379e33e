"""What a window may see of the hub's live state: a copy of bounded size, JSON through and through."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence, Set
from itertools import islice
from types import NoneType
from typing import Any

import msgspec

MAX_BYTES = 64 * 1024

_MARK = "…"
_MARK_BYTES = len('"…"'.encode())
_COUNT_BYTES = len('"…":9999999999,'.encode())  # the entry that tells how many were left out
_SMALL_BYTES = 64  # so much an entry may always take while there is room, whatever its share
_SCALARS = (int, float, NoneType, bytes, bytearray, memoryview)  # bytes are a sequence too
_CONTAINERS = (Mapping, Sequence, Set)
_MAX_DEPTH = 8
_MAX_ITEMS = 200
_MAX_CHARS = 4096
_MAX_INTEGER = 2**53 - 1  # the largest that JavaScript holds exactly


def snapshot(results: Mapping[str, object], *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Copy live state deeply, into at most ``max_bytes`` (2 or more) of compact UTF-8 JSON.

    A big entry has an equal share of the room that is left, so that it never crowds out those after it. Long
    texts end with ``…``; where entries are left out, ``…`` tells how many; too deep a part is ``…`` itself. What
    JSON does not have becomes the name of its type, because a repr may hold anything.
    """
    return _copy_of_mapping(results, max_bytes, _MAX_DEPTH)


def _copy(value: object, room: int, depth: int) -> Any:
    """Copy a value into at most ``room`` bytes, of which there are ``_MARK_BYTES`` or more."""
    if isinstance(value, str):
        return _cut(value, room)
    if isinstance(value, _SCALARS) or not isinstance(value, _CONTAINERS):
        return _plain(value, room)
    if len(value) > 0 and (depth == 0 or room < _COUNT_BYTES + 2):
        return _MARK
    if isinstance(value, Mapping):
        return _copy_of_mapping(value, room, depth - 1)
    return _copy_of_list(value, room, depth - 1)


def _copy_of_mapping(mapping: Mapping[Any, object], room: int, depth: int) -> dict[str, Any]:
    copied: dict[str, Any] = {}
    left = room - 2 - _COUNT_BYTES
    items = _first_of(mapping.items())
    for taken, (key, value) in enumerate(items):
        name = _cut(key if isinstance(key, str) else str(_plain(key, _SMALL_BYTES)), 2 * _SMALL_BYTES)
        beside = _size(name) + 2  # colon, comma
        share = _share(left, len(items) - taken) - beside
        if share < _MARK_BYTES:
            break
        copied[name] = _copy(value, share, depth)
        left -= _size(copied[name]) + beside
    if (left_out := len(mapping) - len(copied)) > 0 and room >= _COUNT_BYTES + 2:
        copied[_MARK] = left_out
    return copied


def _copy_of_list(values: Collection[object], room: int, depth: int) -> list[Any]:
    copied: list[Any] = []
    left = room - 2 - _COUNT_BYTES
    items = _first_of(values)
    for taken, value in enumerate(items):
        share = _share(left, len(items) - taken) - 1  # comma
        if share < _MARK_BYTES:
            break
        copied.append(_copy(value, share, depth))
        left -= _size(copied[-1]) + 1
    if (left_out := len(values) - len(copied)) > 0:
        copied.append(f"{_MARK}{left_out}")
    return copied


def _share(left: int, entries: int) -> int:
    return max(left // entries, min(left, _SMALL_BYTES))


def _first_of(values: Collection[Any]) -> list[Any]:
    for _ in range(3):
        try:
            return list(islice(values, _MAX_ITEMS))
        except (RuntimeError, KeyError):
            continue  # another thread changed it on the way
    return []


def _cut(text: str, room: int) -> str:
    """Cut a text such that it takes at most ``room`` bytes as JSON; lone surrogates, which UTF-8 lacks, are ``?``."""
    whole = len(text) <= _MAX_CHARS
    text = text[:_MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
    if whole and _size(text) <= room:
        return text
    fits = bisect_right(range(len(text) + 1), room, key=lambda chars: _size(text[:chars] + _MARK))
    return text[: fits - 1] + _MARK


def _plain(value: object, room: int) -> Any:
    plain: object = f"<{type(value).__name__}>"
    if value is None or isinstance(value, bool):
        plain = value
    elif isinstance(value, int) and abs(value) <= _MAX_INTEGER:
        plain = int(value)
    elif isinstance(value, float):
        plain = float(value) if math.isfinite(value) else None
    return plain if _size(plain) <= room else _MARK


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))
