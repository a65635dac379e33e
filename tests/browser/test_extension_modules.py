"""The extension's pure parts, by table, in the browser that runs them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.driver import chromes

TAB = {"id": 7, "windowId": 3, "url": "https://example.com/", "title": "Example", "incognito": False, "audible": False}
MODULES = [
    *("attention", "browser", "delivery", "flow", "hub", "ids", "observation", "outbox", "pairing", "proof", "queue"),
    "settings",
]
WORDS = ["/options/wording.js", "/options/pairing-words.js"]


@pytest.fixture(scope="module")
def run(chromium, tmp_path_factory) -> Iterator[Callable[..., Any]]:
    """Run JavaScript with all modules' names in reach and `given` as its argument; one browser for all of it."""
    with chromes(chromium, tmp_path_factory.mktemp("modules")) as launch:
        options = launch().options
        names = options.evaluate(
            """async addresses => {
                globalThis.ours = Object.assign({}, ...(await Promise.all(addresses.map(one => import(one)))));
                return Object.keys(ours);
            }""",
            [*(f"/src/{name}.js" for name in MODULES), *WORDS],
        )
        scope = f"const {{ {', '.join(names)} }} = ours;"
        yield lambda code, given=None: options.evaluate(f"given => {{ {scope} return {code}; }}", given)


def test_an_address_leaves_without_its_secrets(run):
    for given, told in (
        ("https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("https://user:pass@example.com/", "https://example.com/"),
        ("https://example.com/#access_token=1", "https://example.com/"),
        ("https://example.com/#top:~:text=a,b", "https://example.com/#:~:text=a,b"),
        ("https://example.com/#", "https://example.com/"),
        ("https://example.com/" + "x" * 20_000, ("https://example.com/" + "x" * 20_000)[:16_384]),
    ):
        assert run("pageOf(given).url", {**TAB, "url": given}) == told


def test_a_title_is_text_that_the_hub_can_read(run):
    for given, told in (
        ("Example", "Example"),
        ("", ""),
        (None, ""),
        ("example.com", ""),  # the address, as the browser shows it until the page has a title
        ("a\x00b\nc", "a b c"),
        ("y" * 3_000, "y" * 2_048),
    ):
        assert run("pageOf(given).title", {**TAB, "title": given}) == told
    assert run("pageOf({ ...given, title: 'half \\ud83d' }).title", TAB) == "half \ufffd"
    assert run("pageOf({ ...given, title: 'y'.repeat(2047) + '😀' }).title", TAB).endswith("y\ufffd")


def test_what_never_leaves(run):
    for url in ("chrome://settings", "file:///etc/passwd", "about:blank", "javascript:1", "ftp://a/", "", None):
        assert run("pageOf(given)", {**TAB, "url": url}) is None
    assert run("pageOf(given)", {**TAB, "incognito": True}) is None
    assert run("pageOf({ ...given, incognito: undefined })", TAB) is None
    assert run("pageOf(null)") is None
    assert "favIconUrl" not in run("pageOf(given)", {**TAB, "favIconUrl": "data:image/png;base64,AAAA"})


def test_ids_rise_and_are_of_version_7(run):
    made = run("Array.from({ length: 50 }, (_, at) => newId(1700000000000 + at))")
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"018bcfe5-6[0-9a-f]{3}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one) for one in made)


def test_a_browser_is_named_for_itself_before_what_it_is_built_on(run):
    for brands, name in (
        (["Chromium", "Not=A?Brand"], "chromium"),
        (["Chromium", "Google Chrome"], "chrome"),
        (["Chromium", "Microsoft Edge"], "edge"),
        (["Brave", "Chromium"], "brave"),
    ):
        assert run("browserName(given.map(brand => ({ brand })))", brands) == name
    assert run("browserName([])") is None


def test_what_is_in_front_is_told_once_and_its_loss_once(run):
    story = """given.reduce(({ memory, told }, [what, page, atMs]) => {
        const look = what === "lost" ? nothingInFront(memory, atMs)
            : what === "closed" ? tabClosed(memory, page.tabId, atMs)
            : pageInFront(memory, what, page, atMs);
        const lines = look.reports.map(({ event, page, focused }) => `${event} ${page.title} ${focused}`);
        return { memory: look.memory, told: [...told, lines.join()] };
    }, { memory: blankMemory(), told: [] }).told"""

    def page(number, title, url=None):
        return {"tabId": number, "windowId": 1, "url": url or f"https://example.com/{number}", "title": title}

    a, b = page(1, "a"), page(2, "b")
    for steps, told in (
        ([("activated", a, 0), ("activated", a, 1), ("updated", a, 2)], ["activated a true", "", ""]),
        ([("lost", None, 0), ("activated", a, 1), ("lost", None, 2), ("lost", None, 3)],
         ["", "activated a true", "updated a false", ""]),
        ([("activated", a, 0), ("activated", None, 1), ("activated", a, 2)],
         ["activated a true", "updated a false", "activated a true"]),
        ([("activated", a, 0), ("heartbeat", a, 1), ("heartbeat", a, 2)],
         ["activated a true", "heartbeat a true", "heartbeat a true"]),
        ([("activated", a, 0), ("activated", b, 1), ("closed", b, 2), ("closed", b, 3)],
         ["activated a true", "activated b true", "closed b false", ""]),
        ([("updated", a, 0), ("updated", page(1, "other"), 1), ("updated", page(1, "x", "https://x.example/"), 2)],
         ["updated a true", "updated other true", "updated x true"]),
    ):  # fmt: skip
        assert run(story, steps) == told
    flood = [("updated", page(1, str(number)), number * 100) for number in range(40)]
    assert len([line for line in run(story, [*flood, ("updated", page(1, "late"), 20_000)]) if line]) == 7


def test_the_outbox_is_bounded_and_lets_heartbeats_go_first(run):
    box = """given.reduce(withItem, { items: [], dropped: 0 })"""
    events = ["activated", "heartbeat", *["activated"] * 999]
    kept = run(box, [{"id": str(place), "event": event} for place, event in enumerate(events)])
    assert [item["id"] for item in kept["items"][:3]] == ["0", "2", "3"]
    assert (len(kept["items"]), kept["dropped"]) == (1_000, 1)
    kept = run(box, [{"id": str(place), "event": "activated"} for place in range(1_003)])
    assert (kept["items"][0]["id"], kept["dropped"]) == ("3", 3)
    kept = run(f"{box}.items.length", [{"id": str(place), "url": "x" * 16_000} for place in range(300)])
    assert 100 < kept < 200


def test_a_batch_fits_into_one_request(run):
    assert run("batchOf(given, 100).length", [{"id": str(place)} for place in range(150)]) == 100
    assert run("batchOf(given, 7).length", [{"id": str(place)} for place in range(150)]) == 7
    assert run("batchOf(given, 100).length", [{"title": "€" * 2_000}] * 100) == 34  # bytes count, not characters
    assert run("batchOf(given, 100).length", [{"title": "x" * 300_000}] * 2) == 1


def test_a_reply_means_what_the_contract_says(run):
    ours = "web-listener"
    for status, service, body, kind in (
        (200, ours, {"status": "ok", "results": []}, "settled"),
        (200, ours, {"status": "ok"}, "troubled"),
        (200, ours, None, "troubled"),
        (200, None, {"results": []}, "stranger"),
        (403, None, None, "stranger"),
        (403, "bridge", None, "stranger"),
        (401, ours, {"error": {"code": "unauthorized"}}, "refused"),
        (403, ours, {"error": {"code": "insufficient_scope"}}, "refused"),
        (400, ours, {"error": {"code": "bad_input"}}, "unreadable"),
        (413, ours, None, "unreadable"),
        (404, ours, None, "troubled"),
        (429, ours, {"error": {"code": "rate_limited"}}, "troubled"),
        (500, ours, {"error": {"code": 5}}, "troubled"),
        (507, ours, {"error": {"code": "storage_full"}}, "troubled"),
    ):
        answer = run("judgeReply(given[0], given[1], '3', given[2])", [status, service, body])
        assert answer["kind"] == kind, (status, service, body)
    assert run("judgeReply(503, 'web-listener', '3', null).retryAfterS") == 3
    assert run("judgeReply(503, 'web-listener', 'Wed, 21 Oct 2026 07:28:00 GMT', null).retryAfterS") == 0


def test_a_poll_waits_as_long_as_the_hub_says_and_a_stranger_says_nothing(run):
    def after(status, code, service="web-listener", retry_after=None):
        reply = {"httpStatus": status, "service": service, "retryAfter": retry_after, "body": {"error": {"code": code}}}
        return run("afterPolling({ intervalS: 2 }, given, 0)", reply)

    for reply, changes in (
        (after(400, "authorization_pending"), {"nextAtMs": 2_100}),
        (after(400, "slow_down"), {"nextAtMs": 7_100, "intervalS": 7}),
        (after(503, "busy", retry_after="20"), {"nextAtMs": 20_100}),
        (after(429, "rate_limited", retry_after="99999"), {"nextAtMs": 60_100}),
        (after(403, "forbidden_origin"), {"nextAtMs": 2_100}),
        (after(403, "access_denied"), {"nextAtMs": 2_100, "state": "denied"}),
        (after(403, "access_denied", service=None), {"nextAtMs": 2_100}),
        (after(400, "expired_token", service="bridge"), {"nextAtMs": 2_100}),
        (after(400, "expired_token"), {"state": "expired"}),
        (run("afterPolling({ intervalS: 2 }, null, 0)"), {"nextAtMs": 2_100}),
    ):
        assert reply == changes


def test_a_code_has_bounds_that_the_hub_cannot_lift(run):
    asked = """afterAsking(newPairing("a", null, 0), 5000,
        { httpStatus: 201, service: "web-listener", body: { deviceCode: "d", userCode: "U", expiresIn: 300, ...given } }, 0)"""
    assert run(asked, {})["nextAtMs"] == 5_100  # RFC 8628 has five seconds where the hub says none
    assert run(asked, {"interval": 0.001})["intervalS"] == 1
    assert run(asked, {"interval": 1e9})["intervalS"] == 60
    assert run(asked, {"expiresIn": 1e9})["expiresAtMs"] == 30 * 60_000
    assert run(asked, {"userCode": "x" * 41})["state"] == "unfit"


def test_pauses_grow_to_a_minute_and_the_hub_may_ask_for_more(run):
    assert run("[1, 2, 3, 6, 7, 50].map(failures => pauseMs(failures))") == [1e3, 2e3, 4e3, 32e3, 6e4, 6e4]
    assert run("pauseMs(1, 120)") == 120_000


def test_items_are_settled_by_id_and_unread_ones_by_place(run):
    batch = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    for results, settled in (
        ([{"id": "c"}, {"id": "a"}], ["a", "c"]),
        ([{"id": "a"}, {"id": None}, {"id": "c"}], ["a", "b", "c"]),
        ([{"id": None}], []),
        ([{}, None, {"id": "x"}], []),
    ):
        assert run("settledIds(given[0], given[1])", [batch, results]) == settled


def test_the_proof_is_the_one_of_the_contract(run):
    # Made with openssl from the contract's words, so that neither side can drift.
    made = run("expectedProof('shb_test_0123456789abcdef', 5000, '0123456789abcdef')")
    assert made == "c6819795f8f2578e8826e60e65f778f8262abb9918129d32d8dcd8a5cf5e2917"
    assert run("clientOf('shb_01a2-b_c0ffee')") == "01a2-b"
    assert re.fullmatch(r"[0-9a-f]{32}", run("newNonce()"))


def test_every_state_has_its_words(run):
    for state in ("unset", "checking", "connected", "unreachable", "refused", "troubled", "unheard-of"):
        said = run("describe(given)", {"state": state, "port": 5000, "code": None, "httpStatus": 418, "strangers": []})
        assert said["headline"]
        assert "undefined" not in str(said)
        assert "null" not in str(said)
    assert run("describe(given)", {"state": "connected", "isPaused": True})["headline"] == "The capture is paused"
    pairing = {"port": 5000, "httpStatus": 418, "ports": [5000, 5021], "strangers": [], "untilMs": 0, "expiresAtMs": 0}
    for state in ("seeking", "waiting", "denied", "allowed", "several", "expired", "stopped", "unfit", "unheard-of"):
        for more in ({"why": None}, {"why": "closed"}, {"why": "unreachable"}, {"why": "crowded", "isSame": True}):
            said = run("describePairing(given)", {**pairing, "state": state, **more})
            assert said["headline"]
            assert "undefined" not in str(said)
            assert "null" not in str(said)
    assert [run("ago(given[0], given[1])", [0, minutes * 60_000]) for minutes in (0, 1, 59, 60, 1439)] == [
        "just now",
        "1 minute ago",
        "59 minutes ago",
        "1 hour ago",
        "23 hours ago",
    ]
    assert run("ago(null, 0)") == "never"


def test_work_is_done_in_turn_and_a_failure_stops_nobody(run):
    assert run(
        """(async () => {
            const inTurn = makeQueue(), done = [];
            const late = inTurn(async () => { await new Promise(go => setTimeout(go, 30)); done.push(1); });
            const fails = inTurn(async () => { done.push(2); throw new Error("no"); }).catch(() => done.push("caught"));
            await inTurn(() => done.push(3));
            await Promise.all([late, fails]);
            return done;
        })()"""
    ) == [1, 2, "caught", 3]
