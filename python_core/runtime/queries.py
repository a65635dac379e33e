"""Read what a person types into a search: words, ``"phrases"``, ``prefix*``, ``-not``; nothing is an error."""

from __future__ import annotations

import re

from python_core.store.words import PRIVATE, WORD, Term, Typed, folded

#: Words and phrases of one query that are looked at: more do not help a person and cost time.
TERMS_AT_MOST = 32
_TERM = re.compile(r'(-?)(?:"([^"]{0,1000})"?|([^\s"]{1,1000}))')
#: Longest query that is looked at: what follows is left out.
LOOKED_AT_CHARS = 8_000


def read_query(q: str) -> Typed:
    """Take a query apart; what has neither letters nor digits is left out, and so is what is typed twice."""
    wanted, unwanted = dict[Term, None](), dict[Term, None]()
    text = PRIVATE.sub(" ", q[:LOOKED_AT_CHARS].replace("\0", " "))
    for sign, phrase, word in _TERM.findall(text)[:TERMS_AT_MOST]:
        if term := _term_of(phrase or word, is_phrase=bool(phrase)):
            (unwanted if sign else wanted)[term] = None
    return Typed(tuple(wanted), tuple(unwanted))


def _term_of(text: str, *, is_phrase: bool) -> Term | None:
    words = tuple(folded(word) for word in WORD.findall(text))
    if not words:  # a term without a word would match nothing
        return None
    is_prefix = not is_phrase and text.endswith("*")
    return Term(text.rstrip("*") if is_prefix else text, words, is_prefix, is_phrase)
