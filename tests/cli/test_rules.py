"""``smrthub rules``: shown, checked, tried on the history and applied to it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from python_core.config import default_rules
from tests.cli.terminals import Terminal

CANARY = "zqxcanary"
RULES = {
    "rules": [
        {"name": "gone", "action": "drop", "on": {"contents": ["project falcon"]}},
        {"name": "canaries", "action": "redact", "on": {"contents": [CANARY]}},
    ]
}


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_the_rules_are_listed_with_what_they_are_about(idle: Terminal) -> None:
    done = idle("rules", "list")
    assert "password_manager  drop" in done.out
    assert "bank_accounts  mark  off" in done.out
    names = [item["name"] for item in idle("rules", "list", "--json").json["items"]]
    assert names == [rule.name for rule in default_rules().rules]


def test_a_file_is_checked_before_it_is_in_force(idle: Terminal, tmp_path: Path) -> None:
    assert idle("rules", "check").out.endswith("privacy-rules.json, 8 rules\n")
    good = write(tmp_path / "good.json", RULES)
    assert idle("rules", "check", "--file", str(good), "--json").json == {"valid": True, "rules": 2}
    wrong = write(tmp_path / "wrong.json", {"rules": [{"name": "a", "action": "drop", "on": {"site": ["x"]}}]})
    done = idle("rules", "check", "--file", str(wrong))
    assert (done.code, "/rules/0/on" in done.err) == (78, True)
    assert idle("rules", "check", "--file", str(tmp_path / "none.json")).code == 2


def test_the_rules_from_the_start_that_a_file_leaves_out_are_named(idle: Terminal, tmp_path: Path) -> None:
    assert idle("rules", "list").err == ""
    draft = str(write(tmp_path / "draft.json", RULES))
    for typed in (("list",), ("check",)):
        told = idle("rules", *typed, "--file", draft).err
        assert "password_manager, private_window" in told
        assert "bank_accounts" not in told
    assert idle("rules", "check", "--file", draft, "--json").err == ""


def test_a_damaged_file_ends_a_start_and_is_told_by_config_check(idle: Terminal) -> None:
    path = idle.home.paths.config() / "privacy-rules.json"
    idle("rules", "check")
    write(path, {"rules": 5})
    assert idle("config", "check").code == 78
    hub = idle.home.start("-m", "python_core")
    assert hub.wait() == 78
    assert "privacy-rules.json" in hub.output
    assert json.loads(path.read_text()) == {"rules": 5}


def test_rules_are_rehearsed_put_in_force_and_applied(idle: Terminal, tmp_path: Path) -> None:
    hub = idle.home.start_hub()
    kept = idle.copy(f"a {CANARY} b")
    dropped = idle.copy(f"project falcon and {CANARY}")
    draft = write(tmp_path / "draft.json", RULES)
    done = idle("rules", "rehearse", "--file", str(draft))
    assert "gone  would drop 1\n" in done.out
    assert "canaries  would redact 2\n" in done.out
    assert f"a {CANARY} b" in done.out
    assert CANARY in idle("clip", "show", kept).out

    draft.replace(idle.home.paths.config() / "privacy-rules.json")
    end = time.monotonic() + 30
    while idle("status", "--json").json["modules"]["privacyRules"]["detail"] != "2 in force":
        assert time.monotonic() < end
        time.sleep(0.1)
    refused = idle("clip", "add", "about project falcon")
    assert (refused.code, "by the rule gone" in refused.err) == (1, True)
    assert idle("rules", "apply").code == 1  # nobody said yes
    told = idle("rules", "apply", "--yes", "--json").json
    assert (told["dropped"], told["redacted"], told["pending"]) == (1, 1, [])
    assert "a [redacted: canaries] b" in idle("clip", "show", kept).out
    assert idle("clip", "show", dropped).code == 1
    assert hub.end() == 0
    files = [path for path in idle.home.root.rglob("*") if path.is_file() and path.name != "privacy-rules.json"]
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
