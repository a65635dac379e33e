"""``smrthub search``: what was captured, by words."""

from __future__ import annotations

import os
import re

import pytest

from tests.cli.terminals import Terminal, see


def test_words_find_and_other_words_do_not(smrthub: Terminal) -> None:
    clip_id = smrthub.copy("the quick zebrafish swims", windowTitle="Fishes")
    found = smrthub("search", "zebrafish", "swims").out
    assert found.startswith(f"clip {clip_id}  ")
    assert "  Fishes\n  the quick zebrafish swims" in found
    done = smrthub("search", "zebrafish", "flies")
    assert (done.code, done.out, done.err) == (0, "", "Nothing was found.\n")


def test_a_word_can_be_left_out_by_a_minus(smrthub: Terminal) -> None:
    kept, left = smrthub.copy("quokka happy"), smrthub.copy("quokka sad")
    found = smrthub("search", "quokka", "-sad").out
    assert kept in found
    assert left not in found


@pytest.mark.parametrize("left_out", ["house", "volcano", "h2o", "x"])
def test_a_word_that_is_left_out_is_no_option_whatever_it_begins_with(smrthub: Terminal, left_out: str) -> None:
    kept, left = smrthub.copy(f"kiwi near {left_out}less"), smrthub.copy(f"kiwi and {left_out}")
    done = smrthub("search", f"-{left_out}", "kiwi", "--limit", "50")
    assert kept in done.out
    assert left not in done.out
    assert "score" not in done.out


def test_what_looks_like_an_option_is_a_usage_error(smrthub: Terminal) -> None:
    done = smrthub("search", "word", "--kinds", "clip")
    assert done.code == 2
    assert "--kinds" in done.err


@pytest.mark.parametrize("words", ['"', "*", "(", "a OR", "NEAR(a b)", "col:x", "'", "^x", "-", "\\", "ü\u202e"])
def test_no_word_is_a_syntax_error(smrthub: Terminal, words: str) -> None:
    assert smrthub("search", words).code == 0


def test_a_search_is_narrowed(smrthub: Terminal) -> None:
    smrthub.copy("wombat", app="Zoo", url="https://zoo.example/")
    for options, count in ((["--kind", "clip"], 1), (["--kind", "visit", "--kind", "output"], 0), (["--app", "Zoo"], 1),
                           (["--site", "zoo.example"], 1), (["--from", "1h"], 1), (["--to", "1h"], 0)):  # fmt: skip
        assert len(smrthub("search", "wombat", *options, "--json").json["items"]) == count, options


def test_hostile_hits_are_harmless(smrthub: Terminal) -> None:
    smrthub.copy("narwhal \x1b[31m[bold red]x[/] \u202e\0", windowTitle="\x1b]0;t\x07[link=http://x]")
    done = smrthub("search", "narwhal")
    assert "narwhal \\x1b[31m[bold red]x[/] \\u202e" in done.out
    assert "\\x1b]0;t\\x07[link=http://x]" in done.out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals in Python")
def test_in_a_terminal_the_words_stand_out_and_lines_fit(smrthub: Terminal) -> None:
    smrthub.copy("the axolotl \x1b[31m lives " + "in Mexico and elsewhere " * 10 + "日本語" * 20)
    sent = see(smrthub.home, 60, "search", "axolotl")
    assert re.search(r"\x1b\[[\d;]*m\x1b?[\[\d;m]*axolotl\x1b\[", sent)
    assert "\\x1b[31m" in sent
    plain = re.sub(r"\x1b\[[\d;]*m", "", sent)
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines()[1:])) <= 60


def test_a_hit_says_where_it_is_from_and_on_request_why(smrthub: Terminal) -> None:
    smrthub.copy("the pangolin curls", app="Zoo", url="https://zoo.example/pangolin")
    assert "  from Zoo https://zoo.example/pangolin\n" in smrthub("search", "pangolin").out
    assert "text, phrase, recent; score" not in smrthub("search", "pangolin", "curls").out
    assert "text, phrase, recent; score" in smrthub("search", "pangolin", "curls", "-v").out
