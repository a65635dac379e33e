from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.smrtdetect.browsers import browser_family

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("chrome.exe", "chrome"),
        ("chrome", "chrome"),
        ("Google Chrome", "chrome"),
        ("google-chrome-stable", "chrome"),
        ("Google Chrome Canary", "chrome"),
        ("com.google.Chrome.beta", "chrome"),
        ("/usr/bin/chromium-browser", "chrome"),
        ("Chrome 120.0.6099.71", "chrome"),
        (r"C:\Program Files\Mozilla Firefox\firefox.exe", "firefox"),
        ("/Applications/Firefox.app", "firefox"),
        ("firefox-esr", "firefox"),
        ("/usr/lib/firefox/firefox-bin", "firefox"),
        ("Firefox (64-bit)", "firefox"),
        ("Firefox Developer Edition", "firefox"),
        ("org.mozilla.firefox", "firefox"),
        ("msedge.exe", "edge"),
        ("Microsoft\u200b Edge", "edge"),
        ("com.microsoft.edgemac", "edge"),
        ("brave-browser", "brave"),
        ("Brave Browser", "brave"),
        ("Vivaldi", "vivaldi"),
        ("opera.exe", "opera"),
        ("Opera GX", "opera"),
        ("Safari", "safari"),
        ("Safari Technology Preview", "safari"),
        ("Arc", "arc"),
        ("company.thebrowser.Browser", "arc"),
        ("Code.exe", None),
        ("arcade", None),
        ("Electron", None),
        ("explorer.exe", None),
        ("", None),
        (None, None),
    ],
)
def test_a_program_s_name_tells_its_browser(name: str | None, family: str | None) -> None:
    assert browser_family(name) == family


@patient
@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_is_a_browser_or_none(name: str) -> None:
    browser_family(name)
