"""Tell lines that people write for people from those of programs."""

from __future__ import annotations

from typing import Final

#: Words of a line that tell whether it is prose: a paragraph of 200 words says it no better than its first 40.
WORDS_LOOKED_AT: Final = 40
_CODE_SIGNS: Final = "{}=<>[]_$\\|;"
_AROUND_WORDS: Final = ".,:()\"'`-!?"
# Words that hold sentences together and are in no command and no language of programs.
_OF_SENTENCES: Final = frozenset(
    (
        "the", "of", "that", "was", "were", "are", "which", "what", "have", "has", "had", "they", "but", "an", "this", "would",
        "been", "than", "der", "die", "das", "und", "ist", "nicht", "ein", "eine", "le", "la", "les", "des", "est", "une",
        "pas", "que", "el", "los", "una", "para", "por",
    )
)  # fmt: skip


def is_prose(line: str) -> bool:
    """Say whether a line has several words, nearly all of them of letters, and no signs of a program."""
    return not _has_signs(line) and _are_plain(line.split(maxsplit=WORDS_LOOKED_AT)[:WORDS_LOOKED_AT])


def is_sentence(line: str) -> bool:
    """Say whether a line is prose and no command: it begins or ends as a sentence does, or is a long piece of some."""
    if line[0].isupper() or line[-1] in ".!?":
        return is_prose(line)
    words = line.split(maxsplit=WORDS_LOOKED_AT)
    return (
        len(words) > WORDS_LOOKED_AT
        and len(_OF_SENTENCES.intersection(words)) > 2
        and not _has_signs(line.replace("; ", ", "))
        and _are_plain(words[:WORDS_LOOKED_AT])
    )


def _has_signs(line: str) -> bool:
    # A tenth of the time that a set takes, which looks at each character.
    return any(map(line.__contains__, _CODE_SIGNS))


def _are_plain(words: list[str]) -> bool:
    if len(words) < 6:
        return False
    return sum(map(str.isalpha, [word.strip(_AROUND_WORDS) for word in words])) >= 0.8 * len(words)
