"""What a record may hold: known keys whose values look as they should, one line of valid UTF-8, no captured text."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path, PureWindowsPath
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_core.errors import BadInput, HubError
from python_core.utils.log_levels import INFORMATION, LEVELS
from python_core.utils.log_records import SHAPES, Record, Trace, lines_of
from python_core.utils.log_texts import place_of, told_exception

PACKAGE = Path(__file__).parents[2] / "python_core"
CANARY = "Grandmother's recipe"
ID = "01900000-0000-7000-8000-000000000000"
ANY_TEXT = st.text(alphabet=st.characters(codec=None))
ANY_VALUE = st.one_of(ANY_TEXT, st.integers(), st.floats(), st.booleans(), st.none(), st.binary(), st.lists(ANY_TEXT))


def record(template: str = "x", props: dict[str, object] | None = None, **more: Any) -> Record:
    known = {"at_ms": 1_767_323_045_678, "level": INFORMATION, "trace": None, "exception": None} | more
    return Record(template=template, props=props or {}, **known)


def told(template: str = "x", props: dict[str, object] | None = None, **more: Any) -> tuple[str, dict[str, Any]]:
    """Read both lines back, as strictly as a reader may."""
    text, line = lines_of(record(template, props, **more))
    assert text.count(b"\n") == line.count(b"\n") == 1
    assert text.endswith(b"\n")
    assert line.endswith(b"\n")
    shown = text.decode("utf-8", "strict")[:-1]
    assert shown.isprintable()
    entry = msgspec.json.decode(line)
    assert isinstance(entry, dict)
    return shown, entry


def test_a_record_reads_as_documented() -> None:
    trace = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    text, entry = told(
        "{method} {route} answered {status}",
        {"method": "POST", "route": "/clipboard", "status": 201},
        trace=trace,
        component="gate",
    )
    assert entry == {
        "ts": "2026-01-02T03:04:05.678Z",
        "level": "Information",
        "component": "gate",
        "pid": os.getpid(),
        "message": "{method} {route} answered {status}",
        "renderedMessage": "POST /clipboard answered 201",
        "props": {"method": "POST", "route": "/clipboard", "status": 201},
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7",
    }
    assert (
        text
        == "2026-01-02T03:04:05.678Z INF gate        POST /clipboard answered 201  trace=4bf92f3577b34da6a3ce929d0e0e4736"
    )


def test_what_a_record_does_not_have_is_absent() -> None:
    assert set(told()[1]) == {"ts", "level", "component", "pid", "message", "renderedMessage", "props"}


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("count", 3, 3),
        ("duration_ms", 1.5, 1.5),
        ("count", True, True),
        ("count", None, None),
        ("code", "storage_full", "storage_full"),
        ("kind", "clipboard_processed", "clipboard_processed"),
        ("clip_id", ID, ID),
        ("digest", "sha256:" + "ab" * 32, "sha256:" + "ab" * 32),
        ("route", "/clipboard/<clip_id>/fragments/<int:ordinal>", "/clipboard/<clip_id>/fragments/<int:ordinal>"),
        ("url", "http://127.0.0.1:5001/", "http://127.0.0.1:5001/"),
        ("host", "::1", "::1"),
        ("version", "0.1.0.dev1+g12ab", "0.1.0.dev1+g12ab"),
        ("file", Path("/home/bob/.config/SmrtHub/Config/python-net/x.json"), "SmrtHub/Config/python-net/x.json"),
        ("folder", PureWindowsPath(r"C:\Users\Bob B\SmrtHub\Logs\python-net"), "SmrtHub/Logs/python-net"),
    ],
)
def test_a_value_that_looks_as_its_key_says_is_written(key: str, value: object, shown: object) -> None:
    text, entry = told(f"is {{{key}}}.", {key: value})
    assert entry["props"] == {key: shown}
    assert entry["renderedMessage"] == f"is {shown}."
    assert f"is {shown}." in text


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("count", "3", "(str)"),
        ("count", 2**53, "(int)"),
        ("count", 10**400, "(int)"),
        ("duration_ms", float("nan"), "(float)"),
        ("duration_ms", float("-inf"), "(float)"),
        ("count", object(), "(object)"),
        ("code", CANARY, "(str)"),
        ("code", "x" * 41, "(str)"),
        ("code", "bob@example.com", "(str)"),
        ("code", "a\n", "(str)"),
        ("code", b"a", "(bytes)"),
        ("code", ["a"], "(list)"),
        ("clip_id", "shb_0190_" + "x" * 43, "(str)"),
        ("route", "/clipboard/" + ID, "(str)"),
        ("route", "/search?q=secret", "(str)"),
        ("url", "http://127.0.0.1:5001/clipboard/x", "(str)"),
        ("url", "http://127.0.0.1.example.com/", "(str)"),
        ("file", "/home/bob/SmrtSpaces/NewSmrtSpace/recipe.html", "(path)"),
        ("file", f"/home/bob/SmrtHub/Config/{CANARY}.json", "(path)"),
        ("file", "/x/SmrtHub/Config/a.json\n", "(path)"),
    ],
)
def test_a_value_that_does_not_is_told_as_its_type(key: str, value: object, shown: str) -> None:
    assert told(f"{{{key}}}", {key: value})[1]["props"] == {key: shown}


def test_an_unknown_key_is_dropped_and_counted() -> None:
    _, entry = told("{title} {count}", {"title": CANARY, "selection": CANARY, "count": 1})
    assert entry["props"] == {"count": 1, "dropped_props": 2}
    assert entry["renderedMessage"] == "{title} 1"


@given(st.dictionaries(st.sampled_from([*SHAPES, "title"]), ANY_VALUE), ANY_TEXT)
def test_any_record_is_one_line_of_text_and_one_of_json(props: dict[str, object], template: str) -> None:
    told(template, props)


@given(st.sampled_from(sorted(set(SHAPES) - {"library_text"})), ANY_TEXT, ANY_TEXT)
def test_captured_text_is_never_written(key: str, before: str, after: str) -> None:
    text, line = lines_of(record(f"{{{key}}}", {key: before + CANARY + after}))
    assert CANARY not in text.decode()
    assert CANARY not in line.decode()


@pytest.mark.parametrize("hostile", ["\n", "\r", "\x1b[31m", "\x00", "\u2028", "\u202e", "\u200b", "\ud800", "\x85"])
def test_what_could_break_a_line_or_hide_in_it_is_escaped(hostile: str) -> None:
    text, entry = told(f"a{hostile}b", exception=told_exception(HubError(f"a{hostile}b")))
    assert entry["renderedMessage"].startswith("a\\")
    assert entry["exception"]["message"].startswith("a\\")
    assert hostile not in text


@pytest.mark.parametrize("hole", ["{Count}", "{}", "{count!r}", "{count:d}", "{{count}}", "{count", "{0}"])
def test_only_plain_holes_are_holes(hole: str) -> None:
    assert told(hole, {"count": 1})[1]["renderedMessage"] == hole.replace("{count}", "1")


def test_huge_values_are_cut() -> None:
    text, _ = told("x" * 10**6, {"library_text": "y" * 10**6, "code": "z" * 10**6})
    assert len(text) < 2000


def test_an_exception_is_told_by_class_and_place_and_without_its_words() -> None:
    try:
        try:
            int(CANARY)
        except ValueError as error:
            raise KeyError(CANARY) from error
    except KeyError as error:
        exception = told_exception(error)
    text, entry = told(exception=exception)
    assert CANARY not in text
    assert CANARY not in str(entry)
    assert exception["type"] == "builtins.KeyError"
    assert "message" not in exception
    assert re.fullmatch(r"test_log_records\.py:\d+ in test_an_exception_is_told\w+", exception["stack"][0])
    assert exception["inner"]["type"] == "builtins.ValueError"
    assert " | builtins.KeyError < test_log_records.py:" in text
    assert " | builtins.ValueError < test_log_records.py:" in text


def test_our_own_findings_are_told_with_their_words_redacted() -> None:
    _, entry = told(exception=told_exception(BadInput("Ask bob@example.com about /home/bob/x.")))
    assert entry["exception"]["type"] == "python_core.errors.BadInput"
    assert entry["exception"]["message"] == "Ask [email] about /home/[user]/x."


def test_an_os_error_is_told_with_its_number_only() -> None:
    exception = told_exception(FileNotFoundError(2, CANARY, CANARY))
    assert exception["errno"] == "ENOENT"
    assert CANARY not in str(exception)


def test_a_context_is_told_unless_it_was_suppressed() -> None:
    error = HubError("Said so.")
    error.__context__ = KeyError()
    assert told_exception(error)["inner"]["type"] == "builtins.KeyError"
    error.__suppress_context__ = True
    assert "inner" not in told_exception(error)


def test_a_chain_and_a_stack_without_end_are_cut() -> None:
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        raise ValueError

    error = ValueError()
    try:
        deeper(100)
    except ValueError as deep:
        deep.__cause__, error.__cause__ = error, deep
        exception = told_exception(deep)
    assert len(exception["stack"]) == 20
    assert str(exception).count("'type'") == 4


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/home/bob/hub/python_core/net/gate.py", "python_core/net/gate.py:7"),
        ("/home/bob/.venv/lib/python3.12/site-packages/flask/app.py", "flask/app.py:7"),
        ("/usr/lib/python3.11/threading.py", "threading.py:7"),
        (r"C:\Users\Bob B\python_core\net\gate.py", "python_core/net/gate.py:7"),
        (r"C:\Python312\Lib\json\decoder.py", "json/decoder.py:7"),
        ("/home/bob/secret plan.py", "secret plan.py:7"),
        ("<string>", "<string>:7"),
    ],
)
def test_a_place_does_not_name_the_user(path: str, place: str) -> None:
    assert place_of(path, 7) == place


def log_calls() -> list[tuple[str, ast.Call]]:
    methods = {level.lower() for level in LEVELS} | {"tell"}
    calls = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
                owner = node.func.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                if name.lstrip("_") == "log":
                    calls.append((f"{path.relative_to(PACKAGE.parent).as_posix()}:{node.lineno}", node))
    return calls


def fault_of(call: ast.Call) -> str:
    keys = [each.arg for each in call.keywords if each.arg != "exception"]
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Constant) or not isinstance(call.args[0].value, str):
        return "its template is not one literal"
    if None in keys:
        return "it hides its keys behind **"
    if unknown := set(keys) - set(SHAPES):
        return f"no shape is known for {unknown}"
    if unfilled := set(re.findall(r"\{([^}]*)\}?", call.args[0].value)) - set(keys):
        return f"nothing fills {unfilled}"
    return ""


def test_every_log_call_of_the_tree_has_a_literal_template_and_known_keys() -> None:
    faults = {
        place: fault
        for place, call in log_calls()
        if not place.startswith("python_core/utils/logger.py:") and (fault := fault_of(call))
    }
    assert faults == {}


@pytest.mark.parametrize(
    "call",
    [
        'log.error(f"{x}")',
        "log.error(text)",
        'log.error("x", **props)',
        'log.error("x", title=1)',
        'log.error("{count}")',
    ],
)
def test_the_judgement_on_log_calls_finds_each_fault(call: str) -> None:
    parsed = ast.parse(call, mode="eval").body
    assert isinstance(parsed, ast.Call)
    assert fault_of(parsed)
