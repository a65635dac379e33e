"""Tokens: told once, kept as a hash, over at once in every process, bound to what they were given for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from python_core.errors import BadInput, Conflict, NotFound, SettingsInvalid
from python_core.runtime.clients import (
    SCOPES,
    ClientMade,
    NewClient,
    bind_origin,
    client_of,
    is_paired_origin,
    list_clients,
    make_client,
    revoke_client,
    rotate_token,
)
from python_core.runtime.hub import OWNER, Hub
from python_core.runtime.ledger import note_use, write_notes
from python_core.runtime.notes import WRITE_USES_AFTER_MS
from python_core.runtime.owner_session import begin_owner_session, given_token, join_owner_session
from python_core.store import open_store
from python_core.store.clients import get_client, is_trusted, set_trusted
from tests.hubs import NOON_MS, Clock, caller, make_hub, page_of_events, run_python, wait_for_ledger

ORIGIN = "chrome-extension://" + "a" * 32

ASK = """
import sys
from pathlib import Path
sys.path.insert(0, ".")
from python_core.runtime.clients import client_of
from python_core.runtime.owner_session import join_owner_session
from python_core.store import open_store
from python_core.store.clients import get_client, is_trusted, set_trusted
from tests.hubs import Clock, make_hub
hub = make_hub(open_store(Path(sys.argv[1])), Clock(int(sys.argv[2])))
found = client_of(hub, sys.argv[3])
print(found.id if found else None, join_owner_session(hub, None))
"""


def make(hub: Hub, **said: Any) -> ClientMade:
    wanted = {"name": "a script", "kind": "script", "scopes": ["status:read"]} | said
    return make_client(hub, caller(), msgspec.convert(wanted, NewClient))


def extension(hub: Hub, **said: Any) -> ClientMade:
    return make(hub, kind="extension", scopes=["tabs:write"], **said)


def test_a_token_is_told_once_and_kept_as_a_hash(hub: Hub) -> None:
    made = make(hub, scopes=["search:read", "status:read", "search:read"])
    found = client_of(hub, made.token)
    assert found is not None
    assert (found.id, found.scopes) == (made.client.id, "search:read status:read")
    assert [client.id for client in list_clients(hub).items] == [made.client.id]
    secret = made.token.rpartition("_")[2].encode()
    hub.store.close()
    assert not [path for path in hub.store.folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_every_token_is_another(hub: Hub) -> None:
    assert len({make(hub).token for _ in range(20)}) == 20


SPOILS = {
    "nothing": lambda token: "",
    "cut": lambda token: token[:-1],
    "longer": lambda token: token + "0",
    "a space behind": lambda token: token + " ",
    "a space before": lambda token: " " + token,
    "a line break": lambda token: token + "\n",
    "capitals": lambda token: token.upper(),
    "another digit": lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
    "another beginning": lambda token: token.replace("shb_", "shc_"),
    "no secret": lambda token: token.rpartition("_")[0],
    "the owner's id": lambda token: "shb_owner_" + token.rpartition("_")[2],
    "a stranger's id": lambda token: "shb_nobody_" + token.rpartition("_")[2],
    "half a surrogate": lambda token: "\u00e9\udc80",
    "very long": lambda token: token * 1000,
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_is_not_exactly_the_token_is_nobodys(hub: Hub, spoil: str) -> None:
    begin_owner_session(hub, None)
    assert client_of(hub, SPOILS[spoil](make(hub).token)) is None


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"scopes": ["admin"]}, "/scopes/0"),
        ({"scopes": ["status:read", "canary"]}, "/scopes/1"),
        ({"scopes": ["*"]}, "/scopes/0"),
        ({"kind": "extension", "scopes": ["tabs:write", "clipboard:read"]}, "/scopes"),
        ({"kind": "extension", "scopes": ["clipboard:read"]}, "/scopes"),
        ({"origin": ORIGIN}, "/origin"),
    ],
)
def test_a_client_gets_only_what_is_for_its_kind(hub: Hub, said: dict[str, Any], at: str) -> None:
    with pytest.raises(BadInput) as found:
        make(hub, **said)
    assert [detail.at for detail in found.value.details] == [at]
    assert "canary" not in found.value.message
    assert list_clients(hub).items == []


@pytest.mark.parametrize(
    "said",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": "a\0b"},
        {"kind": "owner"},
        {"scopes": []},
        {"expiresInSeconds": 0},
        {"expiresInSeconds": 10**30},
        {"origin": "https://example.com"},
        {"origin": "chrome-extension://*"},
    ],
)
def test_a_body_of_another_shape_is_no_client(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "a", "kind": "extension", "scopes": ["tabs:write"]} | said, NewClient)


def test_a_token_is_over_when_it_expires(hub: Hub, clock: Clock) -> None:
    made = extension(hub, origin=ORIGIN, expiresInSeconds=10)
    clock.pass_s(9.999)
    assert client_of(hub, made.token)
    assert is_paired_origin(hub, ORIGIN)
    clock.pass_s(0.001)
    assert client_of(hub, made.token) is None
    assert not is_paired_origin(hub, ORIGIN)


def test_a_revoked_token_is_over_at_once_in_every_store_and_process(hub: Hub) -> None:
    made = make(hub)
    other = make_hub(open_store(hub.store.folder), Clock())
    assert client_of(other, made.token)
    assert run_python(ASK, str(hub.store.folder), str(NOON_MS), made.token).split()[0] == made.client.id
    revoke_client(hub, caller(), made.client.id)
    assert client_of(hub, made.token) is None
    assert client_of(other, made.token) is None
    assert run_python(ASK, str(hub.store.folder), str(NOON_MS), made.token).split()[0] == "None"
    assert list_clients(other).items[-1].revoked_at is not None
    other.store.close()


def test_a_rotated_token_is_another_and_the_old_one_is_over_at_once_in_every_store_and_process(hub: Hub) -> None:
    made = make(hub)
    other = make_hub(open_store(hub.store.folder), Clock())
    assert client_of(other, made.token)
    rotated = rotate_token(hub, caller(), made.client.id)
    assert rotated.client == made.client
    for token, found in ((made.token, "None"), (rotated.token, made.client.id)):
        assert run_python(ASK, str(hub.store.folder), str(NOON_MS), token).split()[0] == found
        assert (client_of(other, token) is not None) == (found != "None")
    other.store.close()


def test_a_rotated_token_keeps_scopes_origin_expiry_and_trust(hub: Hub, clock: Clock) -> None:
    made = extension(hub, origin=ORIGIN, expiresInSeconds=10)
    hub.store.write(lambda conn: set_trusted(conn, made.client.id))
    before = client_of(hub, made.token)
    token = rotate_token(hub, caller(), made.client.id).token
    after = client_of(hub, token)
    assert before is not None
    assert after is not None
    assert after._replace(secret_hash=before.secret_hash) == before
    assert is_paired_origin(hub, ORIGIN)
    with hub.store.reading() as conn:
        assert is_trusted(conn, made.client.id)
    clock.pass_s(10)
    assert client_of(hub, token) is None


def test_only_a_client_that_may_call_gets_another_token(hub: Hub, clock: Clock) -> None:
    token = begin_owner_session(hub, None)
    revoked, expired = make(hub), make(hub, expiresInSeconds=1)
    revoke_client(hub, caller(), revoked.client.id)
    clock.pass_s(1)
    for client_id, finding in (
        (OWNER, BadInput),
        ("nobody", NotFound),
        (revoked.client.id, Conflict),
        (expired.client.id, Conflict),
    ):
        with pytest.raises(finding):
            rotate_token(hub, caller(), client_id)
    assert client_of(hub, token)
    assert [event.kind for event in page_of_events(hub, 0, 10, "client_rotated").items] == []


def test_the_last_use_is_known_without_a_write_for_each(hub: Hub, clock: Clock) -> None:
    made = make(hub)

    def kept() -> int | None:
        wait_for_ledger()
        with hub.store.reading() as conn:
            row = get_client(conn, made.client.id)
        return row.last_used_at_ms if row else None

    for _ in range(WRITE_USES_AFTER_MS // 1000):
        note_use(hub, made.client.id)
        clock.pass_s(1)
    assert kept() is None
    note_use(hub, made.client.id)
    assert kept() == clock()
    clock.pass_s(1)
    note_use(hub, made.client.id)
    assert list_clients(hub).items[0].last_used_at == "2026-01-01T12:01:01.000Z"


def test_a_use_that_is_told_late_does_not_hide_a_later_one(hub: Hub, clock: Clock) -> None:
    made = make(hub)
    other = make_hub(open_store(hub.store.folder), clock)
    note_use(hub, made.client.id)
    clock.pass_s(10)
    note_use(other, made.client.id)
    write_notes(other)
    assert list_clients(hub).items[0].last_used_at == "2026-01-01T12:00:10.000Z"
    other.store.close()


def test_granting_and_revoking_is_told_once_and_without_names(hub: Hub) -> None:
    made = make(hub, name="canary")
    for _ in range(2):
        revoke_client(hub, caller(), made.client.id)
    events = page_of_events(hub, 0, 10, None).items
    assert [(event.kind, event.data) for event in events] == [
        ("client_paired", {"id": made.client.id, "clientKind": "script"}),
        ("client_revoked", {"id": made.client.id}),
    ]


def test_the_owner_and_strangers_cannot_be_revoked(hub: Hub) -> None:
    token = begin_owner_session(hub, None)
    with pytest.raises(BadInput):
        revoke_client(hub, caller(), OWNER)
    with pytest.raises(NotFound):
        revoke_client(hub, caller(), "nobody")
    assert client_of(hub, token)


def test_an_extension_is_bound_to_the_first_origin_it_calls_from(hub: Hub) -> None:
    made = extension(hub)
    assert not is_paired_origin(hub, ORIGIN)
    assert bind_origin(hub, made.client.id, ORIGIN)
    assert bind_origin(hub, made.client.id, ORIGIN)
    assert not bind_origin(hub, made.client.id, ORIGIN[:-1] + "b")
    assert is_paired_origin(hub, ORIGIN)
    revoke_client(hub, caller(), made.client.id)
    assert not is_paired_origin(hub, ORIGIN)


def test_the_owners_token_is_new_with_each_session_and_ends_the_one_before(hub: Hub) -> None:
    first = begin_owner_session(hub, None)
    found = client_of(hub, first)
    assert found is not None
    assert set(found.scopes.split()) == set(SCOPES)
    second = begin_owner_session(hub, None)
    assert second != first
    assert client_of(hub, first) is None
    assert client_of(hub, second)


def test_a_host_beside_others_joins_their_session(hub: Hub) -> None:
    token = begin_owner_session(hub, None)
    assert join_owner_session(hub, None) == token
    assert run_python(ASK, str(hub.store.folder), str(NOON_MS), token).split() == [OWNER, token]
    assert client_of(hub, token)


def test_the_first_host_begins_a_session_itself(hub: Hub) -> None:
    token = join_owner_session(hub, None)
    assert token is not None
    assert client_of(hub, token)
    assert join_owner_session(hub, None) == token


def test_a_supervisors_token_is_taken_as_it_is_and_not_known_to_others(hub: Hub) -> None:
    assert begin_owner_session(hub, "a supervisor's own") == "a supervisor's own"
    found = client_of(hub, "a supervisor's own")
    assert found is not None
    assert found.id == OWNER
    assert join_owner_session(hub, None) is None
    assert join_owner_session(hub, "a supervisor's own") == "a supervisor's own"


@pytest.mark.parametrize("given", ["short", "x" * 31, " " + "x" * 40, "x" * 40 + "\n", "é" * 40, "x" * 40 + "\x7f"])
def test_a_supervisors_token_that_could_be_found_by_trying_ends_the_start(given: str) -> None:
    with pytest.raises(SettingsInvalid, match="32 printable") as found:
        given_token({"SMRTHUB_SESSION_TOKEN": given})
    assert given not in found.value.message


def test_an_empty_token_of_a_supervisor_is_none() -> None:
    assert given_token({"SMRTHUB_SESSION_TOKEN": ""}) is given_token({}) is None
    assert given_token({"SMRTHUB_SESSION_TOKEN": "x" * 32}) == "x" * 32


def test_the_owners_secret_is_in_no_token_and_another_hub_has_another(hub: Hub, tmp_path: Path) -> None:
    other = make_hub(open_store(tmp_path / "other"), Clock())
    assert client_of(other, begin_owner_session(hub, None)) is None
    other.store.close()
