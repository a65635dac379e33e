from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.smrtdetect.exclusions import ExclusionRule, is_excluded_app, is_excluded_window

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY_TEXT = st.none() | st.text(alphabet=st.characters(codec=None))


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
        ("Dashlane", "password_manager"),
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
    assert is_excluded_app(name) == rule


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
    assert is_excluded_window(title) == rule


def test_the_user_s_rules_take_the_place_of_the_default_ones() -> None:
    rules = (
        ExclusionRule(name="work", apps=("Outlook",), window_keywords=("Confidential",)),
        ExclusionRule(name="late", apps=("outlook.exe",)),
        ExclusionRule(name="empty"),
    )
    assert is_excluded_app("OUTLOOK.EXE", rules) == "work"
    assert is_excluded_app("KeePass", rules) is None
    assert is_excluded_window("confidential: plan", rules) == "work"
    assert is_excluded_window("plan", rules) is None


@patient
@given(ANY_TEXT, ANY_TEXT)
def test_any_text_gives_a_rule_s_name_or_none(name: str | None, title: str | None) -> None:
    names = {None, "password_manager", "private_window", "smrthub"}
    assert is_excluded_app(name) in names
    assert is_excluded_window(title) in names
