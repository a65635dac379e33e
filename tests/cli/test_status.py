"""``smrthub status``: how the hub is."""

from __future__ import annotations

from tests.cli.terminals import Terminal


def test_it_tells_level_places_and_counts(smrthub: Terminal) -> None:
    smrthub.copy("counted")
    done = smrthub("status")
    assert done.code == 0
    assert " is healthy, running for " in done.out.splitlines()[0]
    for service in ("bridge", "web-listener"):
        assert smrthub.home.facts(service)["url"] in done.out
    assert f"  process       {smrthub.home.facts()['pid']}\n" in done.out
    assert " clip" in done.out


def test_json_has_all_that_the_api_tells_and_the_urls(smrthub: Terminal) -> None:
    told = smrthub("status", "--json").json
    assert told["ready"] is True
    assert told["urls"] == {
        "bridge": smrthub.home.facts()["url"],
        "webListener": smrthub.home.facts("web-listener")["url"],
    }


def test_a_part_that_does_not_run_is_told(idle: Terminal) -> None:
    from tests.whole.hub_home import BRIDGE

    bridge = idle.home.start(*BRIDGE)
    bridge.url()
    assert "  web listener  not running\n" in idle("status").out


def test_a_supervisors_token_is_taken(idle: Terminal) -> None:
    token = "given by a supervisor, 40 characters long"
    idle.home.start_hub(SMRTHUB_SESSION_TOKEN=token)
    assert "SMRTHUB_SESSION_TOKEN" in idle("status").err
    assert idle("status", SMRTHUB_SESSION_TOKEN=token).code == 0
    wrong = idle("status", SMRTHUB_SESSION_TOKEN="another")
    assert (wrong.code, "SMRTHUB_SESSION_TOKEN is not a token of the hub" in wrong.err) == (1, True)
