"""``smrthub output``: outputs and their schemas."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminals import Terminal, write

NOTE = '{"text": "an okapi \\u001b[31m"}'


def test_the_schemas_are_listed(smrthub: Terminal) -> None:
    assert "note/1 " in smrthub("output", "schemas").out
    assert {"note", "table"} <= {item["name"] for item in smrthub("output", "schemas", "--json").json["items"]}


def test_an_output_goes_in_by_file_or_pipe_and_is_shown(smrthub: Terminal, tmp_path: Path) -> None:
    clip_id = smrthub.copy("what it is made from")
    file = write(tmp_path / "note.json", NOTE)
    given = ["--title", "An [red]okapi[/red]", "--producer", "me", "--clip", clip_id]
    output_id = smrthub("output", "add", "note/1", file, *given).out.split()[2]
    shown = smrthub("output", "show", output_id).out
    assert "title     An [red]okapi[/red]\n" in shown
    assert f"from      clip {clip_id} (present)\n" in shown
    assert "\\u001b[31m" in shown
    assert "\x1b" not in shown
    piped = smrthub("output", "add", "note/1", "--json", stdin=NOTE).json
    assert piped["duplicate"] is False
    assert smrthub("output", "show", piped["id"], "--json").json["payload"] == {"text": "an okapi \x1b[31m"}


def test_outputs_are_listed_and_narrowed(smrthub: Terminal) -> None:
    smrthub("output", "add", "note/1", "--producer", "lister", "--title", "Listed", stdin=NOTE)
    assert "Listed · by lister\n" in smrthub("output", "list", "--producer", "lister").out
    assert smrthub("output", "list", "--schema", "table/1").err == "There are no such outputs.\n"


@pytest.mark.parametrize(
    ("schema", "payload", "words"),
    [
        ("note/1", '{"texts": 1}', "The payload does not fit its schema."),
        ("note/9", "{}", "schema names no schema"),
        ("note/1", "no JSON", "This is no JSON."),
        ("note/1", "[" * 100_000, "This is no JSON."),
        ("note/1", "NaN", "JSON knows neither NaN"),
    ],
)
def test_what_does_not_fit_is_refused(smrthub: Terminal, schema: str, payload: str, words: str) -> None:
    done = smrthub("output", "add", schema, stdin=payload)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(words)


def test_removing_asks_first(smrthub: Terminal) -> None:
    output_id = smrthub("output", "add", "note/1", "--json", "--title", "Gone soon", stdin=NOTE).json["id"]
    kept = smrthub("output", "remove", output_id, stdin="\n")
    assert (kept.code, "Gone soon" in kept.err) == (1, True)
    assert smrthub("output", "remove", output_id, stdin="y\n").code == 0
    assert smrthub("output", "show", output_id).code == 1
