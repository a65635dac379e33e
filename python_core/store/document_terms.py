"""What a document is found by beside its title and text: where it is from, the words of its title, the words within words."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from python_core.store.words import WORD, folded, parts_of

#: Characters in which words within words are looked for: bounds what one document adds to the index.
LOOKED_AT = 20_000
#: Characters that decide whether two documents say the same.
COMPARED = 4_000
#: The first character of a word that stands for a kind, a site, a program, or a word of the title.
KIND, SITE, APP, TITLE = "\ue000", "\ue001", "\ue002", "\ue003"
_MARKS = frozenset({KIND, SITE, APP, TITLE})
SITE_LABELS = 8


def kind_term(kind: str) -> str:
    """Name the word that every document of a kind has."""
    return KIND + kind


def site_term(site: str) -> str:
    """Name the word that every document of a site has, and of the sites under it."""
    return SITE + _plain(site.lower())


def app_term(app: str) -> str:
    """Name the word that every document from a program has."""
    return APP + _plain(app)


def title_term(word: str) -> str:
    """Name the word that every document has whose title has this word."""
    return TITLE + word


def terms_of(kind: str, site: str | None, app: str | None, title: str, body: str) -> str:
    """Return the words that search looks for in no text."""
    terms = [kind_term(kind)]
    if site:
        labels = site.rstrip(".").split(".")[-SITE_LABELS:]
        terms += [site_term(".".join(labels[n:])) for n in range(len(labels))]
    if app:
        terms.append(app_term(app))
    terms += [title_term(word) for word in dict.fromkeys(WORD.findall(title))]
    terms += parts_of(title)
    text = body[:LOOKED_AT]
    terms += parts_of(text)
    if kind == "visit" and "%" in text:
        plain = unquote(text)
        terms += [*WORD.findall(plain), *parts_of(plain)]
    return " ".join(terms)


def plain_terms(terms: str) -> str:
    """Return those of ``terms_of`` that are words as somebody types them."""
    return " ".join([term for term in terms.split(" ") if term[:1] not in _MARKS])


def fold_of(kind: str, title: str, body: str) -> int:
    """Return 63 bits that are the same for documents that say the same: the address of a visit, the words of a text."""
    text = body.partition("\n")[0] if kind == "visit" else folded(" ".join(body[:COMPARED].split()))
    said = f"{kind}{len(body) if len(body) > COMPARED else ''}\n{text or title}"
    return int.from_bytes(hashlib.blake2b(said.encode(errors="replace"), digest_size=8).digest(), "big") >> 1


def _plain(name: str) -> str:
    """Write a name so that it is one word."""
    return name.encode(errors="replace").hex()
