from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.smrtdetect.web_address import (
    CUT_MARK,
    Address,
    NoAddress,
    cut,
    read_address,
    read_host,
    site_of,
)

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXACT = frozenset({"gclid", "fbclid"})
PREFIXES = ("utm_",)
ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=80)
URLISH = st.lists(
    st.sampled_from(["http", "https", ":", "//", "\\", "@", "a.example", "[::1]", ":80", "?", "#", ":~:text=", "%", "&"])
    | ANY_TEXT,
    max_size=12,
).map("".join)  # fmt: skip


def normal(url: str) -> str:
    address = read_address(url, exact=EXACT, prefixes=PREFIXES)
    assert isinstance(address, Address), address
    return address.url


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("HTTPS://Example.COM", "https://example.com/"),
        ("https://example.com:443/a", "https://example.com/a"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("http://example.com:0080/a", "http://example.com/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com:/a", "https://example.com/a"),
        ("https://ann:secret@example.com/", "https://example.com/"),
        ("https://ann@evil.example@example.com/", "https://example.com/"),
        ("https://evil.example\\@example.com/", "https://evil.example/@example.com/"),
        ("https:\\\\example.com\\a\\b", "https://example.com/a/b"),
        ("https:example.com/a", "https://example.com/a"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com/a#/inbox?x=1", "https://example.com/a"),
        ("https://example.com/a#:~:text=two%20words", "https://example.com/a#:~:text=two%20words"),
        ("https://example.com/a#part:~:text=x&text=y", "https://example.com/a#:~:text=x&text=y"),
        ("https://example.com/a#:~:selector=x", "https://example.com/a"),
        ("https://example.com/?b=2&utm_source=x&a=1&gclid=1", "https://example.com/?b=2&a=1"),
        ("https://example.com/?UTM_Source=x&FBCLID=1", "https://example.com/"),
        ("https://example.com/?utm=1&xgclid=2", "https://example.com/?utm=1&xgclid=2"),
        ("https://example.com/?", "https://example.com/"),
        ("https://example.com?a=1", "https://example.com/?a=1"),
        ("https://example.com/%7Ea/%2f?q=%20%zz", "https://example.com/%7Ea/%2f?q=%20%zz"),
        ("https://example.com/a b?c d", "https://example.com/a%20b?c%20d"),
        ('https://example.com/<a>"`', "https://example.com/%3Ca%3E%22%60"),
        ("https://example.com/caf\u00e9", "https://example.com/caf%C3%A9"),
        ("https://example.com/\ud800", "https://example.com/%EF%BF%BD"),
        ("https://example.com/\ud83d\ude00", "https://example.com/%F0%9F%98%80"),
        ("https://example.com/\x00\x1f\x7f", "https://example.com/%00%1F%7F"),
        ("  https://exa\nmple.com/a\tb\r ", "https://example.com/ab"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://B\u00dcCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://fa\u00df.example/", "https://xn--fa-hia.example/"),
        ("https://example\u3002com/", "https://example.com/"),
        ("https://example.com./a", "https://example.com./a"),
        ("http://[2001:DB8:0:0::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://127.0.0.1:5001/x", "http://127.0.0.1:5001/x"),
        ("http://localhost/", "http://localhost/"),
    ],
)
def test_the_normal_form_is_the_one_a_browser_would_open(given_url: str, expected: str) -> None:
    assert normal(given_url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("chrome://settings/passwords", "browser_page"),
        ("about:blank", "browser_page"),
        ("edge://newtab/", "browser_page"),
        ("view-source:https://example.com/", "browser_page"),
        ("chrome-extension://abcdef/popup.html", "extension_page"),
        ("moz-extension://abcdef/popup.html", "extension_page"),
        ("file:///home/ann/taxes.pdf", "scheme"),
        ("data:text/html,<h1>x", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("java\nscript:alert(1)", "scheme"),
        ("blob:https://example.com/1", "scheme"),
        ("ftp://example.com/", "scheme"),
        ("", "bad_url"),
        ("example.com", "bad_url"),
        ("//example.com/", "bad_url"),
        ("https://", "bad_url"),
        ("https:///", "bad_url"),
        ("https://?a", "bad_url"),
        ("https://a..b/", "bad_url"),
        ("https://exa mple.com/", "bad_url"),
        ("https://ex%61mple.com/", "bad_url"),
        ("https://example.com:99999/", "bad_url"),
        ("https://example.com:8o/", "bad_url"),
        ("https://example.com:\u0661/", "bad_url"),
        ("https://[::1/", "bad_url"),
        ("https://[::1]x/", "bad_url"),
        ("https://[fe80::1%25eth0]/", "bad_url"),
        ("https://[1.2.3.4]/", "bad_url"),
        ("https://evil\uff0fexample.com/", "bad_url"),
        ("https://\u00df\uff0f\uff20.example/", "bad_url"),
        (f"https://{'a' * 64}.example/", "bad_url"),
        (f"https://{'a.' * 200}example/", "bad_url"),
        ("https://" + "\u00fc" * 5000, "bad_url"),
    ],
)
def test_what_is_no_web_page_is_refused_with_its_reason(url: str, reason: str) -> None:
    assert read_address(url, exact=EXACT, prefixes=PREFIXES) == NoAddress(reason)  # type: ignore[arg-type]


@patient
@given(URLISH)
def test_any_text_gives_an_ascii_address_or_a_reason(url: str) -> None:
    address = read_address(url, exact=EXACT, prefixes=PREFIXES)
    if isinstance(address, Address):
        assert set(address.url) <= set(string.printable) - set(string.whitespace) - set('"<>`')
        assert address.url.startswith(("http://", "https://"))
        assert "@" not in address.url.split("/")[2]


@patient
@given(URLISH)
def test_the_normal_form_of_a_normal_form_is_itself(url: str) -> None:
    first = read_address(url, exact=EXACT, prefixes=PREFIXES)
    if isinstance(first, Address):
        assert read_address(first.url, exact=EXACT, prefixes=PREFIXES) == first


@patient
@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_a_host_is_plain_ascii_or_none(name: str) -> None:
    host = read_host(name)
    assert host is None or (host.isascii() and host == host.lower() and "/" not in host)


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.example.com", "example.com"),
        ("www.example.com.", "example.com"),
        ("blog.example.com", "blog.example.com"),
        ("www.com", "www.com"),
        ("localhost", "localhost"),
        ("[::1]", "[::1]"),
    ],
)
def test_a_site_is_the_host_as_a_person_names_it(host: str, site: str) -> None:
    assert site_of(host) == site


def test_what_is_cut_ends_in_the_mark_and_fits() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde" + CUT_MARK
    assert cut("abc", 0) == CUT_MARK
