"""Rules: what each condition fits, what is left of a text, and that no text or pattern makes it slow or wrong."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_core.config import PRIVATE_WINDOW_ENDINGS, default_rules
from python_core.runtime.privacy import book_of
from python_core.smrtdetect.rule_book import RuleBook
from python_core.smrtdetect.rule_patterns import content_pattern, glob
from python_core.smrtdetect.rule_shapes import Place, Rule

DEFAULT = book_of(default_rules())
ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=200)
TOKEN = "ghp_" + "Zx9qLm3vTr8bKd2wPs7nHc5yGf1jRe6uWa4t"


def book(action: str = "drop", **on: Any) -> RuleBook:
    return RuleBook([msgspec.convert({"name": "mine", "action": action, **on}, Rule)])


def dropped(rules: RuleBook, **place: str | None) -> str | None:
    return rules.judge(Place(**place)).dropped_by


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("KeePassXC", "password_manager"),
        ("keepassxc.exe", "password_manager"),
        (r"C:\Program Files\KeePass Password Safe 2\KeePass.exe", "password_manager"),
        ("/usr/bin/keepassxc", "password_manager"),
        ("/Applications/1Password.app", "password_manager"),
        ("com.1password.1password", "password_manager"),
        ("BITWARDEN", "password_manager"),
        ("LastPass.exe", "password_manager"),
        ("com.bitwarden.desktop", "password_manager"),
        ("HubWindow.exe", "smrthub"),
        ("ClipboardMonitor", "smrthub"),
        ("chrome.exe", None),
        ("Code", None),
        ("keepassage", None),
        ("", None),
        (None, None),
    ],
)
def test_a_program_is_kept_out_by_its_whole_name(name: str | None, rule: str | None) -> None:
    assert dropped(DEFAULT, app=name) == rule


@pytest.mark.parametrize(
    ("title", "rule"),
    [
        ("Personal.kdbx - KeePassXC", "password_manager"),
        ("Personal.kdbx [Locked] - KeePass", "password_manager"),
        ("bitwarden", "password_manager"),
        ("Vault | Bitwarden Web — Mozilla Firefox", "password_manager"),
        ("My bank - [InPrivate] - Microsoft\u200b Edge", "private_window"),
        ("My bank — Mozilla Firefox Private Browsing", "private_window"),
        ("My bank - Google Chrome (Incognito)", "private_window"),
        ("Private Browsing - MDN - Google Chrome", None),
        ("How incognito works — Mozilla Firefox", None),
        ("HubWindow", "smrthub"),
        ("Penpassage - Google Chrome", None),
        ("main.py - hub - Visual Studio Code", None),
        ("", None),
        (None, None),
    ],
)
def test_a_window_is_kept_out_by_a_word_in_its_title_or_by_its_ending(title: str | None, rule: str | None) -> None:
    assert dropped(DEFAULT, window_title=title) == rule


@pytest.mark.parametrize(
    ("host", "rule"),
    [("vault.bitwarden.com", "password_manager"), ("bitwarden.com", None), ("a.my.1password.com", "password_manager")],
)
def test_vaults_in_a_browser_are_kept_out_and_their_makers_pages_are_not(host: str, rule: str | None) -> None:
    assert dropped(DEFAULT, host=host) == rule


def test_the_default_rules_keep_out_every_private_window_that_is_known() -> None:
    titles = [f"Page {ending}" for ending in PRIVATE_WINDOW_ENDINGS]
    assert {dropped(DEFAULT, window_title=title) for title in titles} == {"private_window"}


@pytest.mark.parametrize(
    ("on", "place", "fits"),
    [
        ({"urls": ["intranet.example/hr/*"]}, {"url": "https://intranet.example/hr/pay?x=1"}, True),
        ({"urls": ["intranet.example/hr/*"]}, {"url": "https://www.INTRANET.example/HR/pay"}, True),
        ({"urls": ["intranet.example/hr/*"]}, {"url": "https://evil.example/?intranet.example/hr/"}, False),
        ({"urls": ["http://*"]}, {"url": "http://a.example/"}, True),
        ({"urls": ["http://*"]}, {"url": "https://a.example/"}, False),
        ({"urls": ["*/login*"]}, {"url": "https://a.example/x/login?y"}, True),
        ({"page_titles": ["salary"]}, {"page_title": "Salary: March"}, True),
        ({"page_titles": ["salary"]}, {"page_title": "Salaryman"}, False),
        ({"page_titles": ["Draft *"]}, {"page_title": "draft of a letter"}, True),
        ({"page_titles": ["Draft *"]}, {"page_title": "A draft of a letter"}, False),
        ({"page_titles": ["x"]}, {"window_title": "x"}, False),
        ({"sites": ["bank.example"]}, {"host": "www.bank.example"}, True),
        ({"sites": ["bank.example"]}, {"host": "notbank.example"}, False),
        ({"apps": ["Outlook"]}, {"app": r"C:\Office\OUTLOOK.EXE"}, True),
    ],
)
def test_each_condition_fits_what_it_says(on: dict[str, Any], place: dict[str, str], fits: bool) -> None:
    assert (dropped(book(**on), **place) is not None) is fits


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("project falcon", "About Project  Falcon.", "Project  Falcon"),
        ("project falcon", "project\nfalcon", "project\nfalcon"),
        ("falcon", "falconry", None),
        ("falcon*", "see falconry-7, then", "falconry-7,"),
        ("EMP-[0-9]{5}", "id emp-12345.", "emp-12345"),
        ("EMP-[0-9]{5}", "EMP-123456", None),
        ("[a-f0-9]{4,6}", "x abcde y", "abcde"),
        ("[a-f0-9]{4,6}", "x abcdefab y", None),
        (r"\[secret\]", "a [secret] b", "[secret]"),
        (r"a\*b", "a*b", "a*b"),
        ("a.c", "abc", None),
        ("(a+)+$", "x (a+)+$ y", "(a+)+$"),
        ("Straße", "STRASSE straße", "straße"),
    ],
)
def test_a_pattern_finds_whole_words_and_means_its_signs_as_they_are(
    pattern: str, text: str, found: str | None
) -> None:
    match = content_pattern(pattern).search(text)
    assert (match[0] if match else None) == found


@given(st.lists(st.sampled_from(["a", "b", "ab", "*", "**"]), max_size=8), st.text(alphabet="ab", max_size=12))
def test_a_glob_fits_what_the_regular_expression_of_it_fits(parts: list[str], text: str) -> None:
    pattern = "".join(parts)
    assert glob(pattern)(text) == (re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None)


def test_what_is_found_is_taken_out_of_every_form() -> None:
    rules = book("redact", secrets=("github-token",))
    left = rules.judge(
        Place(),
        (
            f"a {TOKEN} b",
            f"<b>{TOKEN}</b> <i>x</i>",
            f"https://x.example/{TOKEN}",
            None,
            f"<b>{TOKEN[:9]}</b>{TOKEN[9:]}",
        ),
        "thu h",
    )
    assert left.texts == (
        "a [redacted: mine] b",
        "<b>[redacted: mine]</b> <i>x</i>",
        "https://x.example/%5Bredacted%3A%20mine%5D",
        None,
        "[redacted: mine]",
    )
    assert (left.marks, left.dropped_by) == (("mine",), None)


def test_a_password_named_in_one_form_is_taken_out_of_the_others_where_it_stands_alone() -> None:
    left = book("redact", secrets=("password-assignment",)).judge(
        Place(), ("password: hunter2&3", "<td>password</td><td>hunter2&amp;3</td>", "hunter2&3"), "tht"
    )
    assert left.texts == (
        "password: [redacted: mine]",
        "<td>password</td><td>[redacted: mine]</td>",
        "[redacted: mine]",
    )


def test_the_first_rule_that_keeps_it_out_is_named_and_a_mark_changes_nothing() -> None:
    rules = RuleBook(
        [
            Rule(name="noted", action="mark", contents=("falcon",)),
            Rule(name="gone", action="drop", contents=("eagle",)),
            Rule(name="gone_too", action="drop", contents=("eagle",)),
        ]
    )
    assert rules.judge(Place(), ("falcon",)).marks == ("noted",)
    assert rules.judge(Place(), ("falcon", "eagle")).dropped_by == "gone"
    assert rules.judge(Place(), ("falcon",)).texts == ("falcon",)


@settings(deadline=None)
@given(st.lists(ANY_TEXT, max_size=6), st.integers(0, 6))
def test_many_short_texts_are_judged_as_each_by_itself(texts: list[str], n: int) -> None:
    rules = book("redact", secrets=("github-token",))
    texts = [text.replace("\n", " ") for text in texts]
    texts.insert(min(n, len(texts)), f"x {TOKEN} y {TOKEN}")
    together = rules.judge_many(Place(), texts).texts
    assert together == tuple(rules.judge(Place(), (text,)).texts[0] for text in texts)
    assert TOKEN not in "".join(text or "" for text in together)


def test_a_key_that_goes_over_several_texts_is_taken_out_of_all_of_them() -> None:
    texts = ["before", "-----BEGIN PRIVATE KEY-----", "MIIB", "", "-----END PRIVATE KEY-----", "after"]
    left = book("redact", secrets=("private-key",)).judge_many(Place(), texts).texts
    assert "MIIB" not in str(left)
    assert (left[0], left[-1], len(left)) == ("before", "after", 6)


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.sampled_from("thu"))
def test_any_text_is_judged(app: str, title: str, text: str, kind: str) -> None:
    judged = DEFAULT.judge(Place(app=app, window_title=title, page_title=title, url=text), (text,), kind)
    assert len(judged.texts) == 1
