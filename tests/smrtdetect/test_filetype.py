from __future__ import annotations

import re
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.smrtdetect.code_language import LANGUAGES, compile_form, count_points
from python_core.smrtdetect.filetype import MAX_CHARS, Detection, detect
from python_core.smrtdetect.kinds import KINDS
from python_core.smrtdetect.languages.marks import Form

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXAMPLES = [(type_id, example) for type_id, kind in KINDS.items() for example in kind.examples]
FORMS = [(name, form) for name, language in LANGUAGES.items() for form in language.forms]
PROSE = [
    "Dear Ann,\n\nthe meeting is moved to Friday; please bring the two reports (and the list).\n\nBest wishes,\nBen",
    "Note: this is only a draft. See the appendix: it holds the numbers.",
    "- milk\n- bread\n- two apples",
    "1. Open the window.\n2. Close the door.\n3. Go for a walk.",
    "Select the items from the list where you want to begin, and update the table.",
    "Import duties rose, and from there on the class of goods that we return for a while is small.",
    "If you let it run, then while it does you can export the function of the new public constant.",
    "#fun with #python and #rust",
    "He said: \u201cI will go, and you, my friend, will stay.\u201d",
    "Die Sitzung beginnt um neun Uhr, und wie immer gibt es Kaffee, Tee und Kuchen.",
    "\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u5427\u3002",
    "Subject: hello\nFrom: Ann\nTo: Ben\n\nSee you soon.",
    "I paid 30, he paid 40,\nshe paid 50, we paid 60,\nand they paid nothing, of course.",
    "and/or",
    "e.g. this",
    "TODO: call Ann",
    "C++ or C#?",
    "The file is in /usr/share/doc and the log in /var/log/syslog, as always.",
    "git is a tool for people who write programs",
    "make sure to read the docs",
    "Version 1.2.3 of the package was released; see https://example.com/news for what is new in it.",
]
# Each made to cost a careless pattern more than its share.
HOSTILE = [
    "{color:" + "a:" * 8_000,
    "[A()" + ", A()" * 3_000 + "\n" + "x",
    "[" * 16_000,
    "{" * 16_000,
    '{"a":' * 4_000,
    "<" * 16_000,
    "<a " * 5_000,
    "<a b='" * 3_000,
    "|" + "-" * 16_000 + "x",
    "(" * 16_000,
    "\\" * 16_000,
    "`" * 16_000,
    "**a" * 5_000,
    "[a](" * 4_000,
    "- " * 8_000,
    "- - - a: " * 2_000,
    "a." * 8_000 + "/",
    "/" * 16_000,
    "1," * 8_000,
    "0" * 16_000,
    "a@" * 8_000,
    "eyJ" * 5_000,
    "return " * 2_400,
    "select a from " * 1_200,
    "\n" * 16_000,
    " " * 16_000 + "x",
    "\t\n" * 8_000,
    "a\n" * 8_000,
    "# a\n" * 4_000,
    "// A b\n" * 2_300,
    "a = b\n" * 2_700,
    '"' * 16_001,
    "'a':" * 4_000,
    "$a->" * 4_000,
    "\ud800" * 16_000,
    "\u202e\u0301" * 8_000,
]


@pytest.mark.parametrize(("type_id", "example"), EXAMPLES, ids=[f"{t}-{e[:20]!r}" for t, e in EXAMPLES])
def test_each_type_is_told_from_its_examples(type_id: str, example: str) -> None:
    found = detect(example)
    assert (found.type_id, found.group, found.extension) == (type_id, KINDS[type_id].group, KINDS[type_id].extension)


@pytest.mark.parametrize(("type_id", "example"), EXAMPLES, ids=[f"{t}-{e[:20]!r}" for t, e in EXAMPLES])
def test_the_line_ends_of_windows_change_nothing(type_id: str, example: str) -> None:
    assert detect(example.replace("\n", "\r\n")) == detect(example)
    assert detect(example.replace("\n", "\r")).type_id == type_id


def test_every_type_has_a_group_an_extension_and_an_example() -> None:
    for type_id, kind in KINDS.items():
        assert re.fullmatch(r"[a-z0-9]+", type_id)
        assert kind.group in {"text", "link", "value", "structured", "markup", "code", "record"}
        assert re.fullmatch(r"[a-z0-9]+", kind.extension)
        assert kind.examples
    assert set(LANGUAGES) < set(KINDS)


@pytest.mark.parametrize(("name", "form"), FORMS, ids=[f"{name}-{form.example!r}" for name, form in FORMS])
def test_each_form_is_found_in_its_example(name: str, form: Form) -> None:
    framed = f"\n{form.example}\n"
    assert form.text() in framed
    assert not form.words() or set(form.words()) & set(re.findall(r"\w+", framed))
    assert not form.pattern or compile_form(form.pattern).search(framed)
    points = count_points(form.example, form.example.encode())
    kin = {"typescript": "javascript", "cpp": "c"}  # where the marks of the child are few, they count for the parent
    assert points.get(name, 0) + points.get(kin.get(name, name), 0) >= form.weight


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_text(text: str) -> None:
    assert detect(text).type_id == "text"


@pytest.mark.parametrize(
    ("text", "type_id"),
    [
        ("npm install react", "shell"),
        ("git status", "shell"),
        ("print('x')", "text"),  # in three languages the same
        ("x = 1", "text"),
        ("select name from users", "sql"),
        ("1.2.3", "text"),
        ("12:30", "text"),
        ("report.pdf", "text"),
        ("hello@", "text"),
        ("deadbeef" * 5, "text"),  # a digest
        ("somebody-with-a-very-long-name-and-nothing-else", "text"),
        ("\ufeff<?xml version='1.0'?><a/>", "xml"),
        ("  https://example.com/  \n", "url"),
        ("{not json}", "text"),
        ("[1, 2, 3", "text"),
        ("a\tb", "text"),
        ("a,b,c", "text"),
    ],
)
def test_thin_evidence_is_not_stretched(text: str, type_id: str) -> None:
    assert detect(text).type_id == type_id


@pytest.mark.parametrize(
    ("text", "type_id"),
    [
        ('[{"id": 1, "name": "some value"},\n' * 1_000, "json"),
        ("id,name,city\n" + "1,Ann,Oslo\n" * 5_000, "csv"),
        ("def f(a):\n    return a.b\n\n" * 2_000, "python"),
        ("<!DOCTYPE html>\n" + "<p>text</p>\n" * 5_000, "html"),
        ('{"id": 1, "name": "some value"}\n' * 2_000, "jsonl"),
        ("The road went on and on. " * 5_000, "text"),
    ],
)
def test_of_a_long_text_the_beginning_decides(text: str, type_id: str) -> None:
    assert len(text) > MAX_CHARS
    assert detect(text).type_id == type_id
    assert detect(text) == detect(text + "\n<svg>{}" * 1_000)


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:20]) for text in HOSTILE])
def test_hostile_texts_are_judged_like_any(text: str) -> None:
    """An exponential or cubic pattern would not end here within a test run's patience."""
    for piece in (text, text + "x", "\n".join([text[:700]] * 20), f"a {text}", text.replace(" ", "\n")):
        assert detect(piece).type_id in KINDS


FRAGMENTS = st.sampled_from([form.example for _, form in FORMS] + [example for _, example in EXAMPLES])


@patient
@given(
    st.text(alphabet=st.characters(codec=None), max_size=200)
    | st.lists(FRAGMENTS | st.text(alphabet=string.punctuation + " \n\t", max_size=5), max_size=12).map("".join)
)
def test_any_text_is_something(text: str) -> None:
    found = detect(text)
    assert found == detect(text)
    assert KINDS[found.type_id].group == found.group
    assert 0 < found.confidence < 1
    assert isinstance(found, Detection)
