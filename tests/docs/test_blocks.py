"""Every fenced block is run or held against the code, by its kind; what cannot be run has its reason in left_out.py."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from python_core.config.privacy_rules import rules_of
from python_core.net.apidocs import PAGE_CSP
from python_core.net.openapi import build_document
from python_core.runtime.event_kinds import event_schema
from python_core.utils.log_levels import WARNING
from python_core.utils.log_records import Record, Trace, lines_of
from tests.docs.left_out import LEFT_OUT, is_left_out
from tests.docs.pages import PAGES, ROOT, Found, blocks, read
from tests.house.imports import MAY_IMPORT
from tests.net.documented import DECLARED, SUBJECTS, told

#: Each kind of block, and what holds it.
KINDS = {
    "sh": "tests/whole/test_documented_commands.py runs it",
    "console": "tests/whole/test_documented_commands.py runs it and compares what it shows",
    "python": "tests/whole/test_documented_commands.py runs it",
    "js": "tests/browser/test_documented_scripts.py runs it in a browser",
    "json": "here: it fits what it is an example of",
    "yaml": "here: it asks what there is",
    "text": "here: each has its own check",
}


def test_every_block_has_a_kind_that_something_holds() -> None:
    assert [str(block) for page in PAGES for block in blocks(page) if block.kind not in KINDS] == []


#: What a line for the shell may begin with to be run in the tests; anything else needs its reason in left_out.py.
PROGRAMS = {"smrthub", "python", "python3", "curl", "printf", "echo", "export", "umask"}


def test_every_line_for_the_shell_is_run_or_has_its_reason() -> None:
    lines = [line for page in PAGES for block in blocks(page) if block.kind == "sh" for line in shell_lines(block.text)]
    assert [line for line in lines if not is_left_out(line) and line.split()[0] not in PROGRAMS] == []


def shell_lines(text: str) -> list[str]:
    """List a block's commands, one a line; a variable that is set is one of them."""
    joined = re.sub(r"\\\n|\|\n", " ", text)
    return [line for line in joined.splitlines() if line and not re.match(r"\w+=", line)]


def test_what_is_left_out_stands_somewhere_in_the_documentation() -> None:
    shown = "".join(block.text for page in PAGES for block in blocks(page))
    assert [each for each in LEFT_OUT if each not in shown] == []


def by_hand(kind: str) -> list[Found]:
    """List the blocks of a kind that are not generated; those that are follow from the code."""
    found = []
    for page in PAGES:
        marks = [(mark.start(), mark[1]) for mark in re.finditer(r"<!-- (begin|end)", read(page))]
        for block in blocks(page):
            place = sum(len(line) + 1 for line in read(page).split("\n")[: block.line - 1])
            before = [word for start, word in marks if start < place]
            if block.kind == kind and before[-1:] != ["begin"]:
                found.append(block)
    return found


def fits(schema: str) -> Callable[[Any], None]:
    """Hold an example against a schema of the OpenAPI document."""
    document = build_document(SUBJECTS)
    return told(document, document["components"]["schemas"][schema]).validate


def check_event(example: dict[str, Any]) -> None:
    fits("EventView")(example)
    told({"components": {}}, event_schema(example["kind"])).validate(example["data"])


def check_rules(example: dict[str, Any]) -> None:
    rules, faults = rules_of(example)
    assert faults == []
    assert {rule.action for rule in rules.rules} == {"drop", "redact", "mark"}


#: What each JSON block that was written by hand is an example of, by a word of its own.
EXAMPLES: dict[str, Callable[[Any], None]] = {
    '"code": "bad_input"': fits("Error"),
    '"kind": "clipboard_processed"': check_event,
    '"finishedAt"': fits("ForgetReceipt"),
    '"rules": [': check_rules,
    '"duplicate": false': fits("ClipReceipt"),
    '"windowTitle": "The sea - Chromium"': fits("SourceView"),
}


def test_every_json_block_fits_what_it_is_an_example_of() -> None:
    for block in by_hand("json"):
        checks = [check for word, check in EXAMPLES.items() if word in block.text]
        assert len(checks) == 1, f"{block}: say in EXAMPLES what it is an example of"
        checks[0](json.loads(block.text))
    for word in EXAMPLES:
        assert sum(word in block.text for block in by_hand("json")) == 1, word


def test_what_prometheus_is_told_to_ask_is_there() -> None:
    [block] = by_hand("yaml")
    [job] = yaml.safe_load(block.text)["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:5001"]}]
    [scope] = [endpoint.scope for _, endpoint in DECLARED if endpoint.path == job.get("metrics_path", "/metrics")]
    assert f"--scopes {scope}" in read(block.page)


def check_floors(text: str) -> None:
    """The floors are those that the rule about imports has, and each may import what stands beside it."""
    for line in text.splitlines():
        rooms, _, below = line[1:].partition("→" if "→" in line and "utils →" not in line else "\0")
        for room in re.findall(r"\w+", rooms.split("  starts")[0]) if below else ():
            named = set(re.findall(r"\w+", below.partition(";")[0].partition("(")[0]))
            assert named == MAY_IMPORT[room], room
    assert set(MAY_IMPORT) - {""} <= set(re.findall(r"\w+", text))


def check_record(text: str) -> None:
    record = Record(
        at_ms=1_767_323_045_678,
        level=WARNING,
        template="New items could not be indexed: {code}",
        props={"code": "busy"},
        trace=Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"),
        component="indexing",
        exception=None,
    )
    assert lines_of(record)[0].decode() == text


def check_policy(text: str) -> None:
    assert " ".join(text.split()).rstrip(";") == PAGE_CSP


#: What holds each text block, by a word of its own.
TEXTS: dict[str, Callable[[str], None]] = {
    "3  net": check_floors,
    "WRN indexing": check_record,
    "default-src": check_policy,
}


def test_every_text_block_is_what_the_code_says() -> None:
    for block in by_hand("text"):
        checks = [check for word, check in TEXTS.items() if word in block.text]
        assert len(checks) == 1, f"{block}: say in TEXTS what holds it"
        checks[0](block.text)


def test_the_picture_of_the_gate_has_the_steps_and_refusals_that_the_page_lists() -> None:
    listed = re.findall(r"^\d\. (?:\*\*)?(.*)$", read("docs/security.md"), re.MULTILINE)[:8]
    drawn = re.findall(r">(\d{3}(?:, \d{3})*)</text>", (ROOT / "docs/img/gate.svg").read_text("utf-8"))
    assert drawn == [", ".join(re.findall(r"\b4\d\d\b", line)) for line in listed]
