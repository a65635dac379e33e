"""Secrets are found by their form, and what only looks like one is left alone."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_core.config.privacy_rules import SecretKind
from python_core.smrtdetect.secret_kinds import KINDS
from python_core.smrtdetect.secret_numbers import RUN_CHARS, given_of

A36 = "Zx9qLm3vTr8bKd2wPs7nHc5yGf1jRe6uWa4t"
HEX64 = "0123456789abcdef" * 4
HEAD, BODY, SIGN = "eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY = "-----BEGIN {0}PRIVATE KEY-----\nMIIEow\nabc=\n-----END {0}PRIVATE KEY-----"

#: Kind, text, and what of it is the secret.
SECRETS = [
    *(("private-key", KEY.format(kind), KEY.format(kind)) for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")),
    ("private-key", "x\n-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ\n", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ\n"),
    ("private-key", r'"-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----"', None),
    ("private-key", "PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 8\nAAAA", None),
    *(("aws-key", f"id={prefix}IOSFODNN7EXAMPLQ;", f"{prefix}IOSFODNN7EXAMPLQ") for prefix in ("AKIA", "ASIA")),
    *(("github-token", f"git clone https://{p}_{A36}@x", f"{p}_{A36}") for p in ("ghp", "gho", "ghu", "ghs", "ghr")),
    ("github-token", f"github_pat_11ABCDEFG0{A36}", None),
    ("gitlab-token", "glpat-" + A36[:20], None),
    ("slack-token", f"xoxb-123456789012-{A36}", None),
    ("slack-token", f"xapp-1-A0123456789-{A36}", None),
    ("slack-token", "https://hooks.slack.com/services/T01234567/B01234567/" + A36[:24], None),
    ("stripe-key", f"sk_live_{A36}", None),
    ("stripe-key", f"rk_test_{A36}", None),
    ("stripe-key", f"whsec_{A36}", None),
    ("google-key", f"key=AIza{A36[:35]}&", f"AIza{A36[:35]}"),
    ("google-key", f"GOCSPX-{A36[:28]}", None),
    ("ai-key", f"sk-ant-api03-{A36}", None),
    ("ai-key", f"sk-proj-{A36}", None),
    ("ai-key", f"sk-{(A36 + A36)[:48]}", None),
    ("ai-key", "hf_" + "AbCdEfGhIj" * 3 + "KlMn", None),
    ("package-token", f"//registry/:_authToken=npm_{A36}", f"npm_{A36}"),
    ("package-token", f"pypi-AgEIcHlwaS5vcmc{A36}{A36}", None),
    ("package-token", f"dop_v1_{HEX64}", None),
    ("package-token", f"SG.{A36[:22]}.{(A36 + A36)[:43]}", None),
    ("package-token", f"dckr_pat_{A36[:27]}", None),
    ("age-key", "AGE-SECRET-KEY-1" + "Q" * 58, None),
    ("smrthub-token", f"Authorization: Bearer shb_01a2-b_{A36}", f"shb_01a2-b_{A36}"),
    ("jwt", f"token {HEAD}.{BODY}.{SIGN}!", f"{HEAD}.{BODY}.{SIGN}"),
    *(
        ("password-assignment", text.format("hunter2!"), "hunter2!")
        for text in (
            'password = "{}"',
            "password: {}",
            "DB_PASSWORD={}",
            "export PGPASSWORD='{}'\n",
            '"password": "{}",',
            "spring.datasource.password={}\n",
            "dbPassword := `x`; pwd => '{}'",
            "The password is: {}",
            "Passwort: {}",
            "Das Passwort lautet: {}",
            "mot de passe : {}",
            "Contraseña: {}",
            "config['secret'] = '{}'",
            "client_secret={}",
            "API_KEY={}",
            "apiKey: '{}'",
            "access_token = {}",
            "İ password={}",
        )
    ),
    ("password-assignment", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYQQQQQQKEY", None),
    ("password-assignment", "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsu", None),
    ("authorization-header", f"-H 'Authorization: Bearer {A36}'", A36),
    ("authorization-header", "authorization: Basic YWxhZGRpbjpvcGVuMTIz", "YWxhZGRpbjpvcGVuMTIz"),
    ("url-password", "postgres://me:s3cret@db.example/x", "s3cret"),
    ("url-password", "https://bob:pa55@example.org/", "pa55"),
    *(
        ("url-token", f"https://example.org/cb?x=1&{name}=a1b2c3d4e5&y", "a1b2c3d4e5")
        for name in ("token", "access_token", "id_token", "reset_token", "api_key", "apikey", "sig", "password", "code")
    ),
    ("url-token", "https://example.org/#access_token=a1b2c3d4e5", "a1b2c3d4e5"),
    ("url-token", "https://s3.example/x?X-Amz-Signature=" + HEX64, HEX64),
    *(
        ("card-number", f"Card {number} 2027", number)
        for number in (
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111111111111111",
            "5555 5555 5555 4444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
            "4222222222222",
        )
    ),
    *(
        ("iban", f"to {number} please", number)
        for number in (
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB29 NWBK 6016 1331 9268 19",
            "FR1420041010050500013M02606",
            "NO93 8601 1117 947",
            "CH93 0076 2011 6238 5295 7",
        )
    ),
    *(
        ("one-time-code", text, code)
        for text, code in (
            ("Your verification code is 482913.", "482913"),
            ("G-482913 is your Google verification code", "482913"),
            ("482913 is your login code", "482913"),
            ("Security code: 123 456", "123 456"),
            ("Your one-time password: 83921", "83921"),
            ("OTP 4821", "4821"),
            ("Ihr Bestätigungscode lautet 482913", "482913"),
            ("Votre code de vérification : 482913", "482913"),
            ("Tu código de verificación es 482913", "482913"),
            ("482913 ist Ihr Code", "482913"),
        )
    ),
]
#: Kinds are all looked for: nothing of these is a secret.
HARMLESS = [
    "The quick brown fox jumps over the lazy dog.",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "AKIA is a prefix; MAKIAIOSFODNN7EXAMPLQ is a word; AKIAIOSFODNN7EXAMPLQX is longer",
    "ghp_short, aghp_" + A36,
    "eyJhbGciOiJIUzI1NiJ9 alone; eyJx.eyJy.z",
    "sk-toggleable-content",
    "password = get_password()",
    "password: str | None = None",
    "password=request.form.password2",
    'password="your_password1"',
    "password=${DB_PASSWORD_1}",
    "password: {{ vault_pass1 }}",
    "password=<password1>",
    'password = "string"',
    "passwords: 12 were found",
    "if password == other_password1:",
    "self.password = password",
    "secret: none",
    "The secret: never give up",
    "token = tokens[0]",
    "access token: see RFC 6749",
    "pwd=/home/someone/work1",
    "https://example.org/a:b/c@d",
    "https://user:password@example.org/",
    "mailto:someone@example.org",
    "https://example.org/?token=&code=javascript&page=12",
    "https://example.org/?q=verification+code",
    "Authorization: Bearer <token>",
    "4111 1111 1111 1112",
    "0.4111111111111111",
    "id 94111111111111111",
    "x4111111111111111",
    "1700000000000000",
    "0000 0000 0000 0000",
    "1234 4111 1111 1111 1111 5678",
    "5230 522E 4111 1111 1111 1111 52BE",
    "2026-11-22 10:15:30, 1767268800000 ms",
    "+49 170 1234567",
    "978-3-16-148410-0",
    "DE89370400440532013001",
    "XX89370400440532013000",
    "ABCD1234ABCD1234",
    "01a2032a-2f54-76a5-9ab5-3bdbb8a29543",
    "sha256:" + HEX64,
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "The code of conduct, version 2021",
    "ZIP code 12345",
    "area code 0201, security considerations in RFC 4086",
    "error code 404, exit code: 78",
    "a login in 2019",
    "authentication code (RFC-4418)",
    "",
]
ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=200)


def _found(kind: str, text: str) -> list[str]:
    return [text[start:end] for start, end in KINDS[kind](given_of(text))]


@pytest.mark.parametrize(("kind", "text", "secret"), SECRETS, ids=[f"{n} {row[0]}" for n, row in enumerate(SECRETS)])
def test_a_secret_is_found(kind: str, text: str, secret: str | None) -> None:
    found = _found(kind, text)
    assert found
    assert secret is None or found == [secret]


@pytest.mark.parametrize("text", HARMLESS, ids=range(len(HARMLESS)))
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert {kind: _found(kind, text) for kind in KINDS if _found(kind, text)} == {}


def test_there_are_a_hundred_rows_and_every_kind_is_among_them() -> None:
    assert len(SECRETS) + len(HARMLESS) >= 140
    assert {kind for kind, *_ in SECRETS} == set(KINDS)


def test_the_kinds_are_those_that_a_rule_can_name() -> None:
    assert set(SecretKind.__args__) == set(KINDS)  # type: ignore[attr-defined]


@settings(deadline=None)
@given(ANY_TEXT, st.sampled_from(SECRETS), ANY_TEXT)
def test_a_secret_is_found_on_a_line_of_its_own_in_any_text(
    before: str, row: tuple[str, str, str | None], after: str
) -> None:
    kind, text, secret = row
    if secret is not None and "BEGIN" not in before + after:
        assert secret in "\n".join(_found(kind, f"{before}\n.\n{text}\n.\n{after}"))


@settings(deadline=None)
@given(st.sampled_from(sorted(KINDS)), ANY_TEXT)
def test_any_text_has_places_within_it(kind: str, text: str) -> None:
    for start, end in KINDS[kind](given_of(text)):
        assert 0 <= start < end <= len(text)


@given(text=st.text() | st.text(alphabet="aZ0_- é\u0130\ud800", max_size=60))
def test_what_is_known_of_a_text_is_what_patterns_find(text: str) -> None:
    known = given_of(text)
    assert known.has_run == bool(re.search(f"[A-Za-z0-9_-]{{{RUN_CHARS}}}", text))
    assert known.digits == len(re.findall("[0-9]", text))


@pytest.mark.parametrize(
    "named", ["Login PIN", "log-in password", "OTP", "pass code", "Anmeldecode", "code de sécurité"]
)
def test_a_code_is_found_by_each_of_the_parts_that_are_looked_for_first(named: str) -> None:
    text = f"Your login {named}: 123456" if named == "pass code" else f"Your {named}: 123456"
    assert _found("one-time-code", text) == ["123456"]


@pytest.mark.parametrize("named", ["código de seguridad", "codice di verifica"])
def test_a_code_is_found_by_names_of_other_languages(named: str) -> None:
    assert _found("one-time-code", f"{named}: 123 456") == ["123 456"]


@pytest.mark.parametrize("name", ["password", "secret", "api_key", "auth_token"])
def test_names_without_a_value_are_gone_through_in_many_calls_between_which_others_have_their_turn(name: str) -> None:
    calls: list[str] = []
    given = given_of(f"{name}=" * 1_000)
    sys.setprofile(lambda _frame, event, _given: calls.append(event))
    try:
        assert list(KINDS["password-assignment"](given)) == []
    finally:
        sys.setprofile(None)
    assert calls.count("c_call") >= 1_000
