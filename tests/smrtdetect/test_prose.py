"""Prose is told from programs by the line: a piece from the middle of a paragraph too, a long command never."""

from __future__ import annotations

import pytest

from python_core.smrtdetect.filetype import detect
from python_core.smrtdetect.prose import is_prose, is_sentence

PARAGRAPH = "remembers what was copied, and from which page it came; a person reads on and copies the next " * 4
PACKAGES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau phi chi psi "
)


@pytest.mark.parametrize(
    "line", ["The road was open again after all", "and so they went down to the coast.", PARAGRAPH]
)
def test_a_sentence_or_a_long_piece_of_one_is_prose(line: str) -> None:
    assert is_sentence(line)
    assert detect(line).type_id == "text"


@pytest.mark.parametrize(
    "line",
    [
        "apt-get install -y " + PACKAGES * 3,
        "git commit -m 'what was said of it' " + PACKAGES * 2,
        "copied from which page it came",
        "for f in the of that was which; do echo $f; done " + PACKAGES * 2,
        "a few of the words",
    ],
)
def test_what_may_be_a_command_is_no_sentence(line: str) -> None:
    assert not is_sentence(line)


def test_signs_of_a_program_are_in_no_prose() -> None:
    assert is_prose("there is nothing in it but words")
    for sign in "{}=<>[]_$\\|;":
        assert not is_prose(f"there is nothing in it but{sign} words")
