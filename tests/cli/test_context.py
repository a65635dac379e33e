"""``smrthub context``: what was around a moment."""

from __future__ import annotations

import pytest

from tests.cli.terminals import Terminal


def test_what_was_around_an_item_is_shown(smrthub: Terminal) -> None:
    first, second = smrthub.copy("a numbat \x1b[31m"), smrthub.copy("a bilby")
    shown = smrthub("context", second).out
    assert shown.startswith(f"Item\n  clip {second}  ")
    assert f"  clip {first}  " in shown
    assert "    a numbat \\x1b[31m\n" in shown
    assert smrthub("context", second, "--json").json["item"]["id"] == second
    assert second in smrthub("context").out


def test_a_moment_without_anything_is_told(smrthub: Terminal) -> None:
    done = smrthub("context", "--at", "2001-01-01")
    assert (done.code, done.out) == (0, "")
    assert "Nothing was captured within 10 min of 2001-01-01" in done.err


@pytest.mark.parametrize(
    "arguments", [["abc"], ["01a203bc-3d3d-7386-a7cb-0e26658b31e0", "--at", "2h"], ["--at", "soon"]]
)
def test_what_is_no_moment_is_a_usage_error(smrthub: Terminal, arguments: list[str]) -> None:
    assert smrthub("context", *arguments).code == 2


def test_an_unknown_item_is_told(smrthub: Terminal) -> None:
    done = smrthub("context", "01a203bc-3d3d-7386-a7cb-0e26658b31e0")
    assert (done.code, done.out) == (1, "")
    assert "nothing of that id" in done.err
