from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.smrtdetect.web_address import CUT_MARK
from python_core.smrtdetect.websource import (
    FUTURE_TOLERANCE_MS,
    Refusal,
    RefusedTab,
    SeenTab,
    TabEvent,
    TabInfo,
    TabRules,
    handle_tab_info,
)
from python_core.utils.timestamps import to_rfc3339

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = 1_760_000_000_000
RULES = TabRules(
    tracking_parameters=("utm_*", "gclid"),
    excluded_sites=("bank.example", "*.clinic.example", "https://wallet.example/login", "b\u00fccher.example", "[::1]"),
)  # fmt: skip
ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=60)


def seen(**fields: object) -> SeenTab:
    judged = judge(**fields)
    assert isinstance(judged, SeenTab), judged
    return judged


def refused(**fields: object) -> RefusedTab:
    judged = judge(**fields)
    assert isinstance(judged, RefusedTab), judged
    return judged


def judge(**fields: object) -> SeenTab | RefusedTab:
    tab = TabInfo(**({"url": "https://example.com/a"} | fields))  # type: ignore[arg-type]
    return handle_tab_info(tab, RULES, NOW)


def test_url_and_title_alone_are_enough() -> None:
    tab = msgspec.json.decode(b'{"url":"https://www.Example.com/a?utm_source=x","title":"A  page"}', type=TabInfo)
    assert handle_tab_info(tab, RULES, NOW) == SeenTab(
        url="https://www.example.com/a",
        site="example.com",
        title="A page",
        observed_at_ms=NOW,
        event="updated",
        browser=None,
        tab_id=None,
        window_id=None,
        focused=None,
        audible=None,
        selection=None,
    )


def test_the_body_is_camel_case_and_closed() -> None:
    tab = msgspec.json.decode(
        b'{"url":"https://example.com/","tabId":7,"windowId":"w1","observedAt":"2025-10-09T08:53:19.000Z",'
        b'"browser":"firefox","focused":true,"audible":false,"selection":"some words","event":"activated","id":"x"}',
        type=TabInfo,
    )
    judged = handle_tab_info(tab, RULES, NOW)
    assert isinstance(judged, SeenTab)
    assert (judged.tab_id, judged.window_id, judged.event) == ("7", "w1", "activated")
    assert (judged.focused, judged.audible, judged.selection) == (True, False, "some words")
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"url":"https://example.com/","favIconUrl":"x"}', type=TabInfo)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"incognito": True}, "incognito"),
        ({"incognito": True, "url": "chrome://newtab", "observed_at": "never"}, "incognito"),
        ({"url": "chrome://newtab/"}, "browser_page"),
        ({"url": "moz-extension://x/y"}, "extension_page"),
        ({"url": "file:///etc/passwd"}, "scheme"),
        ({"url": "https://"}, "bad_url"),
        ({"url": "https://bank.example/"}, "excluded_site"),
        ({"url": "https://www.bank.example/"}, "excluded_site"),
        ({"url": "https://BANK.example./"}, "excluded_site"),
        ({"url": "https://ann:pw@login.bank.example:8443/x"}, "excluded_site"),
        ({"url": "https://clinic.example/"}, "excluded_site"),
        ({"url": "https://a.clinic.example/"}, "excluded_site"),
        ({"url": "https://wallet.example/other"}, "excluded_site"),
        ({"url": "https://xn--bcher-kva.example/"}, "excluded_site"),
        ({"url": "http://[0:0::1]:8080/"}, "excluded_site"),
        ({"title": "a\0b"}, "nul_in_title"),
        ({"tab_id": "x" * 129}, "bad_id"),
        ({"window_id": "\ud800"}, "bad_id"),
        ({"tab_id": 10**5000}, "bad_id"),
        ({"id": "a\nb"}, "bad_id"),
        ({"observed_at": "yesterday"}, "bad_observed_at"),
        ({"observed_at": "1815-12-10T00:00:00Z"}, "bad_observed_at"),
    ],
)
def test_what_must_not_be_recorded_is_refused(fields: dict[str, object], reason: str) -> None:
    assert refused(**fields).reason == reason
    assert reason in get_args(Refusal)


@pytest.mark.parametrize(
    "url", ["https://notbank.example/", "https://bank.example.org/", "https://example/bank.example"]
)
def test_a_site_that_only_looks_like_an_excluded_one_is_seen(url: str) -> None:
    assert seen(url=url).url == url


def test_nothing_of_an_incognito_tab_is_kept() -> None:
    judged = refused(
        incognito=True, url="https://secret.example/", title="Secret", selection="Secret", browser="firefox", tab_id=666
    )
    assert judged == RefusedTab(reason="incognito", ends_front=True, observed_at_ms=NOW, browser="firefox")


@pytest.mark.parametrize(
    ("event", "focused", "ends_front"),
    [
        ("activated", True, True),
        ("activated", False, True),
        ("activated", None, True),
        ("updated", True, True),
        ("updated", None, True),
        ("updated", False, False),
        ("heartbeat", True, True),
        ("heartbeat", False, False),
        ("closed", True, False),
        ("closed", None, False),
    ],
)
@pytest.mark.parametrize("hidden", [{"incognito": True}, {"url": "about:blank"}, {"url": "https://bank.example"}])
def test_a_refused_tab_ends_what_was_in_front_when_it_may_be_in_front(
    hidden: dict[str, object], event: TabEvent, focused: bool | None, ends_front: bool
) -> None:
    assert refused(event=event, focused=focused, **hidden).ends_front is ends_front


def test_a_long_address_and_a_long_title_are_cut_with_a_mark() -> None:
    judged = seen(url="https://example.com/" + "a" * 9_000, title="t" * 2_000, selection="s" * 5_000)
    assert (len(judged.url), judged.url[-1]) == (8_192, CUT_MARK)
    assert (len(judged.title), judged.title[-1]) == (1_024, CUT_MARK)
    assert judged.selection is not None
    assert (len(judged.selection), judged.selection[-1]) == (4_096, CUT_MARK)


def test_a_title_is_one_line_without_control_characters() -> None:
    assert seen(title=" a\r\n\x1b[31mb\u2028c\ud800 ").title == "a [31mb c\ufffd"


def test_a_selection_keeps_its_lines() -> None:
    assert seen(selection="a\n\tb\x00\x1b").selection == "a\n\tb"


@pytest.mark.parametrize(
    ("observed_at_ms", "expected"),
    [
        (NOW - 86_400_000, NOW - 86_400_000),
        (NOW, NOW),
        (NOW + FUTURE_TOLERANCE_MS, NOW + FUTURE_TOLERANCE_MS),
        (NOW + FUTURE_TOLERANCE_MS + 1, NOW),
        (NOW + 86_400_000, NOW),
    ],
)
def test_the_moment_is_the_client_s_unless_it_is_still_to_come(observed_at_ms: int, expected: int) -> None:
    assert seen(observed_at=to_rfc3339(observed_at_ms)).observed_at_ms == expected


def test_a_refusal_bears_its_moment_too() -> None:
    observed_at = to_rfc3339(NOW - 5_000)
    assert refused(url="about:blank", observed_at=observed_at).observed_at_ms == NOW - 5_000
    assert refused(incognito=True, observed_at=observed_at).observed_at_ms == NOW - 5_000
    assert refused(observed_at="nonsense").observed_at_ms == NOW


@patient
@given(
    st.builds(
        TabInfo,
        url=ANY_TEXT | ANY_TEXT.map(lambda text: "https://example.com/" + text) | ANY_TEXT.map("https://".__add__),
        title=st.none() | ANY_TEXT,
        id=st.none() | ANY_TEXT,
        event=st.sampled_from(get_args(TabEvent)),
        tab_id=st.none() | st.integers() | ANY_TEXT,
        window_id=st.none() | st.integers() | ANY_TEXT,
        browser=st.none() | ANY_TEXT,
        incognito=st.none() | st.booleans(),
        focused=st.none() | st.booleans(),
        selection=st.none() | ANY_TEXT,
        observed_at=st.none() | ANY_TEXT | st.integers(-6 * 10**13, 10**14).map(to_rfc3339),
    ),
    st.integers(0, 10**14),
)
def test_any_tab_is_seen_or_refused(tab: TabInfo, received_at_ms: int) -> None:
    judged = handle_tab_info(tab, RULES, received_at_ms)
    msgspec.json.encode(judged)  # nothing in it that could not be stored as UTF-8
    assert judged.observed_at_ms <= received_at_ms + FUTURE_TOLERANCE_MS
    if isinstance(judged, RefusedTab):
        assert judged.reason in get_args(Refusal)
    else:
        assert not tab.incognito
        assert len(judged.url) <= RULES.max_url_chars
        assert "\n" not in judged.title
