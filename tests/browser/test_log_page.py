"""The page of the logs in a real browser: under its policy, from no host, hostile texts as texts, quick with many records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from python_core.support.log_entries import LogEntry
from python_core.support.log_page import page_of

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective));
"""


def entry(number: int) -> LogEntry:
    """Make one of many records: each tenth a warning, each hundredth hostile."""
    return LogEntry(
        ts=f"2026-01-02T03:{number // 1000:02d}:{number // 50 % 20 + 10}.{number % 1000:03d}Z",
        level="Warning" if number % 10 == 0 else "Information",
        rendered_message=HOSTILE if number % 100 == 0 else f"number {number}.",
        component="gate" if number % 2 else "triggers",
        props={"count": number, HOSTILE: HOSTILE},
        trace_id=f"{number:032x}",
    )


@pytest.fixture
def page(chromium: str, tmp_path: Path) -> Iterator[Page]:
    """The page of 50,000 records; nothing was asked for but the page, and nothing complained."""
    target = tmp_path / "page.html"
    target.write_text(
        page_of([entry(number) for number in range(50_000)], "2026-01-02T05:00:00.000Z"), encoding="utf-8"
    )
    asked, complaints = list[str](), list[str]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        shown = browser.new_page(timezone_id="Asia/Kolkata")
        shown.add_init_script(VIOLATIONS)
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("console", lambda message: complaints.append(message.text))
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.goto(target.as_uri())
        yield shown
        assert shown.title() == "SmrtHub logs"
        assert shown.evaluate("violations") == []
        assert (asked, complaints) == ([target.as_uri()], [])
        browser.close()


def count(page: Page) -> str:
    return (page.text_content("#count") or "").removesuffix(" records")


def test_filters_narrow_many_records_and_few_are_in_the_page_at_once(page: Page) -> None:
    assert count(page) == "50,000 of 50,000"
    assert page.locator(".row").count() < 200
    page.select_option("#level", "3")
    assert count(page) == "5,000 of 50,000"
    page.select_option("#component", "gate")
    assert count(page) == "0 of 50,000"
    page.click("button[type=reset]")
    page.wait_for_function("document.querySelector('#count').textContent.startsWith('50,000 of')")
    page.fill("#word", "49999 NUMBER")
    assert count(page) == "1 of 50,000"
    page.fill("#word", "")
    page.fill("#trace", f"00-{4321:032x}-00f067aa0ba902b7-01")
    assert count(page) == "1 of 50,000"


def test_times_are_local_or_utc_as_is_said(page: Page) -> None:
    page.fill("#trace", f"{1:032x}")
    first = page.locator(".row:visible").first
    assert first.locator("span").first.text_content() == "2026-01-02 08:30:10.001"
    assert page.text_content("#clock") == "Time (UTC+05:30)"
    page.check("#utc")
    assert first.locator("span").first.text_content() == "2026-01-02 03:00:10.001Z"
    page.fill("#trace", "")
    page.fill("#from", "2026-01-02T03:49:00")
    assert count(page) == "1,000 of 50,000"
    page.fill("#to", "2026-01-02T03:10:00")
    assert count(page) == "0 of 50,000"


def test_hostile_texts_are_shown_as_texts_also_when_chosen_by_the_keyboard(page: Page) -> None:
    page.fill("#word", "onerror")
    page.locator("#list").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    assert page.locator('.row[aria-selected="true"] span').nth(3).text_content() == HOSTILE
    assert HOSTILE in (page.text_content("#one") or "")
    page.click("#one button")
    assert count(page) == "1 of 50,000"
    assert page.locator("img").count() == 0
