"""Bring the address of a web page into one normal form, as a browser would read it, or say why it is none.

The reading follows the WHATWG URL rules for ``http`` and ``https``, not RFC 3986: where the two differ
(back-slashes, tabs inside, a second ``@``) the host that the browser talked to is the one that privacy rules
must see.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from encodings import idna
from typing import Final, Literal

import msgspec

NoAddressReason = Literal["browser_page", "extension_page", "scheme", "bad_url"]
CUT_MARK: Final = "…"
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# What a browser opens without asking a web server: its own pages, and those of its extensions.
BROWSER_SCHEMES: Final = frozenset(
    (
        "about", "arc", "brave", "chrome", "chrome-devtools", "chrome-error", "chrome-native",
        "chrome-search", "chrome-untrusted", "devtools", "edge", "opera", "resource", "view-source",
        "vivaldi", "wyciwyg",
    )
)  # fmt: skip
EXTENSION_SCHEMES: Final = frozenset(
    (
        "chrome-extension", "extension", "moz-extension", "ms-browser-extension", "safari-extension",
        "safari-web-extension",
    )
)  # fmt: skip

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,39}(?=:)")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_AUTHORITY_END = re.compile(r"[/\\?#]")
# A normal form is graphic ASCII without quotes and angle brackets, which browsers encode too.
_PLAIN = re.compile(r"[!#-;=?-_a-~]*")
_NOT_PLAIN = re.compile(r"[^!#-;=?-_a-~]+")
_STRIPPED_INSIDE = str.maketrans("", "", "\t\n\r")
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
# IDNA 2003, which the standard library speaks, folds these away and so names another host than browsers do.
_DEVIATIONS = frozenset("ß\u1e9eς\u200c\u200d")


class Address(msgspec.Struct, frozen=True):
    """An ``http`` or ``https`` address: ``url`` is graphic ASCII, ``host`` lower-case punycode, no port."""

    url: str
    host: str


class NoAddress(msgspec.Struct, frozen=True):
    """Why a text is no address of a web page."""

    reason: NoAddressReason


def read_address(url: str, *, exact: frozenset[str], prefixes: tuple[str, ...]) -> Address | NoAddress:
    """Normalise ``url`` and drop its tracking parameters.

    Those are the names in ``exact`` or beginning with one of ``prefixes``, all lower-case. User info and
    default ports go, and so does every fragment but a text fragment (``#:~:text=…``). The order of parameters
    and the percent-encoding that is there stay as they are.
    """
    text = url.strip(_C0_AND_SPACE).translate(_STRIPPED_INSIDE)
    found = _SCHEME.match(text)
    if found is None:
        return NoAddress("bad_url")
    scheme = found.group().lower()
    if scheme not in DEFAULT_PORTS:
        return _refuse_scheme(scheme)
    rest = text[found.end() + 1 :].lstrip("/\\")
    end = _AUTHORITY_END.search(rest)
    at = end.start() if end else len(rest)
    authority = read_authority(rest[:at], DEFAULT_PORTS[scheme])
    if authority is None:
        return NoAddress("bad_url")
    host, port = authority
    before, _, fragment = rest[at:].partition("#")
    path, _, query = before.partition("?")
    path = path.replace("\\", "/") or "/"
    query = _without_tracking(query, exact, prefixes)
    tail = path + (f"?{query}" if query else "") + _text_fragment(fragment)
    return Address(url=f"{scheme}://{host}{port}{_encode(tail)}", host=host)


def read_authority(authority: str, default_port: int) -> tuple[str, str] | None:
    """Return the host in normal form and ``:port`` (empty when it is the default), or ``None``."""
    text = authority.rpartition("@")[2]
    if text.startswith("["):
        literal, bracket, port_text = text[1:].partition("]")
        host = _ipv6(literal) if bracket else None
    else:
        name, colon, port_text = text.partition(":")
        port_text = colon + port_text
        host = read_host(name)
    port = _port(port_text, default_port)
    if host is None or port is None:
        return None
    return host, port


def read_host(name: str) -> str | None:
    """Return a host name lower-case and in punycode, or ``None`` where no browser would connect to it."""
    if len(name) > 255:  # before any work on it: the codec's own checks come late
        return None
    if not name.isascii():
        try:
            name = ".".join(_to_ascii(label) for label in name.translate(_DOTS).split("."))
        except UnicodeError:
            return None
    host = name.lower()
    return host if len(host) <= 254 and _HOST.fullmatch(host) else None


def site_of(host: str) -> str:
    """Return the name a person knows the host by: without a final dot and a leading ``www.``.

    There is no public-suffix list here, so ``blog.example.com`` is a site of its own, not a part of
    ``example.com``.
    """
    name = host.removesuffix(".")
    short = name.removeprefix("www.")
    return short if "." in short else name


def cut(text: str, max_chars: int) -> str:
    """Return at most ``max_chars`` characters; what was cut ends in the mark."""
    return text if len(text) <= max_chars else text[: max(0, max_chars - 1)] + CUT_MARK


def _refuse_scheme(scheme: str) -> NoAddress:
    if scheme in BROWSER_SCHEMES:
        return NoAddress("browser_page")
    return NoAddress("extension_page" if scheme in EXTENSION_SCHEMES else "scheme")


def _to_ascii(label: str) -> str:
    if not label or label.isascii():
        return label
    if _DEVIATIONS.isdisjoint(label):
        return idna.ToASCII(label).decode("ascii")
    folded = unicodedata.normalize("NFKC", label.lower())
    return "xn--" + folded.encode("punycode").decode("ascii")


def _ipv6(literal: str) -> str | None:
    if "%" in literal:  # a zone names an interface of this machine, not a site
        return None
    try:
        return f"[{ipaddress.IPv6Address(literal).compressed}]"
    except ValueError:
        return None


def _port(text: str, default: int) -> str | None:
    digits = text[1:].lstrip("0")
    if text in ("", ":"):
        return ""
    if text[0] != ":" or len(digits) > 5 or not (text.isascii() and text[1:].isdigit()):
        return None
    port = int(digits or "0")
    if port > 65535:
        return None
    return "" if port == default else f":{port}"


def _without_tracking(query: str, exact: frozenset[str], prefixes: tuple[str, ...]) -> str:
    if not query or not (exact or prefixes):
        return query
    kept = []
    for part in query.split("&"):
        name = part.partition("=")[0].lower()
        if name not in exact and not name.startswith(prefixes):
            kept.append(part)
    return "&".join(kept)


def _text_fragment(fragment: str) -> str:
    directives = fragment.partition(":~:")[2]
    texts = [part for part in directives.split("&") if part.startswith("text=")]
    return f"#:~:{'&'.join(texts)}" if texts else ""


def _encode(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return _NOT_PLAIN.sub(_percent, text)


def _percent(found: re.Match[str]) -> str:
    # By way of UTF-16 a lone surrogate becomes U+FFFD, as in a browser, and a pair of them one character.
    whole = found.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(f"%{byte:02X}" for byte in whole.encode())
