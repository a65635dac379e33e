"""``smrthub forget``: what it would take, the question, the receipt; and that no file of the home still holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminals import Terminal
from tests.whole.hub_home import wait_for

CANARY = "canaryqxzj"


def files_with(folder: Path, content: bytes) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and content in path.read_bytes():
                found.append(path.name)
        except FileNotFoundError:
            continue  # the hub is at work
    return found


def test_it_says_how_much_asks_and_tells_what_went(smrthub: Terminal) -> None:
    site = "asks.example.com"
    clip = smrthub.copy("a text", url=f"https://{site}/")
    asked = smrthub("forget", "--site", site, stdin="n\n")
    assert (asked.code, asked.out) == (1, "")
    assert "1 clip, of 20" in asked.err
    assert "a text" not in asked.err
    done = smrthub("forget", "--site", site, stdin="y\n")
    assert done.code == 0
    assert done.out.startswith("Forgot 1 clip. Receipt ")
    assert smrthub("clip", "show", clip).code == 1
    assert smrthub("forget", "--site", site).err == "Nothing stored fits that.\n"


def test_a_dry_run_changes_nothing(smrthub: Terminal) -> None:
    clip = smrthub.copy("kept")
    assert smrthub("forget", clip, "--dry-run").out.startswith("1 clip, of 20")
    assert smrthub("forget", clip, "--dry-run", "--json").json["counts"] == {"clips": 1, "visits": 0, "outputs": 0}
    assert smrthub("clip", "show", clip).code == 0


def test_json_is_the_receipt(smrthub: Terminal) -> None:
    clip = smrthub.copy("one of two"), smrthub.copy("two of two")
    receipt = smrthub("forget", *clip, "--yes", "--json").json
    assert (receipt["pending"], receipt["counts"]["clips"], len(receipt["items"])) == (False, 2, 2)


def test_readers_and_outputs_that_cite_it_are_told(smrthub: Terminal) -> None:
    clip = smrthub.copy("cited")
    output = smrthub("output", "add", "note/1", "--clip", clip, "--json", stdin='{"text": "x"}').json["id"]
    smrthub("clip", "show", clip)
    told = smrthub("forget", clip, "--yes").out
    assert "Had been read by the user: 1 item, last 20" in told
    assert f"Output {output} cites a part of it" in told
    assert smrthub("forget", output, "--yes").out.startswith("Forgot 1 output.")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x", "--site", "example.com"),
        ("--last", "1h", "--from", "2h"),
        ("--to", "1h"),
        ("--last", "ten minutes"),
    ],
)
def test_what_is_unclear_is_a_usage_error(smrthub: Terminal, arguments: tuple[str, ...]) -> None:
    assert smrthub("forget", *arguments, "--yes").code == 2


def test_what_the_hub_refuses_is_told(smrthub: Terminal) -> None:
    refused = smrthub("forget", "--last", "0m", "--yes")
    assert (refused.code, "is no span of time" in refused.err) == (1, True)


def test_where_nothing_is_to_go_json_says_so_too(smrthub: Terminal) -> None:
    assert not any(smrthub("forget", "--site", "nowhere.example", "--json").json["counts"].values())


def test_no_file_of_the_home_holds_it_afterwards(idle: Terminal) -> None:
    """Data, write-ahead log, logs, runtime files and settings of a hub that runs; by ``forget`` and by ``clip remove``."""
    idle.home.start_hub()
    folder = idle.home.root
    removed = idle.copy(f"{CANARY} removed", url=f"https://{CANARY}.example.com/", windowTitle=CANARY)
    idle.copy(f"{CANARY} text", url=f"https://{CANARY}.example.com/{CANARY}", title=CANARY)
    assert idle("search", CANARY).code == 0
    caller = idle.home.caller()
    caller.post("/trigger?wait=4", {"trigger": "smrtsearch", "args": {"query": CANARY, "open": False}})
    assert files_with(folder, CANARY.encode())
    assert idle("clip", "remove", removed, "--yes").code == 0
    assert idle("forget", "--last", "1h", "--yes").code == 0
    wait_for(
        lambda: not files_with(folder, CANARY.encode()), lambda: True, lambda: str(files_with(folder, CANARY.encode()))
    )


def test_retention_keeps_everything_unless_a_setting_says_otherwise(smrthub: Terminal) -> None:
    told = smrthub("retention", "preview")
    assert (told.code, told.out) == (0, "")
    assert told.err == "Everything is kept for good: no setting says otherwise.\n"


def test_a_retention_preview_counts_and_says_when(idle: Terminal) -> None:
    idle.home.start_hub(SMRTHUB_BRIDGE_KEEP_CLIPS="1")
    for text in ("one", "two", "three"):
        idle.copy(text)
    assert idle("retention", "preview").out == "keepClips 1              clips: 2 now, 2 within a week\n"
    assert idle("retention", "preview", "--json").json["rules"][0]["now"] == 2
    assert len(idle("clip", "list", "--json").json["items"]) == 3
