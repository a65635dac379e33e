"""Bring names of programs and titles of windows into one comparable form."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_TITLE_CHARS: Final = 4_096

_ENDINGS = (".exe", ".app", ".desktop", ".bin", "-bin")
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


def plain_app(name: str) -> str:
    """Return a program's name in lower case without folder and ending, whatever system's form it comes in.

    ``C:\\Program Files\\Mozilla Firefox\\firefox.exe``, ``/usr/lib/firefox/firefox-bin`` and ``Firefox`` all
    give ``firefox``.
    """
    text = plain_title(name).rstrip("/\\")
    text = text.replace("\\", "/").rpartition("/")[2]
    for ending in _ENDINGS:
        text = text.removesuffix(ending)
    return text.strip()


def plain_title(title: str) -> str:
    """Return a title in one case, on one line, without invisible characters; of a very long one its ends.

    The invisible ones matter: Edge writes a zero-width space into its own name.
    """
    if len(title) > MAX_TITLE_CHARS:
        title = title[: MAX_TITLE_CHARS // 2] + title[-MAX_TITLE_CHARS // 2 :]
    if not title.isascii():
        title = unicodedata.normalize("NFKC", title)
        title = _INVISIBLE.sub("", title)
    return " ".join(title.split()).casefold()
