"""The owner's token: made anew at each start of the hub, and the same in all processes on one store."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from python_core.errors import SettingsInvalid
from python_core.runtime.clients import SCOPES, hash_of
from python_core.runtime.hub import OWNER, Hub
from python_core.store import Connection, clients, meta
from python_core.store.clients import ClientRow

#: Characters of a supervisor's token at least. ``/ping`` proves to anyone that the hub knows the token, so a short one could be
#: found by trying, without a single call.
GIVEN_AT_LEAST = 32


def given_token(environ: Mapping[str, str]) -> str | None:
    """Return the token that a supervisor gives in ``SMRTHUB_SESSION_TOKEN``, or None.

    :raises SettingsInvalid: it is short, or holds what no header can carry.
    """
    token = environ.get("SMRTHUB_SESSION_TOKEN") or None
    if token is None:
        return None
    if len(token) < GIVEN_AT_LEAST or not (token.isascii() and token.isprintable()) or token != token.strip():
        raise SettingsInvalid(
            f"SMRTHUB_SESSION_TOKEN must have {GIVEN_AT_LEAST} printable ASCII characters at least, of which nobody can "
            "guess any. Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return token


def begin_owner_session(hub: Hub, given: str | None) -> str:
    """Make the owner's token anew and return it; the one before ends in every process at once.

    :param given: a supervisor's token (``SMRTHUB_SESSION_TOKEN``), taken as it is instead.
    """
    secret = hub.identity.secret
    return hub.store.write(lambda conn: _begin(conn, hub, secret, given))


def join_owner_session(hub: Hub, given: str | None) -> str | None:
    """Return the owner's token of the session that others have begun, or begin one; for hosts that run beside others.

    None: a supervisor gave the others a token that this process does not know.
    """

    secret = hub.identity.secret

    def join(conn: Connection) -> str | None:
        owner, session = clients.get_client(conn, OWNER), meta.get_value(conn, "session")
        if given is not None or owner is None or session is None:
            return _begin(conn, hub, secret, given)
        token = _owner_token(secret, session)
        return token if hash_of(token) == owner.secret_hash else None

    return hub.store.write(join)


def _begin(conn: Connection, hub: Hub, secret: str, given: str | None) -> str:
    session = secrets.token_hex(16)
    token = given or _owner_token(secret, session)
    meta.set_value(conn, "session", session)
    clients.set_client(
        conn, ClientRow(OWNER, OWNER, "the user", hash_of(token), " ".join(SCOPES), None, hub.now(), None, None, None)
    )
    return token


def _owner_token(secret: str, session: str) -> str:
    """Derive the token from what all processes on the store share, so that it need not be kept anywhere."""
    return f"shb_{OWNER}_{hmac.new(bytes.fromhex(secret), f'owner {session}'.encode(), hashlib.sha256).hexdigest()}"
