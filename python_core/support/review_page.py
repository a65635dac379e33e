"""Pages that a person reads: a bundle before it is sent, and what the doctor found. They load nothing and run nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from python_core.support.hops import Hop

if TYPE_CHECKING:
    from python_core.support.bundle_format import BundleManifest

_HOLE = re.compile(r"\{\{(policy|title|body)\}\}")


def review_of(manifest: BundleManifest, contents: Mapping[str, bytes]) -> bytes:
    """Build the page that shows all that is in a bundle."""
    files_told = [
        (f"<code>{escape(name)}</code>", _number(told.bytes), f"<code>{told.sha256}</code>")
        for name, told in manifest.files.items()
    ]
    parts = [
        (escape(each.component), escape(each.name), _state(each.state), escape(each.reason)) for each in manifest.parts
    ]
    masked = [(escape(kind), _number(times)) for kind, times in manifest.redactions.items()]
    body = [
        "<h1>SmrtHub support bundle</h1>",
        f'<p class="faint">Made {manifest.made_at} by SmrtHub {escape(manifest.hub_version)}; logs since {manifest.since}.</p>',
        "<p>This page shows all that is in the bundle. Read it before you send it: nothing that you copied or read is meant to be "
        f"in it. What could be masked was compared with {escape(manifest.compared_with)}. manifest.json beside this folder has the "
        "SHA-256 of each file, of this page too.</p>",
        "<h2>Parts</h2>",
        _table(("component", "part", "", "reason"), parts),
        *(f"<p>{escape(note)}</p>" for note in manifest.notes),
        "<h2>Masked</h2>",
        _table(("what", "times"), masked, {1}) if masked else "<p>Nothing had to be masked.</p>",
        "<h2>Files</h2>",
        _table(("file", "bytes", "SHA-256"), files_told, {1}),
        "<h2>Contents</h2>",
        *(_shown(name, content) for name, content in contents.items() if not _is_second_form(name, contents)),
    ]
    return page_of("SmrtHub support bundle", body).encode("ascii", "xmlcharrefreplace")


def doctor_page(hops: list[Hop], made: str) -> bytes:
    """Build the page of what the doctor found."""
    rows = [
        (f'<span class="{hop.state}">{hop.state}</span>', escape(hop.check), escape(hop.detail)
         + (f'<br><span class="faint">{escape(hop.advice)}</span>' if hop.advice else ""),
         f"<code>{escape(hop.code)}</code>", f"{hop.took_ms:,} ms")
        for hop in hops
    ]  # fmt: skip
    counted = {state: sum(hop.state == state for hop in hops) for state in ("ok", "warning", "failed", "skipped")}
    summary = ", ".join(f'<span class="{state}">{times} {state}</span>' for state, times in counted.items() if times)
    body = [
        "<h1>SmrtHub doctor</h1>",
        f'<p class="faint">Looked {made}.</p>',
        f"<p>{summary}</p>",
        _table(("", "what", "found", "code", "took"), rows, {0, 1, 3, 4}),
    ]
    return page_of("SmrtHub doctor", body).encode("ascii", "xmlcharrefreplace")


def page_of(title: str, body: Iterable[str]) -> str:
    """Put a body into the shell; its policy allows the shell's style and nothing else."""
    shell = files("python_core.support").joinpath("review_page.html").read_text("utf-8")
    found = re.search("<style>(.*?)</style>", shell, re.DOTALL)
    style = base64.b64encode(hashlib.sha256((found[1] if found else "").encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    filled = {"policy": policy, "title": escape(title), "body": "\n".join(body)}
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
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _state(state: str) -> str:
    return f'<span class="{state.split(maxsplit=1)[0]}">{escape(state)}</span>'


def _shown(name: str, content: bytes) -> str:
    text = escape(content.decode("ascii", "replace"), quote=False)
    title = f'<code>{escape(name)}</code> <span class="faint">{_number(len(content))} bytes</span>'
    return f"<details><summary>{title}</summary><pre>{text}</pre></details>"


def _is_second_form(name: str, contents: Mapping[str, bytes]) -> bool:
    """Say whether the same records are shown as text already."""
    return name.endswith("-log.json") and name.removesuffix(".json") + ".txt" in contents


def _number(value: int) -> str:
    return f"{value:,}"
