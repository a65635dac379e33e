"""Findings that the hub reports to its callers; each class is one error code of the HTTP contract.

Verbs raise them; ``net.failures`` gives each code its HTTP status and shape, the CLI its exit code.
A message is fixed text of ours: it never holds anything that was captured or sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Detail:
    """One fault at one place: ``at`` is a JSON pointer into the body, or ``?name`` for a query parameter."""

    at: str
    message: str


class HubError(Exception):
    """Say what is wrong and, where it helps, what to do about it."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, details: Iterable[Detail] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class BadInput(HubError):
    """The request cannot be understood or breaks a stated rule; ``details`` point at the places."""

    code = "bad_input"

    @classmethod
    def at(cls, pointer: str, message: str) -> BadInput:
        """Build a finding about one place, told both in the sentence and in ``details``."""
        return cls(message, details=[Detail(pointer, message)])


class NotFound(HubError):
    """Nothing of that id is stored."""

    code = "not_found"


class Conflict(HubError):
    """The request contradicts what is stored."""

    code = "conflict"


class Gone(HubError):
    """It was here and has been removed for good."""

    code = "gone"


class PreconditionFailed(HubError):
    """``If-Match`` names a revision that is no longer current."""

    code = "precondition_failed"


class TooLarge(HubError):
    """A body or a part of it is over its limit."""

    code = "too_large"


class UnsupportedMediaType(HubError):
    """The body is not what the route takes."""

    code = "unsupported_media_type"


class Busy(HubError):
    """The hub cannot do it at this moment; trying again after ``retry_after_s`` seconds is right."""

    code = "busy"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StorageFull(HubError):
    """The disk or a limit of the settings has no room; nothing of the request was stored."""

    code = "storage_full"


class SettingsInvalid(HubError):
    """A settings file cannot be used; the start ends with exit code 78 and the file stays untouched."""

    code = "settings_invalid"


class NotReachable(HubError):
    """No hub of this user answers; the CLI exits with code 3."""

    code = "not_reachable"


class AuthorizationPending(HubError):
    """The user has not decided yet."""

    code = "authorization_pending"


class SlowDown(HubError):
    """The program asks more often than the interval."""

    code = "slow_down"


class AccessDenied(HubError):
    """The user said no, or no pairing is under way."""

    code = "access_denied"


class ExpiredToken(HubError):
    """The request is over: begin again."""

    code = "expired_token"
