"""Find secrets in a text by their form: keys, tokens, passwords that are given a name, card numbers, codes.

Every search is linear in the text. A kind is looked for only where its literal stands. What follows is matched with
possessive repeats, which never go back, of bounded length; and it begins only where no character of its own kind stands before,
so that a long run is not read anew from each of its places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from python_core.smrtdetect.secret_numbers import Given, Span, find_cards, find_codes, find_ibans

#: Finds secrets of one kind.
Finder = Callable[[Given], Iterator[Span]]

_WORD, _DASHED = "A-Za-z0-9_", "A-Za-z0-9_-"
#: Tokens by their kind, each with a run of ``RUN_CHARS``: the literal that it begins with, the characters it must not touch, and what follows the literal.
_TOKENS: Final = {
    "aws-key": [(literal, _WORD, "[A-Z0-9]{16}") for literal in ("AKIA", "ASIA")],
    "github-token": [
        *((f"gh{letter}_", _WORD, "[A-Za-z0-9]{36,255}+") for letter in "pousr"),
        ("github_pat_", _WORD, "[A-Za-z0-9_]{40,255}+"),
    ],
    "gitlab-token": [("glpat-", _DASHED, "[A-Za-z0-9_-]{20,255}+")],
    "slack-token": [
        *((f"xox{letter}-", _DASHED, "[0-9]{6,15}+-[A-Za-z0-9-]{10,255}+") for letter in "abeoprs"),
        ("xapp-", _DASHED, "[0-9]-[A-Z0-9]{6,15}+-[A-Za-z0-9-]{10,255}+"),
        ("hooks.slack.com/services/", _DASHED, "T[A-Z0-9]{6,15}+/B[A-Z0-9]{6,15}+/[A-Za-z0-9]{20,48}+"),
    ],
    "stripe-key": [
        (f"{kind}_{mode}_", _WORD, "[A-Za-z0-9]{16,255}+")
        for kind, mode in (("sk", "live"), ("rk", "live"), ("sk", "test"), ("rk", "test"))
    ]
    + [("whsec_", _WORD, "[A-Za-z0-9]{24,255}+")],
    "google-key": [("AIza", _DASHED, "[A-Za-z0-9_-]{35}"), ("GOCSPX-", _DASHED, "[A-Za-z0-9_-]{28}")],
    "ai-key": [
        ("sk-ant-", _DASHED, "[A-Za-z0-9_-]{24,255}+"),
        ("sk-proj-", _DASHED, "[A-Za-z0-9_-]{24,255}+"),
        ("sk-or-v1-", _DASHED, "[0-9a-f]{64}"),
        ("sk-", _DASHED, "[A-Za-z0-9]{48}"),
        ("hf_", _WORD, "[A-Za-z]{34}"),
    ],
    "package-token": [
        ("npm_", _WORD, "[A-Za-z0-9]{36}"),
        ("pypi-AgE", _DASHED, "[A-Za-z0-9_-]{50,1000}+"),
        ("dckr_pat_", _DASHED, "[A-Za-z0-9_-]{27}"),
        ("SG.", _DASHED, "[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}"),
        ("dop_v1_", _WORD, "[0-9a-f]{64}"),
    ],
    "age-key": [("AGE-SECRET-KEY-1", _WORD, "[0-9A-Z]{58}")],
    "smrthub-token": [("shb_", _DASHED, "[A-Za-z0-9-]{1,64}+_[A-Za-z0-9_-]{20,255}+")],
    "jwt": [("eyJ", _DASHED, "[A-Za-z0-9_-]{8,4096}+\\.eyJ[A-Za-z0-9_-]{8,16384}+\\.[A-Za-z0-9_-]{20,4096}+")],
}
_KEY_HEADER = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")

#: What a password is named, by the literal that each name begins with; ``DB_PASSWORD`` and ``dbPassword`` end in one.
_NAMES: Final = {
    "passw": "(?:ord|d|ort)", "passphrase": "", "passcode": "", "pwd": "", "mot": "[ _]de[ _]passe", "contrase": "(?:ñ|n)a",
    "secret": "(?:[_-]?(?:access[_-]?)?key)?", "api": "[_-]?(?:key|secret|token)", "auth": "[_-]?token", "bot": "[_-]?token",
    "access": "[_-]?(?:token|key)", "refresh": "[_-]?token", "private": "[_-]?key", "account": "[_-]?key",
}  # fmt: skip
#: ``password = "…"``, ``DB_PASSWORD=…``, ``"apiKey": "…"``, ``Your password is: …``
_VALUE = (
    r"""(?:["'`]?\]?|[ ]is|[ ]lautet)[ \t]{0,4}+(?::=|=>|[:=])[ \t]{0,4}+"""
    r"""(?:"(?P<double>[^"\r\n]{6,200}+)"|'(?P<single>[^'\r\n]{6,200}+)'"""
    r"""|(?P<bare>[^\s"'`,;<>(){}\[\]$]{6,200}+)(?=[\s,;"'<]|$))"""
)
_PLACEHOLDER = re.compile(
    r"(?:your|my|the|some|example|sample|dummy|fake|placeholder|change|replace|insert|enter|todo|null|none|true|false|undefined"
    r"|test|xxx|\*\*\*|\.\.\.|\$\{|\{\{|%[(s{]|<|@)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"""authorization["']?[ \t]{0,4}+[:=][ \t]{0,4}+["']?(?:bearer|basic|token)[ ]{1,4}+(?P<v>[a-z0-9._~+/=-]{12,4096}+)""",
)
_IN_AUTHORITY = re.compile(r"://[^\s/:@\"'<>]{1,128}+:(?P<v>[^\s/@:\"'<>]{3,256}+)@")
_IN_QUERY = re.compile(
    r"[?&#;](?:(?:access|id|refresh|auth|reset|session|csrf)?_?token|client_secret|api_?key|auth|sig|signature|passw(?:or)?d|pwd"
    r"|secret|session(?:_?id)?|code|otp|ticket|x-amz-(?:signature|security-token))=(?P<v>[^\s&#;\"'<>]{6,4096}+)",
)


def _find_tokens(kind: str) -> Finder:
    def find(given: Given) -> Iterator[Span]:
        if given.has_run:
            for literal, pattern in _patterns(kind):
                if literal in given.text:
                    yield from (found.span() for found in pattern.finditer(given.text))

    return find


@cache
def _patterns(kind: str) -> list[tuple[str, re.Pattern[str]]]:
    # The look behind stands after the literal: in front of it, it would keep the engine from searching for the literal.
    return [
        (literal, re.compile(f"{re.escape(literal)}(?<![{own}]{re.escape(literal)})(?:{rest})(?![{own}])"))
        for literal, own, rest in _TOKENS[kind]
    ]


def _find_private_keys(given: Given) -> Iterator[Span]:
    """Find whole key blocks; one without an end goes to the end of the text."""
    text = given.text
    at = text.find("-----BEGIN ")
    while at >= 0:
        header = _KEY_HEADER.match(text, at)
        if header is None:
            at = text.find("-----BEGIN ", at + 1)
            continue
        end = text.find("-----END ", header.end())
        close = text.find("-----", end + 9) + 5 if end >= 0 else 4
        if close < 5:
            close = len(text)
        yield at, close
        at = text.find("-----BEGIN ", close)
    at = text.find("PuTTY-User-Key-File-")
    if at >= 0:
        yield at, len(text)


def _find_assigned(given: Given) -> Iterator[Span]:
    if ":" not in given.text and "=" not in given.text:  # one of them stands before every value
        return
    for literal, pattern in _assignments():
        for found in _matches(literal, pattern, given.plain):
            span = found.span(found.lastgroup or "bare")
            if _is_secret_looking(given.text[slice(*span)], is_bare=found.lastgroup == "bare"):
                yield span


def _matches(literal: str, pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Find a pattern that begins with a literal as ``finditer`` does, which keeps all other threads waiting from match to match.

    In 16 MB of names of passwords without a value that is five seconds.
    """
    at = text.find(literal)
    while at >= 0:
        found = pattern.match(text, at)
        if found is not None:
            yield found
        at = text.find(literal, at + 1 if found is None else found.end())


@cache
def _assignments() -> list[tuple[str, re.Pattern[str]]]:
    return [(literal, re.compile(f"{literal}{rest}{_VALUE}")) for literal, rest in _NAMES.items()]


def _is_secret_looking(value: str, *, is_bare: bool) -> bool:
    """Tell a password from a word, a name or a call: it mixes letters with digits or signs, and is no stand-in."""
    if _PLACEHOLDER.match(value) or " " in value.strip() or len(set(value)) < 4:
        return False
    letters = any(each.isalpha() for each in value)
    digits = any(each.isdigit() for each in value)
    if is_bare and re.search(r"[a-z_]\.[a-z_]|::|->|\\|^[-/.]", value, re.IGNORECASE):
        return False  # an attribute, a path, an escape
    signs = re.search(r"[!#%&*+=?~^$@]", value) is not None
    return letters and (digits or (signs and not is_bare) or (signs and value[-1] not in "=?!:"))


def _is_mixed(value: str) -> bool:
    """Tell what was made by a machine, or to be safe, from a word."""
    return any(each.isdigit() for each in value) or (not value.islower() and not value.isupper() and len(value) > 11)


def _find_in(pattern: re.Pattern[str], *hints: str) -> Finder:
    def find(given: Given) -> Iterator[Span]:
        if all(hint in given.plain for hint in hints):
            for found in pattern.finditer(given.plain):
                value = given.text[slice(*found.span("v"))]
                if not _PLACEHOLDER.match(value) and _is_mixed(value):
                    yield found.span("v")

    return find


#: Every kind of secret that a rule can name, and what finds it; of a password that has a name, only the password.
KINDS: Final[dict[str, Finder]] = {
    "private-key": _find_private_keys,
    **{kind: _find_tokens(kind) for kind in _TOKENS},
    "password-assignment": _find_assigned,
    "authorization-header": _find_in(_HEADER, "authorization"),
    "url-password": _find_in(_IN_AUTHORITY, "://", "@"),
    "url-token": _find_in(_IN_QUERY, "="),
    "card-number": find_cards,
    "iban": find_ibans,
    "one-time-code": find_codes,
}
#: Kinds that are in no text without a run of ``RUN_CHARS``.
NEED_RUN: Final = frozenset(_TOKENS)
