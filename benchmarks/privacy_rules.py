"""Measures what the default privacy rules cost: judging a clip of 1 KB, and a megabyte of ordinary and of hostile text.

Hostile texts are made to begin as many matches as they can, and to end none. The limit is what a clip of 16 MB, the largest, may
hold a thread of the server for; the goal is a tenth of that. ``growth`` is the time for twice the text over that for the text: 2
is linear, 4 would be quadratic.
"""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable

from python_core.config import PrivacyRules, default_rules
from python_core.runtime.privacy import book_of
from python_core.smrtdetect.rule_book import RuleBook
from python_core.smrtdetect.rule_shapes import Place, Rule

KIB, MIB = 1_024, 1_048_576
ROUNDS = 3
#: Milliseconds for a megabyte: sixteen of them in 8 s at the most.
LIMIT_MS, GOAL_MS = 500.0, 50.0
#: Microseconds for a clip of 1 KB: a tenth of what a durable post takes.
SMALL_LIMIT_US, SMALL_GOAL_US = 200.0, 60.0

HOSTILE = {
    "token beginnings": "AKIAghp_glpat-sk-ant-eyJxoxb-",
    "one long run": "a",
    "JWT segments": "eyJaaaaaaaaaaaa.",
    "key headers without an end": "-----BEGIN RSA PRIVATE KEY ",
    "passwords without an end": "password = \"",
    "password names": "passwordpwdsecretapikey",
    "addresses": "://a:",
    "query tokens": "?token=",
    "digits": "4",
    "groups of digits": "4000 ",
    "account numbers": "DE00",
    "code words": "verification code ",
    "tags": "<b",
    "capitals": "A",
}  # fmt: skip


def main() -> None:
    """Print each figure beside its limit and its goal."""
    rules = book_of(default_rules())
    place = Place(
        app="Editor", window_title="notes.txt - Editor", page_title="A page", url="https://a.example/", host="a.example"
    )
    small = _prose(KIB)
    took_us = _best(lambda: rules.judge(place, (small, "A page", "https://a.example/"), "ttu"), 200) * 1e6
    print(f"{'a clip of 1 KB':<28} {took_us:8.1f} µs   limit {SMALL_LIMIT_US:.0f}, goal {SMALL_GOAL_US:.0f}")
    texts = {"prose": _prose, "random letters": _letters}
    texts |= {name: _repeated(unit) for name, unit in HOSTILE.items()}
    for name, make in texts.items():
        _report(name, make, rules, "t")
    _report("tags, as HTML", _repeated("<b"), rules, "h")
    own = RuleBook([Rule(name="own", action="redact", contents=("[a]{64}[a]{64}b", "[a-z]{1,64}x", "aaaa*"))])
    _report("patterns of a user's own", _repeated("a"), own, "t")
    empty = book_of(PrivacyRules())
    _report("no rules", _prose, empty, "t")


def _report(name: str, make: Callable[[int], str], rules: RuleBook, kind: str) -> None:
    whole, half = make(MIB), make(MIB // 2)
    took_s, half_s = (_best(lambda text=text: rules.judge(Place(), (text,), kind), 1) for text in (whole, half))
    growth = took_s / half_s if half_s > 1e-4 else 2.0
    print(f"{name:<28} {took_s * 1e3:8.1f} ms/MB   limit {LIMIT_MS:.0f}, goal {GOAL_MS:.0f}   growth {growth:.1f}")


def _best(act: Callable[[], object], times: int) -> float:
    """Return the least time of a call, in seconds, over some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            act()
        best = min(best, (time.perf_counter() - began) / times)
    return best


def _repeated(unit: str) -> Callable[[int], str]:
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def _prose(size: int) -> str:
    words = ["".join(random.Random(n).choices(string.ascii_lowercase, k=2 + n % 9)) for n in range(400)]
    chosen = random.Random(7).choices(words, k=size // 4)
    return " ".join(chosen)[:size]


def _letters(size: int) -> str:
    return "".join(random.Random(3).choices(string.ascii_letters + string.digits + " .-_:=", k=size))


if __name__ == "__main__":
    main()
