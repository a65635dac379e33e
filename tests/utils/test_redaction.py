"""``redact`` masks what identifies the user, leaves the rest, and takes any text in linear time."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_core.utils.redaction import redact

ANY_TEXT = st.text(alphabet=st.characters(codec=None))
SECRET = "q7Zr" * 11

MASKED = [
    ("bob@example.com", "[email]"),
    ("to <bob.o+tag@mail.example.co.uk>, please", "to <[email]>, please"),
    ("?user=bob%40example.com&x=1", "?user=[email]&x=1"),
    ("jörg@münchen.example", "[email]"),
    ("https://bob:hunter2@host/x", "https://[secret]@host/x"),
    (f"shb_0190_{SECRET} ok", "[secret] ok"),
    (f"Authorization: Bearer {SECRET}", "Authorization: [secret]"),
    ("Cookie: a=1; session=2\nnext", "Cookie: [secret]\nnext"),
    (f"sent bearer {SECRET}, then", "sent bearer [secret], then"),
    ("password=hunter2&x=1", "password=[secret]&x=1"),
    ('{"password": "two words", "x": 1}', '{"password": [secret], "x": 1}'),
    ("api_key: 'abc'", "api_key: [secret]"),
    ("refresh-token=abc", "refresh-token=[secret]"),
    (f"key sk-{SECRET}.", "key [secret]"),
    (f"ghp_{SECRET}", "[secret]"),
    ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[secret]"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMII-x\n-----END RSA PRIVATE KEY----- tail", "[secret] tail"),
    ("-----BEGIN PRIVATE KEY-----\nMII cut off", "[secret]"),
    ("4111 1111 1111 1111", "[card]"),
    ("4111-1111-1111-1111.", "[card]."),
    ("378282246310005", "[card]"),
    ("3782 822463 10005", "[card]"),
    ("1234 4111 1111 1111 1111 12", "1234 [card] 12"),
    ("/home/bob/x.py", "/home/[user]/x.py"),
    ("in /Users/bob", "in /Users/[user]"),
    ("file:///home/bob/x", "file:///home/[user]/x"),
    (r"C:\Users\Bob Smith\AppData\x.json", r"C:\Users\[user]\AppData\x.json"),
    (r"C:\\Users\\bob\\x", r"C:\\Users\\[user]\\x"),
]

LEFT_ALONE = [
    "",
    "4 records before this one were lost",
    "0190a2b4-0000-7000-8000-000000000000",
    "sha256:" + "0123456789abcdef" * 4,
    "2026-01-02T03:04:05.678Z",
    "1767323045678",
    "4111 1111 1111 1112",
    "http://127.0.0.1:5001/clipboard",
    "python_core/net/gate.py:120 in judge",
    "a token is missing",
    "bearer of news",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_masks_what_identifies_the_user(text: str, masked: str) -> None:
    assert redact(text) == masked


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_leaves_the_rest_alone(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("text", [text for text, _ in MASKED])
def test_masking_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(ANY_TEXT)
def test_takes_any_text(text: str) -> None:
    assert isinstance(redact(text), str)


@given(before=ANY_TEXT, after=ANY_TEXT)
def test_a_token_is_masked_wherever_it_stands(before: str, after: str) -> None:
    assert SECRET not in redact(f"{before}shb_0190_{SECRET}{after}")


@given(before=ANY_TEXT, after=ANY_TEXT)
def test_a_mail_address_is_masked_wherever_it_stands(before: str, after: str) -> None:
    assert "bob@example" not in redact(f"{before} bob@example.com {after}")


def test_a_megabyte_made_to_be_slow_is_redacted() -> None:
    """Each of these is quadratic, hours at this length, for a pattern that reads a run again from its middle.

    In a process of its own, because nothing stops a regular expression from within.
    """
    script = """
import sys
from python_core.utils.redaction import redact
for unit in UNITS:
    redact((unit * (1_000_000 // len(unit) + 1))[:1_000_000])
"""
    units = [
        *("a", "a@", "a.", "-", "_", "%40", "1", "4111 ", "4111-", "-----BEGIN A-----", "-----END", "eyJaaaa", "eyJa."),
        *("sk-a-", "token='", "token ", "authorization: ", "://a", "/home", "C:\\Users\\a ", "\ud800"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", script.replace("UNITS", ascii(units))], timeout=280, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
