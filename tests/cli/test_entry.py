"""The whole command: its help, its usage errors, its exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from python_core import __version__
from python_core.cli import main
from tests.cli.terminals import COMMAND, Terminal, see
from tests.whole.hub_home import ROOT


def commands(group: click.Group = main, name: str = "") -> Iterator[tuple[str, click.Command]]:
    for child, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {child}")
        else:
            yield f"{name} {child}".strip(), command


def test_without_a_command_it_shows_what_there_is_by_section(idle: Terminal) -> None:
    done = idle()
    assert (done.code, done.err) == (0, "")
    assert all(f"{section}:" in done.out for section in main.sections)
    assert all(f"\n  {name} " in done.out for name in main.commands)
    assert max(map(len, done.out.splitlines())) <= 80


def test_every_command_stands_in_one_section() -> None:
    assert sorted(name for names in main.sections.values() for name in names) == sorted(main.commands)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_says_in_a_short_sentence_what_it_does(idle: Terminal, name: str) -> None:
    done = idle(*name.split(), "--help")
    assert done.code == 0
    assert f"Usage: smrthub {name}" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert "..." not in dict(commands())[name].get_short_help_str(60)


def test_the_list_of_commands_cuts_no_sentence(idle: Terminal) -> None:
    lines = idle().out.partition("Options:")[2].splitlines()
    cut = [line for line in lines if line.endswith("...") and not line.startswith("  doctor")]
    assert cut == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_told_in_a_sentence(idle: Terminal) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "version"],
            env={**idle.home.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("The system refuses this: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_no_color_is_obeyed(idle: Terminal) -> None:
    assert "\x1b[36m" in see(idle.home, 80, "rules", "list")
    assert "\x1b[" not in see(idle.home, 80, "rules", "list", NO_COLOR="1")


@pytest.mark.parametrize(
    "name", [name for name, _ in commands() if name not in ("serve", "pair", "token show", "clip get")]
)
def test_every_command_that_answers_does_so_in_json_too(name: str) -> None:
    options = [option for parameter in dict(commands())[name].params for option in parameter.opts]
    assert "--json" in options


@pytest.mark.parametrize(
    "typed",
    ["nonsense", "clip nonsense", "clip show", "clip list --limit 0", "clip list --limit x", "search", "search --nope x",
     "clip list --type sound", "trigger run", "token create", "token create --name x", "status extra", "--nope",
     "clip get x y", "config path nowhere", "events --after -1"],
)  # fmt: skip
def test_wrong_usage_is_2_and_told_on_stderr(idle: Terminal, typed: str) -> None:
    done = idle(*typed.split())
    assert (done.code, done.out) == (2, "")
    assert "Error: " in done.err


@pytest.mark.parametrize(
    "typed",
    ["status", "stop", "clip list", "clip show x", "clip get x", "clip remove x", "clip readers x", "clip add x",
     "search x", "trigger list", "trigger runs", "trigger run x", "trigger show x", "output schemas", "output list",
     "output show x", "output remove x", "token list", "token show", "token revoke x", "pair", "confirm", "events"],
)  # fmt: skip
def test_a_hub_that_does_not_run_is_3_with_what_to_do(idle: Terminal, typed: str) -> None:
    done = idle(*typed.split())
    assert (done.code, done.out) == (3, "")
    assert len(done.err.splitlines()) == 1
    assert "smrthub serve" in done.err or typed == "stop"


@pytest.mark.parametrize(
    "typed",
    ["clip show nope", "clip remove nope --yes", "trigger show nope", "output show nope", "output remove nope --yes",
     "token revoke nope", "clip show a/b", "events --kinds nope", "trigger run nope",
     "trigger run smrtsearch --args nope", "trigger run smrtsearch --args {\"nope\":1}", "output add note/1",
     "clip list --site " + "x" * 300, "token create --name x --scopes admin"],
)  # fmt: skip
def test_what_the_hub_refuses_is_1_with_a_sentence(smrthub: Terminal, typed: str) -> None:
    done = smrthub(*typed.split(), stdin="no JSON")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.rstrip().endswith((".", '{"text": "…"}'))


def test_the_version_is_told(idle: Terminal) -> None:
    assert idle("version").out == idle("--version").out == f"smrthub {__version__}\n"
    assert idle("version", "--json").json == {"version": __version__}


def test_a_home_that_cannot_be_is_a_matter_of_settings(idle: Terminal) -> None:
    done = idle("status", APPDATA="relative")
    assert done.code == 78
    assert "APPDATA must be an absolute path" in done.err
