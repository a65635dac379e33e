"""The words that search finds an item by, taken from what was captured; the same whoever stores it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: Characters of an item's text that the search index takes: bounds how long one item holds the writer.
INDEXED_AT_MOST = 262_144


def words_of_clip(forms: Iterable[tuple[str, str]]) -> str:
    """Return a clip's words from the type and text of each form: texts and paths; HTML only where no plain text is."""
    given = [(type_, text[:INDEXED_AT_MOST]) for type_, text in forms]
    plain = [text for type_, text in given if type_ != "html"]
    if not any(type_ == "text" for type_, _ in given):
        plain += [_text_of_html(text) for type_, text in given if type_ == "html"]
    return "\n".join(text for text in plain if text)[:INDEXED_AT_MOST]


def words_of_payload(payload: Any) -> str:
    """Return the texts of a JSON value, in order; without recursion, since a payload may be nested deep."""
    texts, left = list[str](), [payload]
    while left:
        value = left.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            left.extend(reversed(value.values()))
        elif isinstance(value, list):
            left.extend(reversed(value))
    return "\n".join(texts)[:INDEXED_AT_MOST]


def words_of_visit(url: str, selection: str | None) -> str:
    """Return a visit's words beside its title: its address and what was selected on the page when it began."""
    return f"{url}\n{selection}" if selection else url


def selection_in(words: str, url: str) -> str | None:
    """Return the selection that ``words_of_visit`` put after the address, or None."""
    return words[len(url) + 1 :] or None if words.startswith(f"{url}\n") else None


def _text_of_html(markup: str) -> str:
    """Take the tags out, in one pass over the text: an HTML parser is not linear on hostile input."""
    head, *tags = markup.split("<")
    return " ".join([head, *(tag.partition(">")[2] for tag in tags)])
