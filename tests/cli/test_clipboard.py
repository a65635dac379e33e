"""``smrthub clip``: in, list, show, out, away."""

from __future__ import annotations

import base64
import json
import os
import struct
import zlib
from pathlib import Path

import pytest

from tests.cli.terminals import Terminal

HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]no[/red] \u202egnp.exe\u202c \0 \x9b31m end"


def picture() -> bytes:
    """The smallest real PNG, whose bytes are no text."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(os.urandom(4))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def post(smrthub: Terminal, *fragments: dict[str, object]) -> str:
    caller = smrthub.home.caller()
    made: str = caller.post("/clipboard", {"fragments": list(fragments), "encounter": {"source": {"app": "Editor"}}})[
        "id"
    ]
    caller.close()
    return made


def test_a_text_goes_in_by_argument_and_comes_out_as_it_was(smrthub: Terminal) -> None:
    made = smrthub("clip", "add", "a text,\n of two lines ü").out
    assert made.startswith("Stored as ")
    clip_id = made.split()[2]
    assert smrthub("clip", "get", clip_id).out == "a text,\n of two lines ü"
    assert "a text,\n of two lines ü\n" in smrthub("clip", "show", clip_id).out


def test_what_is_piped_in_is_kept_to_the_last_byte(smrthub: Terminal) -> None:
    made = smrthub("clip", "add", "--json", stdin="piped\n\n").json
    assert made["fragments"][0]["bytes"] == 7
    assert smrthub("clip", "get", made["id"]).out == "piped\n\n"


def test_a_dash_reads_what_is_piped_in(smrthub: Terminal) -> None:
    assert smrthub("clip", "add", "-", "--json", stdin="by dash").json["fragments"][0]["bytes"] == 7


def test_the_same_text_again_is_told_so(smrthub: Terminal) -> None:
    first = smrthub("clip", "add", "told twice").out.split()[2]
    assert smrthub("clip", "add", "told twice").out.startswith(f"Was stored before as {first} ")


@pytest.mark.parametrize("piped", [b"\xff\xfe", b"caf\xe9"])
def test_what_is_no_text_is_refused(smrthub: Terminal, piped: bytes) -> None:
    done = smrthub("clip", "add", stdin=piped)
    assert (done.code, done.err) == (1, "What was piped in is no text in UTF-8.\n")


def test_nothing_is_no_clip(smrthub: Terminal) -> None:
    assert smrthub("clip", "add", stdin="").code == 1
    assert smrthub("clip", "add", "").code == 1


def test_a_typed_text_has_no_page_unless_one_is_given(idle: Terminal) -> None:
    smrthub = idle
    smrthub.home.start_hub()
    listener = smrthub.home.caller(smrthub.home.facts("web-listener")["url"])
    tab = {"url": "https://front.example/", "title": "In front", "event": "activated", "focused": True}
    listener.post("/tab-info", tab)
    listener.close()
    plain = smrthub("clip", "add", "typed by hand", "--json").json
    assert plain["source"] == {"app": "terminal"}
    given = ["--url", "https://cited.example/p", "--title", "Cited", "--app", "Reader"]
    cited = smrthub("clip", "add", "cited by hand", *given, "--json").json
    assert cited["source"] == {"app": "Reader", "url": "https://cited.example/p", "title": "Cited"}
    joined = smrthub("clip", "add", "from a watcher of the clipboard", "--app", "", "--json").json
    assert joined["source"]["url"] == "https://front.example/"


def test_what_a_rule_keeps_out_is_told_and_is_1(smrthub: Terminal) -> None:
    done = smrthub("clip", "add", "a password", "--app", "KeePassXC")
    assert (done.code, done.out) == (1, "")
    assert done.err == "Not stored: excluded, by the rule password_manager.\n"
    assert smrthub("clip", "add", "a password", "--app", "KeePassXC", "--json").code == 1


def test_the_list_has_a_line_for_the_clip_its_text_and_its_source(smrthub: Terminal) -> None:
    clip_id = smrthub.copy("first line\nsecond line", app="Unusual Editor", windowTitle="notes.txt")
    done = smrthub("clip", "list", "--app", "Unusual Editor")
    assert done.code == 0
    first, second, third = done.out.splitlines()
    assert first.startswith(f"{clip_id}  ")
    assert (second.strip(), third.strip()) == ("first line second line", "from notes.txt · Unusual Editor")


def test_the_list_is_narrowed(smrthub: Terminal) -> None:
    smrthub.copy("narrowed", app="Narrow", url="https://narrow.example/")
    assert [len(smrthub("clip", "list", *options, "--json").json["items"]) for options in (
        ["--app", "Narrow"], ["--site", "narrow.example"], ["--site", "narrow.example", "--type", "image"],
        ["--app", "Narrow", "--from", "1h"], ["--app", "Narrow", "--to", "1h"],
    )] == [1, 1, 0, 1, 0]  # fmt: skip
    assert smrthub("clip", "list", "--site", "nothing.example").err == "There are no such clips.\n"


def test_the_list_says_that_there_is_more(smrthub: Terminal) -> None:
    for n in range(3):
        smrthub.copy(f"many {n}", app="Many")
    done = smrthub("clip", "list", "--app", "Many", "--limit", "2")
    assert done.out.count("many") == 2
    assert "--limit" in done.err
    assert len(smrthub("clip", "list", "--app", "Many", "--limit", "1000", "--json").json["items"]) == 3


def test_a_list_in_a_pipe_is_not_cut(smrthub: Terminal) -> None:
    smrthub.copy("w" * 190, app="Wide", windowTitle="t" * 300)
    done = smrthub("clip", "list", "--app", "Wide")
    assert "w" * 190 in done.out
    assert "t" * 300 in done.out


def test_hostile_text_is_harmless_everywhere(smrthub: Terminal) -> None:
    clip_id = smrthub.copy(HOSTILE, app="Evil\x1b[31m", windowTitle="\u202eevil\x07")
    for typed in (["list", "--limit", "200"], ["show", clip_id], ["remove", clip_id]):
        done = smrthub("clip", *typed, stdin="n\n")
        assert "\\x1b[2J\\x1b]0;owned\\x07[red]no[/red] \\u202egnp.exe" in done.out + done.err
        assert not set("\x1b\x07\0\x9b\u202e\u202c") & set(done.out + done.err)
    told = smrthub("clip", "show", clip_id, "--json")
    assert told.json["fragments"][0]["content"] == HOSTILE
    assert not set("\x1b\x07\0\x9b\u202e\u202c") & set(told.out)


def test_the_bytes_come_out_unchanged_into_a_pipe_or_file(smrthub: Terminal, tmp_path: Path) -> None:
    content = picture()
    clip_id = post(
        smrthub, {"type": "image", "content": base64.b64encode(content).decode()}, {"type": "text", "content": HOSTILE}
    )
    target = tmp_path / "out.png"
    assert smrthub("clip", "get", clip_id, "--output", str(target)).code == 0
    assert target.read_bytes() == content
    with smrthub.start("clip", "get", clip_id, "1") as piped:
        assert piped.communicate()[0] == HOSTILE.encode()


def test_a_file_is_replaced_only_by_force(smrthub: Terminal, tmp_path: Path) -> None:
    clip_id = smrthub.copy("new content")
    target = tmp_path / "there.txt"
    target.write_text("old")
    done = smrthub("clip", "get", clip_id, "-o", str(target))
    assert (done.code, target.read_text()) == (1, "old")
    assert "--force" in done.err
    assert smrthub("clip", "get", clip_id, "-o", str(target), "--force").code == 0
    assert target.read_text() == "new content"
    assert smrthub("clip", "get", clip_id, "-o", str(tmp_path / "no" / "folder")).code == 1


def test_a_picture_and_files_are_shown_by_what_they_are(smrthub: Terminal) -> None:
    clip_id = post(
        smrthub,
        {"type": "image", "content": base64.b64encode(picture()).decode()},
        {"type": "files", "paths": ["/home/me/a b.pdf", "/home/me/c.pdf"]},
    )
    shown = smrthub("clip", "show", clip_id).out
    assert f"smrthub clip get {clip_id} 0 --output FILE" in shown
    assert "/home/me/a b.pdf\n/home/me/c.pdf\n" in shown


def test_the_source_is_shown_with_its_reasons(smrthub: Terminal) -> None:
    caller = smrthub.home.caller(smrthub.home.facts("web-listener")["url"])
    tab = {
        "url": "https://why.example/page",
        "title": "Why",
        "event": "activated",
        "focused": True,
        "browser": "chrome",
    }
    caller.post("/tab-info", tab)
    caller.close()
    clip_id = smrthub.copy("because of this", app="Google Chrome")
    shown = smrthub("clip", "show", clip_id).out
    assert "page      https://why.example/page\n" in shown
    assert "% sure\n" in shown


def test_removing_asks_and_a_no_keeps_it(smrthub: Terminal) -> None:
    clip_id = smrthub.copy("to be removed perhaps")
    kept = smrthub("clip", "remove", clip_id, stdin="n\n")
    assert kept.code == 1
    assert "to be removed perhaps" in kept.err
    assert smrthub("clip", "remove", clip_id, stdin="").code == 1
    assert smrthub("clip", "show", clip_id).code == 0
    assert smrthub("clip", "remove", clip_id, stdin="y\n").out == f"Removed {clip_id}\n"
    assert smrthub("clip", "show", clip_id).err == "There is no clip of that id.\n"


def test_removing_can_be_told_not_to_ask(smrthub: Terminal) -> None:
    clip_id = smrthub.copy("to be removed surely")
    assert smrthub("clip", "remove", clip_id, "--yes", "--json").json == {"removed": clip_id}


def test_who_read_a_clip_is_told(smrthub: Terminal) -> None:
    clip_id = smrthub.copy("read by somebody")
    assert smrthub("clip", "readers", clip_id).err == "Nobody has read it.\n"
    smrthub("clip", "show", clip_id)
    assert "(owner), 1×" in smrthub("clip", "readers", clip_id).out
    assert [reader["times"] for reader in smrthub("clip", "readers", clip_id, "--json").json["items"]] == [1]


def test_json_of_a_list_is_what_the_api_answers(smrthub: Terminal) -> None:
    smrthub.copy("as JSON", app="Json")
    page = smrthub("clip", "list", "--app", "Json", "--json")
    caller = smrthub.home.caller()
    answered = caller.get("/clipboard?app=Json")
    caller.close()
    assert json.loads(page.out) == {"items": answered["items"], "nextCursor": None}
