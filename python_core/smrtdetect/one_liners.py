"""Name what stands alone on one line and has a form of its own: an address, a path, a colour, a number, a date."""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import Final

Named = tuple[str, float]

MAX_CHARS: Final = 2_048

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\.?"
_ROOTS = r"(?:Users|home|usr|etc|var|opt|mnt|media|tmp|srv|root|bin|lib|dev|proc|sys|run|Applications|Library|Volumes|private)"
_TOP_LEVELS = "com|org|net|edu|gov|io|dev|app|ai|co|de|uk|fr|it|es|nl|eu|ch|at|se|no|pl|jp|cn|in|br|ru|ca|au|us|info"

# Every rule is tried with fullmatch, first match wins. None repeats a group that could match the same text in two ways.
RULES: Final = tuple(
    (type_id, confidence, re.compile(pattern))
    for type_id, confidence, pattern in (
        ("url", 0.99, r"(?:https?|ftps?|sftp|ssh|git|wss?|file|svn|ipfs|magnet|data|tel)://[^\s<>\"]+"),
        ("url", 0.95, r"data:[\w/+.-]{0,80}(?:;[\w=-]{1,40})*,\S*"),
        ("url", 0.9, r"[a-z][a-z0-9+.-]{1,20}://[^\s<>\"]+"),
        ("url", 0.95, r"(?i:www)\.[\w-]+(?:\.[\w-]+)+(?::\d{1,5})?(?:[/?#]\S*)?"),
        ("url", 0.85, rf"[\w-]+(?:\.[\w-]+){{0,4}}\.(?:{_TOP_LEVELS})(?::\d{{1,5}})?/\S*"),
        ("url", 0.75, rf"[a-z0-9-]+(?:\.[a-z0-9-]+){{0,4}}\.(?:{_TOP_LEVELS})"),
        ("url", 0.8, r"localhost:\d{1,5}(?:/\S*)?"),
        ("email", 0.98, r"(?:mailto:)?[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:\?\S*)?"),
        ("email", 0.9, r"[^<>@,;]{1,80} <[\w.+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+>"),
        ("uuid", 0.99, r"(?i:urn:uuid:)?[{(]?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}[)}]?"),
        ("jwt", 0.99, r"eyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*"),
        ("color", 0.97, r"#(?=[0-9]{0,7}[A-Fa-f])(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8});?"),
        ("color", 0.8, r"#(?:\d{6}|\d{8});?"),
        ("color", 0.98, r"(?i:rgba?|hsla?|hwb|lab|lch|oklab|oklch|hsv)\([-+\d.,%/ a-z]{3,60}\);?"),
        ("date", 0.97, r"[12]\d{3}-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?"),
        ("date", 0.85, r"[0-3]?\d\. ?[01]?\d\. ?(?:[12]\d)?\d\d|[0-3]?\d/[0-3]?\d/(?:[12]\d)?\d\d|[12]\d{3}/[01]?\d/[0-3]?\d"),
        ("date", 0.93, rf"(?:[A-Z][a-z]{{2,8}},? )?(?:{_MONTH} [0-3]?\d(?:st|nd|rd|th)?,? |[0-3]?\d(?:st|nd|rd|th)?[ -]{_MONTH}[ -])[12]\d{{3}}(?:,? [0-2]?\d:[0-5]\d(?::[0-6]\d)?(?: ?(?:[AP]M|[+-]\d{{4}}|GMT|UTC|Z))?)?"),
        ("number", 0.95, r"[-+]?\d{1,30}(?:[.,]\d{1,30})?(?:[eE][-+]?\d{1,4})?"),
        ("number", 0.95, r"[-+]?\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+(?:[.,]\d{1,10})?"),
        ("number", 0.9, r"[-+]?(?:[$€£¥₹] ?)?\d{1,3}(?:[,.' ]?\d{3})*(?:[.,]\d{1,10})?(?: ?(?:[%‰€$£¥]|EUR|USD|GBP))?"),
        ("number", 0.9, r"0[xX][0-9A-Fa-f]{1,32}|0[bB][01]{1,64}|0[oO][0-7]{1,32}"),
        ("path", 0.97, r"\"?[A-Za-z]:\\[^<>:\"|?*]*\"?|[A-Za-z]:/(?!/)[^<>:\"|?*]*"),
        ("path", 0.97, r"\"?\\\\[\w.$-]+\\[^<>:\"|?*]+\"?"),
        ("path", 0.92, r"(?:%\w+%|\$env:\w+)(?:[\\/][^<>:\"|?*]*)?|\$\{?(?:HOME|PWD|XDG_\w+)\}?/[^\s<>:\"|?*]*"),
        ("path", 0.95, rf"/{_ROOTS}(?:/[^/<>|?*\"]+)+/?"),
        ("path", 0.85, r"~/[^\s<>|?*\"]*|/(?:[\w.@+%-]+/)+[\w.@+%-]*"),
        ("path", 0.9, r"\.{1,2}[\\/][^\s<>:\"|?*]+"),
        ("path", 0.75, r"(?:[\w.@-]+[\\/])+[\w.@-]*\.[A-Za-z]\w{0,7}"),
    )
)  # fmt: skip
# Of the rules above those that a line with a space in it can fit.
_RULES_WITH_SPACES: Final = tuple(
    rule for rule in RULES if rule[0] in ("color", "date", "number", "path") or " <" in rule[2].pattern
)
_IP = re.compile(
    r"(?:((?:\d{1,3}\.){3}\d{1,3})|\[?([0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,40})(?:%\w{1,16})?\]?)(?::\d{1,5}|/\d{1,3})?"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{18,}={0,2}|[A-Za-z0-9_-]{43,}={0,2}")
_NOT_HEX = re.compile(r"[^0-9A-Fa-f]")


def name_one_line(line: str) -> Named | None:
    """Return the type of a stripped line and how sure that is, or ``None`` where it has no form of its own."""
    if len(line) > MAX_CHARS:
        return ("base64", 0.9) if _is_base64(line) else _name_long(line)
    if _is_ip(line):
        return "ip", 0.95
    for type_id, confidence, pattern in _RULES_WITH_SPACES if " " in line else RULES:
        if pattern.fullmatch(line):
            return type_id, confidence
    return ("base64", 0.85) if _is_base64(line) else None


def _name_long(line: str) -> Named | None:
    is_url = line.startswith(("http://", "https://", "data:")) and " " not in line
    return ("url", 0.9) if is_url else None


def _is_ip(line: str) -> bool:
    found = _IP.fullmatch(line)
    if found is None:
        return False
    try:
        ipaddress.ip_address(found[1] or found[2])
    except ValueError:
        return False
    return True


def _is_base64(line: str) -> bool:
    """Tell whether it decodes and does not look like a word, a hexadecimal digest or an identifier."""
    if not _BASE64.fullmatch(line) or not _NOT_HEX.search(line):
        return False
    body = line.rstrip("=")
    is_mixed = any(c.isdigit() for c in body) and not body.islower() and not body.isupper()
    if not is_mixed or (len(line) < 40 and body == line) or len(body) % 4 == 1:
        return False
    try:
        base64.b64decode(body[: len(body) // 4 * 4], altchars=b"-_" if "-" in body or "_" in body else None)
    except ValueError:
        return False
    return True
