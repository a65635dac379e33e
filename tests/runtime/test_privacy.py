"""Privacy rules at work: what one takes out is in no byte of the hub, whatever it came in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from python_core.config import PrivacyRules, default_rules, load_or_seed_privacy_rules, rules_path
from python_core.errors import BadInput, SettingsInvalid
from python_core.runtime.clip_views import ClipReceipt, ClipRefusal
from python_core.runtime.clipboard import ClipSearch, NewClip, get_clip, list_clips, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.privacy import LiveRules, load_rules
from python_core.runtime.status import get_status, record_beat
from python_core.runtime.structured_output import NewOutput, OutputReceipt, OutputRefusal, get_output, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import open_store
from python_core.utils.config_path_resolver import Paths
from python_core.utils.ids import digest_of
from tests.hubs import Clock, caller, make_hub, page_of_events

SECRET = "ghp_" + "Zx9qLm3vTr8bKd2wPs7nHc5yGf1jRe6uWa4t"
RULES = {
    "rules": [
        {"name": "falcon", "action": "drop", "on": {"contents": ["project falcon"], "sites": ["falcon.example"]}},
        {"name": "tokens", "action": "redact", "on": {"secrets": ["github-token"], "contents": ["zqxcanary"]}},
        {"name": "heron", "action": "mark", "on": {"contents": ["heron"]}},
    ]
}


@pytest.fixture
def hub(store: Any, clock: Clock) -> Hub:
    made = make_hub(store, clock)
    object.__setattr__(made, "rules", LiveRules(msgspec.convert(RULES, PrivacyRules)))
    return made


def copy(hub: Hub, *fragments: dict[str, Any], **encounter: Any) -> ClipReceipt | ClipRefusal:
    return put_clip(
        hub, caller(), msgspec.convert({"fragments": list(fragments), "encounter": encounter}, NewClip), None
    )


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def see(hub: Hub, **tab: Any) -> Any:
    return record_tabs(hub, caller("chrome"), TabInfo(**{"focused": True, "browser": "chrome", **tab})).results[0]


def bytes_of(*folders: Path) -> bytes:
    return b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())


EVERYWHERE: list[dict[str, Any]] = [
    {"fragments": [text(f"a {SECRET} b")]},
    {"fragments": [text("x"), {"type": "html", "content": f"<b>{SECRET}</b>"}]},
    {"fragments": [{"type": "html", "content": f"<b>{SECRET[:7]}</b>{SECRET[7:]}"}]},
    {"fragments": [{"type": "files", "paths": ["/a", f"/home/{SECRET}/b"]}]},
    {"fragments": [text("x")], "encounter": {"source": {"windowTitle": SECRET}}},
    {"fragments": [text("x")], "encounter": {"source": {"title": SECRET}}},
    {"fragments": [text("x")], "encounter": {"source": {"url": f"https://a.example/?t={SECRET}"}}},
]


@pytest.mark.parametrize("body", EVERYWHERE, ids=range(len(EVERYWHERE)))
def test_no_byte_of_what_is_taken_out_of_a_clip_is_in_any_file(hub: Hub, body: dict[str, Any]) -> None:
    receipt = put_clip(hub, caller(), msgspec.convert(body, NewClip), None)
    assert isinstance(receipt, ClipReceipt)
    assert b"redacted" in bytes_of(hub.store.folder)
    for part in (SECRET, SECRET[9:]):
        assert part.encode() not in bytes_of(hub.store.folder)
    assert get_clip(hub, receipt.id).marks == ["tokens"]
    assert digest_of(SECRET.encode()) not in str(page_of_events(hub, 0, 50, None))


def test_a_digest_is_checked_before_anything_is_taken_out_and_what_is_stored_has_its_own(hub: Hub) -> None:
    content = f"a {SECRET}"
    receipt = copy(hub, text(content), digests=[digest_of(content.encode())])
    assert isinstance(receipt, ClipReceipt)
    assert receipt.fragments[0].digest == digest_of(b"a [redacted: tokens]")
    with pytest.raises(BadInput):
        copy(hub, text(content), digests=[digest_of(b"a [redacted: tokens]")])


def test_what_a_rule_keeps_out_is_named_and_leaves_nothing(hub: Hub) -> None:
    for refusal in (
        copy(hub, text("of Project Falcon and zqxcanary")),
        copy(hub, text("zqxcanary"), source={"url": "https://www.falcon.example/x"}),
        copy(hub, text("x"), source={"title": "project falcon zqxcanary"}),
    ):
        assert refusal == ClipRefusal(stored=False, reason="excluded", rule="falcon")
    for receipt in (
        see(hub, url="https://falcon.example/zqxcanary"),
        see(hub, url="https://a.example/", title="Project Falcon zqxcanary"),
        see(hub, url="https://a.example/", selection="project falcon zqxcanary"),
    ):
        assert (receipt.stored, receipt.reason, receipt.rule) == (False, "excluded", "falcon")
    assert get_status(hub, "bridge").counts["clips"] == get_status(hub, "bridge").counts["visits"] == 0
    assert b"zqxcanary" not in bytes_of(hub.store.folder)


def test_a_copy_made_where_a_page_is_kept_out_is_joined_to_no_page(hub: Hub, clock: Clock) -> None:
    see(hub, url="https://a.example/", title="A page")
    clock.pass_s(2)
    see(hub, url="https://falcon.example/", event="activated")
    clock.pass_s(2)
    receipt = copy(hub, text("x"), source={"app": "chrome"})
    assert isinstance(receipt, ClipReceipt)
    assert receipt.source.url is None


def test_a_page_stored_under_older_rules_is_judged_by_those_of_now_when_a_copy_is_joined_to_it(
    hub: Hub, clock: Clock
) -> None:
    before = make_hub(hub.store, clock)
    see(before, url="https://falcon.example/", title="T")
    clock.pass_s(2)
    assert copy(hub, text("x"), source={"app": "chrome"}) == ClipRefusal(stored=False, reason="excluded", rule="falcon")


def test_no_byte_of_what_is_taken_out_of_a_tab_is_in_any_file_and_its_visit_goes_on(hub: Hub, clock: Clock) -> None:
    first = see(hub, url=f"https://a.example/{SECRET}", title=f"T {SECRET}", selection=f"s {SECRET}")
    clock.pass_s(5)
    second = see(hub, url=f"https://a.example/{SECRET}", title=f"T {SECRET}", event="heartbeat")
    assert first.visit_id == second.visit_id
    assert SECRET.encode() not in bytes_of(hub.store.folder)


def test_an_output_is_judged_by_all_its_texts(hub: Hub) -> None:
    def put(payload: Any, **more: Any) -> OutputReceipt | OutputRefusal:
        return put_output(hub, caller(), NewOutput(schema="note/1", payload=payload, **more), None)

    receipt = put({"text": f"about {SECRET}"}, title=f"of {SECRET}")
    assert isinstance(receipt, OutputReceipt)
    view = get_output(hub, receipt.id)
    assert (view.payload, view.title, view.marks) == (
        {"text": "about [redacted: tokens]"},
        "of [redacted: tokens]",
        ["tokens"],
    )
    assert SECRET.encode() not in bytes_of(hub.store.folder)
    refused = put({"text": "project falcon"})
    assert refused == OutputRefusal(stored=False, reason="excluded", rule="falcon")


def test_a_mark_is_shown_and_goes_with_its_clip(hub: Hub) -> None:
    receipt = copy(hub, text("a heron"))
    assert isinstance(receipt, ClipReceipt)
    [shown] = list_clips(hub, ClipSearch(), 5, None).items
    assert shown.marks == get_clip(hub, receipt.id).marks == ["heron"]


def test_an_address_whose_beginning_is_taken_out_is_none_any_more(hub: Hub) -> None:
    rules = {"rules": [{"name": "all", "action": "redact", "on": {"contents": ["https*"]}}]}
    object.__setattr__(hub, "rules", LiveRules(msgspec.convert(rules, PrivacyRules)))
    receipt = copy(hub, text("x"), source={"url": "https://a.example/"})
    assert isinstance(receipt, ClipReceipt)
    assert receipt.source.url is None
    with pytest.raises(BadInput):
        copy(hub, text("y"), source={"url": "ftp://a.example/"})


@pytest.mark.parametrize(
    "markup",
    ["&#" + "9" * 5000 + ";", "&#x" + "f" * 5000, "<" * 5000, "&" * 5000, "<b" + " a" * 40_000, "&#0;&#xd800;"],
)
def test_hostile_markup_is_judged_like_any_other(hub: Hub, markup: str) -> None:
    receipt = copy(hub, {"type": "html", "content": f"{markup}<p>{SECRET}</p>"})
    assert isinstance(receipt, ClipReceipt)
    assert SECRET.encode() not in bytes_of(hub.store.folder)


# --- the file ---


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")


class Seconds:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def live(paths: Paths, seconds: Seconds) -> LiveRules:
    return LiveRules(load_or_seed_privacy_rules(paths), rules_path(paths), monotonic=seconds)


def names(rules: LiveRules) -> list[str]:
    return [rule.name for rule in rules.current().rules]


def write(paths: Paths, content: str) -> None:
    draft = rules_path(paths).with_suffix(".draft")
    draft.write_text(content, "utf-8")
    draft.replace(rules_path(paths))


def test_a_new_file_holds_the_default_rules(paths: Paths) -> None:
    assert load_or_seed_privacy_rules(paths) == load_or_seed_privacy_rules(paths) == default_rules()
    if os.name != "nt":
        assert rules_path(paths).stat().st_mode & 0o777 == 0o600


def test_a_change_is_in_force_within_a_second_in_every_process(paths: Paths) -> None:
    seconds = Seconds()
    one, other = live(paths, seconds), live(paths, seconds)
    assert names(one) == names(other)
    write(paths, json.dumps(RULES))
    seconds.now_s += 1.0
    assert names(one) == names(other) == ["falcon", "tokens", "heron"]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"rules": {}}',
        '{"rules": [], "more": 1}',
        '{"rules": [{"name": "a", "action": "drop", "on": {}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"site": ["x.example"]}}]}',
        '{"rules": [{"name": "a", "action": "redact", "on": {"apps": ["x"]}}]}',
        '{"rules": [{"name": "a", "action": "erase", "on": {"apps": ["x"]}}]}',
        '{"rules": [{"name": "A b", "action": "drop", "on": {"apps": ["x"]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"contents": ["a*b"]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"contents": ["[z-a]"]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"contents": ["[a]{3,2}"]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"contents": ["[a]{0}"]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"contents": ["[a]{99}"]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"contents": [""]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"secrets": ["passwords"]}}]}',
        '{"rules": [{"name": "a", "action": "drop", "on": {"apps": "x"}}]}',
        '{"schemaVersion": 99, "rules": []}',
        json.dumps({"rules": [RULES["rules"][0], RULES["rules"][0]]}),
        json.dumps({"rules": [{"name": f"n{n}", "action": "drop", "on": {"apps": ["x"]}} for n in range(201)]}),
        '{"rules":' + "[" * 5000,
    ],
)
def test_a_file_that_cannot_be_used_ends_a_start_stays_as_it_is_and_lets_nothing_through(
    paths: Paths, broken: str
) -> None:
    seconds = Seconds()
    rules = live(paths, seconds)
    before = names(rules)
    write(paths, broken)
    seconds.now_s += 1.0
    assert names(rules) == before
    assert rules.fault is not None
    with pytest.raises(SettingsInvalid):
        load_rules(paths)
    assert rules_path(paths).read_text("utf-8") == broken
    write(paths, json.dumps(RULES))
    seconds.now_s += 1.0
    assert names(rules) == ["falcon", "tokens", "heron"]
    assert rules.fault is None


def test_a_file_that_is_gone_leaves_the_rules_in_force_and_status_warns(paths: Paths, store: Any, clock: Clock) -> None:
    seconds = Seconds()
    hub = make_hub(store, clock)
    object.__setattr__(hub, "rules", live(paths, seconds))
    before = names(hub.rules)
    rules_path(paths).unlink()
    seconds.now_s += 1.0
    assert names(hub.rules) == before
    status = get_status(hub, "bridge")
    assert (status.level, status.modules["privacyRules"].level) == ("warning", "warning")


def test_a_change_is_announced_once_in_all_processes(paths: Paths, store: Any, clock: Clock) -> None:
    hubs = [make_hub(store, clock), make_hub(open_store(store.folder), clock)]
    for hub in hubs:
        object.__setattr__(hub, "rules", load_rules(paths))
        record_beat(hub, "bridge", 15, "healthy", "")
    write(paths, json.dumps(RULES))
    for hub in hubs * 2:
        hub.rules._look_at_s = 0
        record_beat(hub, "bridge", 15, "healthy", "")
    kinds = [event.kind for event in page_of_events(hubs[0], 0, 50, None).items]
    assert kinds.count("settings_changed") == 1
    hubs[1].store.close()
