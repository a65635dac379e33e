"""Take out of a text what must not leave the machine: paths and names of the user, secrets, words of what was captured."""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from python_core.config import SECTIONS
from python_core.utils.redaction import redact

#: Shorter words say nothing of what was captured.
WORD_CHARS = 4
#: Ids, digests and times of ours say nothing; they are no words, and a card number in one is chance.
ID = (
    r"(?<![A-Za-z0-9])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})"
    r"|\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d(?:[.-]\d{1,6})?Z|sha256-[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9])"
)
_PIECE = re.compile(rf"({ID})|[A-Za-z0-9]{{{WORD_CHARS},}}")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_HEADER = re.compile(r"(?i)(?:(?:proxy-)?authorization|(?:set-)?cookie)[\"']?\s{0,4}[=:]\s{0,4}\[secret\]")
_MARKS = {"[secret]": "secrets", "[email]": "mail addresses", "[card]": "card numbers", "[user]": "user names"}
_CAPTURED = "[captured]"


@dataclass
class Masker:
    """Masks texts and counts what it masked, by kind.

    :param own: words, in lower case, that the hub's own code has: they tell nothing of the user.
    :param is_captured: whether a word of none of them, in lower case, stands in what was captured.
    :param roots: folders of the user, longest first: each becomes ``~``.
    :param names: names of user and machine.
    """

    own: frozenset[str]
    is_captured: Callable[[str], bool]
    roots: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)

    def text(self, text: str) -> str:
        """Mask one text; what comes out is ASCII."""
        for root in self.roots:
            for form in {root, root.replace("\\", "/")}:
                self._count("paths", text.count(form))
                text = text.replace(form, "~")
        # A header is masked to the end of its line: its name goes too, else what is put behind it looked like more of it.
        masked = _HEADER.sub("[secret]", redact(text))
        for mark, kind in _MARKS.items():
            self._count(kind, masked.count(mark) - text.count(mark))
        for name in self.names:
            masked, times = re.subn(rf"(?i)(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "[user]", masked)
            self._count("user names", times)
        masked, times = re.subn(r"[^\n\t -~]+", "?", masked)
        self._count("characters of other scripts", times)
        return _PIECE.sub(self._word, masked)

    def value(self, value: Any) -> Any:
        """Mask every text in a value; names of members are ours."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(each) for key, each in value.items()}
        return [self.value(each) for each in value] if isinstance(value, list | tuple) else value

    def is_foreign(self, word: str) -> bool:
        """Say whether a word is none of ours and stands in what was captured."""
        folded = word.casefold()
        return not folded.isdecimal() and folded not in self.own and self.is_captured(folded)

    def foreign_words(self, text: str) -> list[str]:
        """Return the words of a text that must not be in it."""
        words = {found[0] for found in _PIECE.finditer(text) if found[1] is None}
        return [word for word in words if self.is_foreign(word)]

    def _word(self, found: re.Match[str]) -> str:
        if found[1] is not None or not self.is_foreign(found[0]):
            return found[0]
        self._count("captured words", 1)
        return _CAPTURED

    def _count(self, kind: str, times: int) -> None:
        if times > 0:
            self.counts[kind] += times


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of texts of ours, in lower case."""
    return frozenset(word.casefold() for text in texts for word in re.findall(rf"[A-Za-z0-9]{{{WORD_CHARS},}}", text))


@cache
def own_words() -> frozenset[str]:
    """Return the words that the hub's own code has, its settings' names, and the names that Python itself has."""
    texts = [each.read_text("utf-8") for each in _sources(files("python_core"))]
    names = [each.name for section in SECTIONS for each in section.settings]
    names += [name.replace("_", "") for text in texts for name in _SNAKE.findall(text)]  # as JSON has them: apiVersion
    return words_of([*texts, *names, *dir(builtins)])


def _sources(folder: Traversable) -> Iterable[Traversable]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _sources(each)
        elif each.name.endswith((".py", "_page.html")):
            yield each
