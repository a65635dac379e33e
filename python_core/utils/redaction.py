"""Masks in a text what identifies or could impersonate the user: secrets, mail addresses, cards, user names.

It is the last net under what is written to logs and bundles, not the reason why they hold nothing captured.
Every pattern is linear in the length of the text, also for text that was made to be slow: runs are possessive
(``++``), so nothing is tried twice, and begin where the character before does not belong to them, so that no
run is read again from its middle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A key whose end is cut off is masked to the end of the text.
    (
        re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----[^-]*+(?:-(?!----END)[^-]*+)*+(?:-----END [A-Z0-9 ]{1,40}-----)?"),
        "[secret]",
    ),
    (re.compile(r"(?<=://)[^\s/@]++@"), "[secret]@"),  # user:password@ in a URL
    # The rest of the line: a cookie header holds several.
    (
        re.compile(r"(?ai)(?<![a-z0-9])((?:proxy-)?authorization|(?:set-)?cookie)([\"']?\s{0,4}[=:]\s{0,4})[^\r\n]++"),
        r"\1\2[secret]",
    ),
    (
        re.compile(
            r"(?ai)(?<![a-z0-9])(password|passwd|pwd|passphrase|(?:client[_-])?secret"
            r"|(?:(?:access|refresh|auth|session|id)[_-]?)?token|(?:api|access|private)[_-]?key)"
            r"([\"']?\s{0,4}[=:]\s{0,4})(?:\"[^\"\r\n]*+\"?|'[^'\r\n]*+'?|[^\s\"',;&]++)"
        ),
        r"\1\2[secret]",
    ),
    (re.compile(r"(?ai)(?<![a-z0-9])(bearer|basic)(\s{1,4})[a-z0-9._~+/=-]{8,}+"), r"\1\2[secret]"),
    (re.compile(r"shb_[\w-]++"), "[secret]"),  # the hub's own tokens
    (re.compile(r"(?a)(?<![\w-])eyJ[\w-]{4,}+(?:\.[\w-]*+){1,4}+"), "[secret]"),  # JWT and JWE
    # What the issuers of keys put in front of them so that scanners find them.
    (
        re.compile(
            r"(?a)(?<![A-Za-z0-9])(?:sk-|[spr]k_(?:live|test)_|gh[opusr]_|github_pat_|glpat-|xox[a-z]-|xapp-|AKIA|ASIA"
            r"|AIza|ya29\.|hf_|npm_|pypi-|SG\.|dop_v1_|shpat_|dckr_pat_)[\w.-]{12,}+"
        ),
        "[secret]",
    ),
    (re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)[\w-]++(?:\.[\w-]++)*+"), "[email]"),
    # On Windows a user's name may hold spaces; it then ends at the next backslash.
    (
        re.compile(
            r"(?i)([\\/](?:users|home|documents and settings)(?:\\{1,2}|/))"
            r"(?:(?<=\\)[^\\/\"'<>|:*?\r\n]{1,64}+(?=\\)|[^\\/\s\"'<>|:*?]++)"
        ),
        r"\1[user]",
    ),
)

# Grouped as on cards. The look-ahead takes nothing, so a number is found behind other digits as well.
_CARD = re.compile(
    r"(?a)(?<!\d)"
    r"(?=((?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\2\d{4}\2\d{1,7}|3\d{3}([ -])\d{6}\3\d{4,5})(?!\d)))"
)


def redact(text: str) -> str:
    """Replace secrets by ``[secret]``, mail addresses by ``[email]``, cards by ``[card]`` and the user's
    name in a home folder's path by ``[user]``; the rest of the text, which may be any, stays as it is.
    """
    for pattern, mask in _RULES:
        text = pattern.sub(mask, text)
    return "".join(_without_cards(text))


def _without_cards(text: str) -> Iterator[str]:
    done = 0
    for found in _CARD.finditer(text):
        start, end = found.span(1)
        if start >= done and _passes_luhn(found[1]):
            yield text[done:start]
            yield "[card]"
            done = end
    yield text[done:]


def _passes_luhn(number: str) -> bool:
    digits = [int(each) for each in reversed(number) if each.isdecimal()]
    doubled = (each * 2 - 9 if each > 4 else each * 2 for each in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
