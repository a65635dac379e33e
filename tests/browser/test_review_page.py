"""The pages of a bundle and of the doctor in a real browser: under their policy, from no host, hostile texts as texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from python_core.support.bundle_format import BundleManifest, PartTold, files_told
from python_core.support.hops import Hop
from python_core.support.review_page import doctor_page, review_of

HOSTILE = "</pre></details><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
AT = "2026-01-02T03:04:05.678Z"
CONTENTS = {
    "logs/python-net-log.txt": HOSTILE.encode(),
    "logs/python-net-log.json": b"{}",
    "system/files.json": json.dumps({"files": [{HOSTILE: 1, "n": HOSTILE}], "of": {HOSTILE: {HOSTILE: [2]}}}).encode(),
}
MANIFEST = BundleManifest(
    format="smrthub-bundle",
    format_version=1,
    made_at=AT,
    since=AT,
    hub_version="0.1.0",
    parts=[PartTold("logs", "python-net", "failed", HOSTILE)],
    notes=[HOSTILE],
    redactions={"secrets": 1_234},
    compared_with="the words of the store",
    files=files_told(CONTENTS),
)
PAGES = {
    "SmrtHub support bundle": review_of(MANIFEST, CONTENTS),
    "SmrtHub doctor": doctor_page([Hop("log disk", "failed", HOSTILE, "logs_read_only", HOSTILE, 90, 1_234)], AT),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("title", PAGES)
def test_a_page_shows_hostile_texts_as_texts_and_loads_nothing(
    chromium: str, tmp_path: Path, title: str, scheme: str
) -> None:
    target = tmp_path / "index.html"
    target.write_bytes(PAGES[title])
    asked, complaints = list[str](), list[str]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        shown = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("console", lambda message: complaints.append(message.text))
        shown.goto(target.as_uri())
        ground = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        for summary in shown.locator("summary").all():
            summary.click()
        assert HOSTILE in shown.inner_text("body")
        assert "1,234" in shown.inner_text("body")
        assert shown.title() == title
        assert shown.locator("img, script").count() == 0
        browser.close()
    assert ground == ("rgb(13, 17, 23)" if scheme == "dark" else "rgb(255, 255, 255)")
    assert (asked, complaints) == ([target.as_uri()], [])
