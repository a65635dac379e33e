"""Pages that a person reads: a bundle before it is sent, and what the doctor found. They load nothing and run nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from python_core.support.hops import Hop, span

if TYPE_CHECKING:
    from python_core.support.bundle_format import BundleManifest

_HOLE = re.compile(r"\{\{(policy|title|body)\}\}")


def _text_of(text: str) -> str:
    """Write a text between tags; quotes stay, since ``quot`` would be a word of none of ours."""
    return escape(text, quote=False)


def review_of(manifest: BundleManifest, contents: Mapping[str, bytes]) -> bytes:
    """Build the page that shows all that is in a bundle."""
    files_told = [
        (f"<code>{_text_of(name)}</code>", _number(told.bytes), f"<code>{told.sha256}</code>")
        for name, told in manifest.files.items()
    ]
    parts = [
        (_text_of(each.component), _text_of(each.name), _state(each.state), _text_of(each.reason))
        for each in manifest.parts
    ]
    masked = [(_text_of(kind), _number(times)) for kind, times in manifest.redactions.items()]
    body = [
        "<h1>SmrtHub support bundle</h1>",
        f'<p class="faint">Made {manifest.made_at} by SmrtHub {_text_of(manifest.hub_version)}; logs since {manifest.since}.</p>',
        "<p>This page shows all that is in the bundle. Read it before you send it: nothing that you copied or read is meant to be "
        f"in it. What could be masked was compared with {_text_of(manifest.compared_with)}. manifest.json beside this folder has "
        "the SHA-256 of each file, of this page too.</p>",
        "<h2>Parts</h2>",
        _table(("component", "part", "", "reason"), parts),
        *(f"<p>{_text_of(note)}</p>" for note in manifest.notes),
        "<h2>Masked</h2>",
        _table(("what", "times"), masked, {1}) if masked else "<p>Nothing had to be masked.</p>",
        "<h2>Files</h2>",
        _table(("file", "bytes", "SHA-256"), files_told, {1}),
        "<h2>Contents</h2>",
        *(_shown(name, content) for name, content in contents.items() if not _is_second_form(name, contents)),
    ]
    return page_of("SmrtHub support bundle", body).encode("ascii", "xmlcharrefreplace")


def doctor_page(hops: list[Hop], made: str) -> bytes:
    """Build the page of what the doctor found: first what is to be done, then each step in its order."""
    counted = {state: sum(hop.state == state for hop in hops) for state in ("ok", "warning", "failed", "skipped")}
    summary = ", ".join(f'<span class="{state}">{times} {state}</span>' for state, times in counted.items() if times)
    wrong = [hop for state in ("failed", "warning") for hop in hops if hop.state == state]
    todo = [
        (_state(hop.state), _text_of(hop.check), f"{_text_of(hop.detail)}<br>{_text_of(hop.advice)}") for hop in wrong
    ]
    rows = [
        (_state(hop.state), _text_of(hop.check), _text_of(hop.detail)
         + (f'<br><span class="faint">{_text_of(hop.advice)}</span>' if hop.advice else ""),
         f"<code>{_text_of(hop.code)}</code>", "" if hop.age_s is None else span(hop.age_s), f"{hop.took_ms:,} ms")
        for hop in hops
    ]  # fmt: skip
    body = [
        "<h1>SmrtHub doctor</h1>",
        f'<p class="faint">Looked {made}.</p>',
        f"<p>{summary}</p>",
        *(["<h2>What to do</h2>", _table(("", "what", "found, and what to do"), todo, {0, 1})] if todo else []),
        "<h2>Step by step</h2>",
        _table(("", "what", "found", "code", "age", "took"), rows, {0, 3, 4, 5}),
    ]
    return page_of("SmrtHub doctor", body).encode("ascii", "xmlcharrefreplace")


def page_of(title: str, body: Iterable[str]) -> str:
    """Put a body into the shell; its policy allows the shell's style and nothing else."""
    shell = files("python_core.support").joinpath("review_page.html").read_text("utf-8")
    found = re.search("<style>(.*?)</style>", shell, re.DOTALL)
    style = base64.b64encode(hashlib.sha256((found[1] if found else "").encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    filled = {"policy": policy, "title": _text_of(title), "body": "\n".join(body)}
    return _HOLE.sub(lambda hole: filled[hole[1]], shell)


def _table(names: Iterable[str], rows: Iterable[tuple[str, ...]], short: Iterable[int] = ()) -> str:
    head = "".join(f"<th>{name}</th>" for name in names)
    kept = set(short)
    lines = (
        "<tr>"
        + "".join(f"<td{' class=number' if at in kept else ''}>{cell}</td>" for at, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f"<table>{head}<tbody>{''.join(lines)}</tbody></table>"


def _state(state: str) -> str:
    return f'<span class="{state.split(maxsplit=1)[0]}">{_text_of(state)}</span>'


def _shown(name: str, content: bytes) -> str:
    text = content.decode("ascii", "replace")
    title = f'<code>{_text_of(name)}</code> <span class="faint">{_number(len(content))} bytes</span>'
    inside = (_grid(text) if name.endswith(".json") else "") or f"<pre>{_text_of(text)}</pre>"
    return f"<details><summary>{title}</summary>{inside}</details>"


def _grid(text: str) -> str:
    """Show JSON as tables with all that is in it; empty for what is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    return f'<div class="grid">{_cell(value)}</div>' if isinstance(value, dict | list) and value else ""


def _cell(value: object) -> str:
    """Show a value: objects of one kind as the rows of a table, another object as a row for each member."""
    if isinstance(value, dict) and value:
        if all(isinstance(each, dict) for each in value.values()):
            return _rows_of([{"": name, **each} for name, each in value.items()])
        return _table((), [(_text_of(name), _cell(each)) for name, each in value.items()])
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return _rows_of(value)
    return "" if value is None else _text_of(value if isinstance(value, str) else json.dumps(value))


def _rows_of(items: list[dict[str, object]]) -> str:
    names = list(dict.fromkeys(name for each in items for name in each))
    return _table(map(_text_of, names), [tuple(_cell(each.get(name, "")) for name in names) for each in items])


def _is_second_form(name: str, contents: Mapping[str, bytes]) -> bool:
    """Say whether the same records are shown as text already."""
    return name.endswith("-log.json") and name.removesuffix(".json") + ".txt" in contents


def _number(value: int) -> str:
    return f"{value:,}"
