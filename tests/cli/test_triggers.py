"""``smrthub trigger``: what can be run, and runs."""

from __future__ import annotations

import json

import pytest

from tests.cli.terminals import Terminal

QUIET = '{"open": false, "query": "pangolin"}'


def test_what_can_be_run_is_listed(smrthub: Terminal) -> None:
    assert "smrtsearch  HOTKEY_SMRTSEARCH  built-in\n" in smrthub("trigger", "list").out
    assert smrthub("trigger", "list", "--json").json["items"][0]["name"] == "smrtsearch"


@pytest.mark.parametrize("name", ["smrtsearch", "HOTKEY_SMRTSEARCH"])
def test_a_run_shows_its_result(smrthub: Terminal, name: str) -> None:
    clip_id = smrthub.copy(f"pangolin for {name}")
    done = smrthub("trigger", "run", name, "--args", QUIET)
    assert done.code == 0
    assert done.out.startswith("smrtsearch succeeded  ")
    assert clip_id in done.out
    assert "args.open is false" in done.out


def test_a_run_need_not_be_waited_for(smrthub: Terminal) -> None:
    run = smrthub("trigger", "run", "smrtsearch", "--args", QUIET, "--wait", "0", "--json").json["run"]
    assert run["state"] == "queued"
    listed = smrthub("trigger", "runs", "--json").json["items"]
    assert run["id"] in [item["id"] for item in listed]
    assert run["id"] in smrthub("trigger", "runs").out
    assert smrthub("trigger", "show", run["id"]).code == 0
    assert smrthub("trigger", "show", run["id"], "--json").json["id"] == run["id"]


def test_a_dry_run_says_what_it_would_do_and_queues_nothing(smrthub: Terminal) -> None:
    before = smrthub("trigger", "runs", "--limit", "1000", "--json").json["items"]
    done = smrthub("trigger", "run", "smrtsearch", "--dry-run", "--args", QUIET)
    assert (done.code, done.out.splitlines()[0]) == (0, "It would do this, and did not:")
    assert smrthub("trigger", "runs", "--limit", "1000", "--json").json["items"] == before


def test_a_run_that_fails_is_1_and_says_why(idle: Terminal) -> None:
    idle.home.start_hub()
    done = idle("trigger", "run", "smrtsearch")  # there is no clip to search for
    assert done.code == 1
    assert "There is nothing to search for" in done.err
    assert json.loads(idle("trigger", "run", "smrtsearch", "--json").out)["run"]["state"] == "failed"


@pytest.mark.parametrize("arguments", ["nope", "[1]", '"x"', "{", "[" * 100_000])
def test_arguments_that_are_no_object_are_refused_before_the_hub_is_asked(idle: Terminal, arguments: str) -> None:
    done = idle("trigger", "run", "smrtsearch", "--args", arguments)
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "--args" in done.err
