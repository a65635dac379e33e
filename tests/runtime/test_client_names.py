"""A client's name is read by the user who decides on access: nothing in it hides, turns around, or poses as another."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_core.runtime.client_names import fault_in_name

GOOD = [
    "My script",
    "SmrtChrome on the desk",
    "Ärger & Söhne (v2)",
    "Мой сценарий",
    "Ο πράκτορας",
    "エージェント",
    "सहायक\u200dक",
    "می\u200cخواهم",
    "👩\u200d💻 agent",
    "❤\ufe0f",
    "Agent Ω",
    "x",
]
BAD = {
    "a control": "evil\x1b[31m",
    "a later control": "evil\x9b31m",
    "a newline": "one\ntwo",
    "a closing newline": "one\n",
    "a separator of lines": "one\u2028two",
    "turned around": "\u202egpj.tnega",
    "isolated": "a\u2066b\u2069",
    "zero width": "my\u200bscript",
    "a word joiner": "my\u2060script",
    "a soft hyphen": "my\xadscript",
    "a tag": "x\U000e0041",
    "a byte order mark": "\ufeffx",
    "half a pair": "x\ud800",
    "private": "x\ue000",
    "not assigned": "x\u0378",
    "a filler": "\u3164",
    "a half-width filler": "\uffa0",
    "blank Braille": "\u2800\u2800",
    "blanks": "   ",
    "wide blanks": "\u3000\u2003",
    "a joiner alone": "\u200d",
    "the user": "the user",
    "the user, otherwise": " The\u00a0USER ",
    "the user, wide": "ｔｈｅ ｕｓｅｒ",
    "the owner": "Owner",
    "the hub": "SmrtHub",
    "a Cyrillic letter in a Latin word": "Smrt\u0421hrome",
    "a Greek letter in a Latin word": "Smrtchr\u03bfme",
    "a Latin letter in a Cyrillic word": "\u041c\u043ey",
}


@pytest.mark.parametrize("name", GOOD)
def test_names_of_all_languages_are_taken(name: str) -> None:
    assert fault_in_name(name) is None


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_a_name_that_hides_something_or_poses_as_another_is_refused(name: str) -> None:
    assert fault_in_name(name)


@given(st.text(alphabet=st.characters(codec=None), max_size=100))
def test_whatever_is_taken_can_be_seen_and_the_fault_quotes_nothing(name: str) -> None:
    fault = fault_in_name(name)
    if fault is None:
        assert name.strip()
        assert not {unicodedata.category(c) for c in name} & {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
    else:
        assert fault.isascii()
