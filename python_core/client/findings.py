"""What can go wrong with a call: no hub, somebody else in its place, or what the hub itself finds wrong."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from python_core import errors
from python_core.errors import Busy, Detail, HubError, NotReachable

_CLASSES: tuple[type[HubError], ...] = (
    errors.BadInput,
    errors.NotFound,
    errors.Conflict,
    errors.Gone,
    errors.PreconditionFailed,
    errors.TooLarge,
    errors.UnsupportedMediaType,
    errors.StorageFull,
)
_CLASS_OF_CODE = {each.code: each for each in _CLASSES}


class Stranger(NotReachable):
    """Another program answers on the hub's port; it was told nothing."""


class Refused(HubError):
    """The hub refused with a code that has no class of its own, such as ``insufficient_scope``."""

    code: ClassVar[str] = "refused"

    def __init__(self, code: str, message: str, *, details: tuple[Detail, ...] = ()) -> None:
        super().__init__(message, details=details)
        self.code = code  # type: ignore[misc]  # one class for all these codes


def object_of(content: bytes) -> dict[str, Any]:
    """Read a reply's JSON object; empty for anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def finding_of(status: int, headers: dict[str, str], content: bytes) -> HubError:
    """Build the exception for a reply that is no success.

    :param headers: by their names in lower case.
    """
    told = object_of(content).get("error")
    if not isinstance(told, dict):
        if status == 503:
            return Busy("The hub is not ready: its store does not answer. Its log says why.")
        return HubError("The hub answered with an error that this version does not understand.")
    code, message = str(told.get("code")), str(told.get("message"))
    places = [each for each in told.get("details", ()) if isinstance(each, dict)]
    details = tuple(Detail(str(each.get("at")), str(each.get("message"))) for each in places)
    if code in _CLASS_OF_CODE:
        return _CLASS_OF_CODE[code](message, details=details)
    if code == "busy":
        wait = headers.get("retry-after", "")
        return Busy(message, retry_after_s=int(wait) if wait.isdecimal() else 1)
    if code == "internal":
        message = f"{message} ({headers.get('x-trace-id')})"
    return Refused(code, message, details=details)
