"""``smrthub pair`` and ``token``: who may call the hub."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from python_core.cli.options import ALL, json_option, list_items, reach_hub
from python_core.cli.terminal import local_time, note, one_line, say, say_json
from python_core.errors import HubError, NotFound

if TYPE_CHECKING:
    from python_core.client import HubClient

#: Between two looks at who asks, and how long an approved program gets to fetch its token (it polls every 2 s).
LOOK_S = 1.0
FETCH_S = 30
#: What each kind of client may do unless it is said otherwise; others have no usual scopes.
USUAL_SCOPES = {"extension": "tabs:write"}


@click.command()
@click.option("--seconds", type=click.IntRange(10, 600), default=120, show_default=True, help="How long they may ask.")
def pair(seconds: int) -> None:
    """Let an extension or program ask for access, and decide.

    Run it, press “Pair” in the extension's options, and compare the codes that both show.
    """
    with reach_hub() as hub:
        hub.call("POST", "/pairing/window", {"seconds": seconds})
        note(f"For {seconds} s programs may ask for access. Press “Pair” in the extension's options now.")
        try:
            asking = _wait_for(hub, "pending", seconds)
            while asking is not None and not _is_allowed(hub, asking):
                note("Denied. Waiting for others…")
                asking = _wait_for(hub, "pending", seconds)
            if asking is None:
                raise HubError("Nobody asked. Try again: smrthub pair")
            if _wait_for(hub, "collected", FETCH_S, asking["userCode"]) is None:
                raise HubError("It was allowed but did not fetch its token. Ask from it again: smrthub pair")
        finally:
            hub.call("POST", "/pairing/window", {"seconds": 0})
    say("It has its token. A browser extension waits for your yes on its own page, too.")
    say("To end it one day: smrthub token list, then smrthub token revoke ID")


@click.group()
def token() -> None:
    """Give, list, exchange and revoke access tokens."""


@token.command("create")
@click.option("--name", required=True, help="What will use it, in your words.")
@click.option("--kind", type=click.Choice(["agent", "script", "extension"]), default="script", show_default=True)
@click.option("--scopes", metavar="LIST", help="What it may do, such as search:read,clipboard:read.")
@click.option("--days", type=click.IntRange(1, 3650), help="It ends after so many days.")
@json_option
def create_token(name: str, kind: str, scopes: str | None, days: int | None, as_json: bool) -> None:
    """Make a token for a program; it is shown this once.

    For example: smrthub token create --kind agent --name "My agent" --scopes search:read,clipboard:read
    """
    scopes = scopes or USUAL_SCOPES.get(kind)
    if scopes is None:
        raise click.UsageError("Say what it may do: --scopes search:read,clipboard:read")
    body: dict[str, Any] = {"name": name, "kind": kind, "scopes": [each.strip() for each in scopes.split(",")]}
    if days is not None:
        body["expiresInSeconds"] = days * 86_400
    with reach_hub() as hub:
        made = hub.call("POST", "/clients", body)
    if as_json:
        say_json(made)
        return
    note("Keep it where only that program reads it: it is not shown again.")
    say(made["token"])


@token.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """List who has a token, and what it allows."""
    with reach_hub() as hub:
        found = list_items(hub, "/clients", ALL)
    if as_json:
        say_json(found)
        return
    for item in found["items"]:
        _say_client(item)


@token.command("show")
@click.argument("client_id", metavar="[ID]", required=False)
@json_option
def show_token(client_id: str | None, as_json: bool) -> None:
    """Print your own token, which allows everything.

    With ID, show who has that one and when it was used last.
    """
    with reach_hub() as hub:
        if client_id is not None:
            item = next((each for each in list_items(hub, "/clients", ALL)["items"] if each["id"] == client_id), None)
            if item is None:
                raise NotFound("There is no client of that id: see smrthub token list")
            say_json(item) if as_json else _say_client(item)
            return
        hub.prove()
        note("Whoever has this can read all that was copied. It ends when the hub does; for programs: token create.")
        say_json({"token": hub.server.token}) if as_json else say(hub.server.token)


@token.command("rotate")
@click.argument("client_id", metavar="ID")
@json_option
def rotate_token(client_id: str, as_json: bool) -> None:
    """Give a client another token; its old one ends at once.

    The new one is shown this once.
    """
    from python_core.client import path_of

    with reach_hub() as hub:
        made = hub.call("POST", path_of("clients", client_id, "rotate"))
    if as_json:
        say_json(made)
        return
    if made["client"]["kind"] == "extension":
        note("The extension does not learn of it: pair it again, or paste this under “Other ways” in its options.")
    else:
        note("Keep it where only that program reads it: it is not shown again.")
    say(made["token"])


@token.command("revoke")
@click.argument("client_id", metavar="ID")
@json_option
def revoke_token(client_id: str, as_json: bool) -> None:
    """End a token at once."""
    from python_core.client import path_of

    with reach_hub() as hub:
        hub.call("DELETE", path_of("clients", client_id))
    if as_json:
        say_json({"revoked": client_id})
    else:
        say(f"Revoked {client_id}")


def _wait_for(hub: HubClient, state: str, timeout_s: float, user_code: str | None = None) -> dict[str, Any] | None:
    """Return the request that is in this state, once there is one; None when the window is over before."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = hub.call("GET", "/pairing")
        for item in found["items"]:
            if item["state"] == state and user_code in (None, item["userCode"]):
                return dict(item)
        if state == "pending" and not found["open"]:
            return None
        time.sleep(LOOK_S)
    return None


def _is_allowed(hub: HubClient, asking: dict[str, Any]) -> bool:
    """Show who asks, and do what the user says."""
    from python_core.client import path_of

    say(f"\n  Who     {one_line(asking['name'])}")
    say(f"  Is      {asking['kind']}{', at ' + one_line(asking['origin']) if asking['origin'] else ''}")
    say(f"  Wants   {one_line(' '.join(asking['scopes']))}")
    say(f"  Code    {click.style(asking['userCode'], bold=True)}\n")
    allowed = click.confirm("Does it show the same code, and may it?", err=True)
    hub.call("POST", path_of("pairing", asking["userCode"]), {"decision": "approve" if allowed else "deny"})
    return allowed


def _say_client(item: dict[str, Any]) -> None:
    used = local_time(item["lastUsedAt"]) or "never"
    say(f"{click.style(item['id'], fg='cyan')}  {one_line(item['kind'])}  {one_line(item['name'], 60)}")
    say(f"  since {local_time(item['createdAt'])}, last used {used}{_end(item)}")
    say(click.wrap_text(one_line(" ".join(item["scopes"])), 78, "  ", "  "))
    if item["origin"]:
        say(f"  {one_line(item['origin'])}")


def _end(item: dict[str, Any]) -> str:
    if item["revokedAt"]:
        return click.style(f", revoked {local_time(item['revokedAt'])}", fg="red")
    return f", until {local_time(item['expiresAt'])}" if item["expiresAt"] else ""
