from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.smrtdetect.provenance import (
    MIN_CONFIDENCE,
    SETTLE_MS,
    Copied,
    JoinRules,
    PageSource,
    Sighting,
    judge_source,
)
from tests.smrtdetect.situations import RULES, SITUATIONS, TITLES, Situation, copied, front

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def within(window_ms: int) -> JoinRules:
    return JoinRules(window_ms=window_ms, private_endings=())


@pytest.mark.parametrize("situation", SITUATIONS, ids=[situation.name for situation in SITUATIONS])
def test_a_copy_is_joined_to_its_page_or_to_none(situation: Situation) -> None:
    source = judge_source(situation.copied, situation.sightings, RULES)
    assert (source and source.visit) == situation.page, source
    if source is not None:
        assert situation.at_least <= source.confidence <= situation.at_most, source
        assert source.url == f"https://{situation.page}.example/"
        assert source.title == TITLES[source.visit]


def test_the_evidence_says_why() -> None:
    source = judge_source(
        copied("chrome.exe", "Ownership - The Rust Book - Google Chrome"), [front("rust", 1.0)], RULES
    )
    assert source == PageSource(
        visit="rust",
        url="https://rust.example/",
        title="Ownership - The Rust Book",
        confidence=0.99,
        evidence=(
            "tab activated 1.0 s before the copy",
            "browser had the focus",
            "app is that browser",
            "window title holds the page title",
        ),
    )


def test_no_evidence_holds_what_was_captured() -> None:
    for situation in SITUATIONS:
        source = judge_source(situation.copied, situation.sightings, RULES)
        for phrase in source.evidence if source else ():
            assert not any(title and title in phrase for title in TITLES.values())
            assert "example" not in phrase


def test_a_narrower_window_joins_less() -> None:
    sightings = [front("rust", 60, 8)]
    assert judge_source(copied(), sightings, within(10_000)) is not None
    assert judge_source(copied(), sightings, within(7_999)) is None
    assert judge_source(copied(), sightings, within(0)) is None


SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        visit=st.sampled_from([None, "a", "b", "c"]),
        at_ms=st.integers(-50_000, 5_000),
        until_ms=st.integers(-50_000, 60_000),
        focused=st.sampled_from([None, True, False]),
        browser=st.sampled_from([None, "chrome", "firefox", "netscape", "\ud800"]),
        client=st.sampled_from([None, "one", "two"]),
        title=st.sampled_from(["", "a", "Morning news", "\ud800\u202e"]) | st.text(max_size=8),
        closed_at_ms=st.none() | st.integers(-50_000, 5_000),
    ),
    max_size=7,
)
COPIES = st.builds(
    Copied,
    captured_at_ms=st.integers(-3_000, 3_000),
    app=st.sampled_from([None, "", "chrome.exe", "Firefox", "code", "\ud800"]),
    window_title=st.sampled_from([None, "", "Morning news - Google Chrome", "x — Mozilla Firefox", "\ud800"]),
    has_text=st.booleans(),
    has_html=st.booleans(),
    has_files=st.booleans(),
)


@patient
@given(COPIES, SIGHTINGS, st.integers(0, 60_000), st.randoms())
def test_whatever_was_seen_the_judgement_is_sound(
    copy: Copied, sightings: list[Sighting], window_ms: int, shuffler: random.Random
) -> None:
    source = judge_source(copy, sightings, within(window_ms))
    shuffled = list(sightings)
    shuffler.shuffle(shuffled)
    assert judge_source(copy, iter(shuffled), within(window_ms)) == source
    if source is None:
        return
    assert MIN_CONFIDENCE <= source.confidence <= 1
    assert source.evidence
    assert not copy.has_files
    at_ms = copy.captured_at_ms
    assert any(
        seen.visit == source.visit
        and seen.at_ms <= at_ms + SETTLE_MS
        and at_ms - max(seen.at_ms, seen.until_ms) <= window_ms
        and (seen.closed_at_ms is None or seen.closed_at_ms > at_ms - SETTLE_MS)
        for seen in sightings
    )


@patient
@given(COPIES, SIGHTINGS)
def test_what_followed_a_blank_in_the_same_browser_is_never_the_page_before_it(
    copy: Copied, sightings: list[Sighting]
) -> None:
    """With an incognito tab in front of a browser, no page of that browser is joined, whatever else was told."""
    began_ms = max([copy.captured_at_ms - SETTLE_MS - 1, *(seen.at_ms + 1 for seen in sightings)])
    private = Sighting(visit=None, at_ms=began_ms, until_ms=began_ms, browser="chrome", client="one")
    later = Copied(captured_at_ms=began_ms + SETTLE_MS, app=copy.app, has_html=copy.has_html)
    source = judge_source(later, [*sightings, private], within(60_000))
    if source is not None:
        assert any(
            seen.visit == source.visit and (seen.browser, seen.client) != ("chrome", "one") for seen in sightings
        )
