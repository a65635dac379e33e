"""Find numbers that are secrets: cards by Luhn's sum, IBANs by their check digits, one-time codes by the words beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

Span = tuple[int, int]
#: Characters without a break that every token has: most texts have no such run, and then none of the tokens is looked for.
RUN_CHARS = 20
_OF_RUNS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
#: Bytes of a run made one letter, all others a space: a run is then found a hundred times as fast as by a pattern.
_AS_RUNS = bytes(ord("x") if byte in _OF_RUNS else ord(" ") for byte in range(256))
_RUN = b"x" * RUN_CHARS
_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789")
#: Digits of the shortest card number and of the shortest code.
_CARD_DIGITS, _CODE_DIGITS = 13, 4

_CARDS = re.compile(
    r"[2-6](?<![\w.,+/=-].)(?<![0-9A-Fa-f]{4}[ -].)(?:"
    r"[0-9]{12,18}+"
    r"|[0-9]{3}(?P<s>[ -])[0-9]{4}(?P=s)[0-9]{4}(?P=s)[0-9]{4}"
    r"|[47][0-9]{2}(?P<t>[ -])[0-9]{6}(?P=t)[0-9]{5})(?![\w/=]|[.,-][0-9]|[ -](?!20[2-4][0-9])[0-9A-Fa-f]{4}(?![0-9A-Fa-f]))"
)
#: What may hold one: digits with single signs between.
_DIGIT_RUNS = re.compile(r"[0-9]++(?:[ -][0-9]++)*+")
#: Issuers by the first digits, with the lengths of their numbers.
_ISSUERS = (
    (re.compile("4"), (13, 16, 19)),
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile("3[47]"), (15,)),
    (re.compile("6011|65|64[4-9]"), (16, 19)),
    (re.compile("30[0-5]|36|3[89]"), (14,)),
    (re.compile("35(?:2[89]|[3-8])"), (16,)),
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

_IBAN = re.compile(r"[A-Z](?<![A-Za-z0-9].)[A-Z][0-9]{2}(?: ?[A-Z0-9]{4}){2,7}+(?: ?[A-Z0-9]{1,3})?+(?![A-Za-z0-9])")
_IBAN_CHARS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24,
    "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "XK": 20,
}  # fmt: skip

#: What a code is called, by the literal that each name begins with, in small letters.
_NAMES = {
    **dict.fromkeys((*("verification", "security", "one-time", "one time", "login", "log-in", "signin", "sign-in", "confirmation"), *("authentication", "access", "two-factor", "2fa", "temporary")), r"[ -](?:code|pass ?code|password|pin)"),
    **dict.fromkeys(("bestätigungs", "sicherheits", "verifizierungs", "anmelde"), "code"),
    "passcode": "", "otp": r"(?<![a-z]otp)(?![a-z])", "code de ": "(?:vérification|sécurité|confirmation)",
    "código de ": "(?:verificación|seguridad)", "codice di ": "verifica",
}  # fmt: skip
_CODE = r"(?P<v>[0-9]{4,8}+|[0-9]{3}[ -][0-9]{3})(?![\w-]|[.,][0-9])"
_AFTER = re.compile(rf"{_CODE} (?:is|ist|est|es|è) (?:your|dein|ihr|votre|tu|su|il tuo)\b")
_AFTER_HINTS = (" is your", " ist dein", " ist ihr", " est votre", " es tu", " es su", " è il tuo")


class Given(NamedTuple):
    """A text to search: as it is, in small letters (each at its place), whether it has a long run, and how many digits."""

    text: str
    plain: str
    has_run: bool
    digits: int


def given_of(text: str) -> Given:
    """Prepare a text for the search of several kinds."""
    plain = text.lower()
    if len(plain) != len(text):  # one letter becomes two when it is made small
        plain = text.replace("\u0130", "i").lower()
    raw = text.encode(errors="surrogatepass")
    return Given(text, plain, _RUN in raw.translate(_AS_RUNS), len(raw.translate(None, _NO_DIGITS)))


def find_cards(given: Given) -> Iterator[Span]:
    """Find payment card numbers, in one piece or grouped as on the card."""
    text = given.text
    for run in _DIGIT_RUNS.finditer(text) if given.digits >= _CARD_DIGITS else ():
        start, end = run.span()
        if end - start < 13 or (end - start > 19 and run[0].isdecimal()):
            continue
        while (found := _CARDS.search(text, start, min(end + 6, len(text)))) is not None and found.start() < end:
            if _is_card(found[0].replace(" ", "").replace("-", "")):
                yield found.span()
                start = found.end()
            else:  # the next group may begin one
                start = found.start() + (5 if found["s"] or found["t"] else len(found[0]))


def _is_card(digits: str) -> bool:
    if not any(len(digits) in lengths and first.match(digits) for first, lengths in _ISSUERS):
        return False
    numbers = [int(each) for each in reversed(digits)]
    return len(set(numbers)) > 1 and (sum(numbers[::2]) + sum(_DOUBLED[each] for each in numbers[1::2])) % 10 == 0


def find_ibans(given: Given) -> Iterator[Span]:
    """Find IBANs, in one piece or in groups of four."""
    text = given.text
    found = _IBAN.search(text) if given.digits else None
    while found is not None:
        end = _iban_end(found[0])
        if end:
            yield found.start(), found.start() + end
        found = _IBAN.search(text, found.start() + (end or 4))


def _iban_end(run: str) -> int:
    """Return how many characters of a run are an IBAN, 0 when none are: a word may stand behind its last group."""
    wanted = _IBAN_CHARS.get(run[:2], 0)
    plain = run.replace(" ", "")[:wanted]
    if (
        not wanted
        or len(plain) < wanted
        or int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 != 1
    ):
        return 0
    seen = 0
    for at, each in enumerate(run):
        seen += each != " "
        if seen == wanted:
            return at + 1 if run[at + 1 : at + 2] in ("", " ") else 0
    return 0


def find_codes(given: Given) -> Iterator[Span]:
    """Find codes for one login, by the words before or after them."""
    plain = given.plain
    if given.digits < _CODE_DIGITS:
        return
    if "code" in plain or "codi" in plain or "códi" in plain or "pass" in plain or "pin" in plain or "otp" in plain:
        for literal, pattern in _named_codes():  # each name has one of these in it
            if literal in plain:
                yield from (found.span("v") for found in pattern.finditer(plain))
    if any(map(plain.__contains__, _AFTER_HINTS)):
        for found in _AFTER.finditer(plain):
            if not re.match(r"[\w.,]", plain[found.start() - 1 : found.start()]):
                yield found.span("v")


@cache
def _named_codes() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (literal, re.compile(rf"{literal}{rest}[^\n0-9(]{{0,24}}+(?<![\w.,]){_CODE}"))
        for literal, rest in _NAMES.items()
    ]
