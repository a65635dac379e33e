"""FTS5 expressions for what is looked for. Words stand in quotes, in which only ``"`` has a meaning, and terms hold none."""

from __future__ import annotations

from dataclasses import dataclass

from python_core.store.document_terms import app_term, kind_term, site_term, title_term
from python_core.store.words import PRIVATE, WORD, Term, Typed, folded, runs_of, twos_of

#: Prefixes up to so many letters stand for so many words that the index takes up to three seconds to join their lists.
SHORT_PREFIX = 4
KINDS = ("clip", "output", "visit")
#: Groups of three characters of a piece among which the rarest are chosen.
GRAMS_AT_MOST = 5


@dataclass(frozen=True)
class DocumentFilter:
    """What a document must be, beside matching: None means any. A site stands for the sites under it too."""

    kinds: tuple[str, ...] | None = None
    site: str | None = None
    app: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None

    @property
    def is_of_any(self) -> bool:
        """Say whether documents of any kind, site and program are wanted."""
        return not _scope_of(self)

    def takes(self, kind: str, site: str | None, app: str | None, at_ms: int) -> bool:
        """Say whether a document is one."""
        return (
            (self.kinds is None or kind in self.kinds)
            and (self.site is None or f".{site or ''}".endswith(f".{self.site}"))
            and (self.app is None or app == self.app)
            and (self.from_ms is None or at_ms >= self.from_ms)
            and (self.to_ms is None or at_ms <= self.to_ms)
        )


def is_short(term: Term) -> bool:
    """Say whether a term is a prefix that is too short for the index, as one character of a script without spaces is."""
    return len(term.text) == 1 if term.is_dense else term.is_prefix and len(term.words[-1]) <= SHORT_PREFIX


def phrases_of(term: Term) -> list[str]:
    """Return a term as phrases, all of which must be there; a script without spaces is found by twos."""
    text = PRIVATE.sub(" ", term.text)
    if not term.is_dense:
        return [f'"{text}"{"*" if term.is_prefix else ""}']
    phrases = []
    for word in WORD.findall(text):
        for run, dense in runs_of(word):
            twos = twos_of(run)[:-1] if dense else [run]
            phrases.append(f'terms : "{" ".join(twos)}"' if twos else f'terms : "{run}"*')
    return phrases


def words_in(phrase: str) -> int:
    """Return how many words a phrase of ``phrases_of`` has."""
    return len(WORD.findall(phrase.partition('"')[2]))


def match_of(typed: Typed, wanted: DocumentFilter) -> str:
    """Return the expression for all of it; the phrases of ``typed.wanted`` come first, in their order.

    What has nothing to look for asks for every document of the kinds.
    """
    parts = [phrase for term in typed.wanted for phrase in phrases_of(term)] + _scope_of(wanted)
    if not parts:
        parts = [_any_of([kind_term(kind) for kind in KINDS])]
    match = " AND ".join(parts)
    unwanted = [f"({' AND '.join(phrases_of(term))})" for term in typed.unwanted]
    return f"({match}) NOT ({' OR '.join(unwanted)})" if unwanted else match


def titles_of(typed: Typed, wanted: DocumentFilter) -> str | None:
    """Return the expression for documents whose title has all the words, or None where that cannot be told by words."""
    if not typed.wanted or any(term.is_dense or term.is_prefix for term in typed.wanted):
        return None
    words = [f'terms : "{title_term(word)}"' for term in typed.wanted for word in term.words]
    unwanted = [f"({' AND '.join(phrases_of(term))})" for term in typed.unwanted]
    match = " AND ".join([*dict.fromkeys(words), *_scope_of(wanted)])
    return f"({match}) NOT ({' OR '.join(unwanted)})" if unwanted else match


def piece_of(term: Term) -> str:
    """Return what must stand in a text for a term to be there as a piece of it."""
    return folded(term.text.rstrip("*") if term.is_prefix else term.text)


def grams_of(pieces: list[str]) -> list[str]:
    """Return groups of three characters that are in the head of each document with all pieces, as expressions."""
    grams = dict[str, None]()
    for piece in pieces:
        threes = [piece[n : n + 3] for n in range(len(piece) - 2)]
        grams |= dict.fromkeys(threes[:: max(1, len(threes) // GRAMS_AT_MOST)])
    return [f'"{gram}"' for gram in grams if '"' not in gram]


def _scope_of(wanted: DocumentFilter) -> list[str]:
    scope = []
    if wanted.kinds is not None and set(wanted.kinds) != set(KINDS):
        scope.append(_any_of([kind_term(kind) for kind in wanted.kinds]))
    if wanted.site is not None:
        scope.append(_any_of([site_term(wanted.site)]))
    if wanted.app is not None:
        scope.append(_any_of([app_term(wanted.app)]))
    return scope


def _any_of(terms: list[str]) -> str:
    return "(" + " OR ".join(f'terms : "{term}"' for term in terms) + ")"
