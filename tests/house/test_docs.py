"""The documentation lists every setting, route, error code, event kind, scope and command that the code declares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.house.documents import check_listed
from tests.house.tree import ROOT

# Without mkdocs.yml the documentation's build fails in Tools/test.py: these cannot be left out unseen.


def _told(found: list[str]) -> None:
    assert not found, "\n" + "\n".join(found)


def test_settings_md_lists_every_setting_with_its_variable() -> None:
    from python_core.config import SECTIONS

    settings = [setting for section in SECTIONS for setting in section.settings]
    names = [name for setting in settings for name in (setting.name, setting.variable)]
    assert "SMRTHUB_BRIDGE_PORT" in names
    _told(check_listed(ROOT, "settings.md", "setting", names, "python_core.config.schema"))


def test_api_md_lists_every_route() -> None:
    from python_core.net.routes import subjects_of

    servers = ("bridge", "web-listener")
    endpoints = [endpoint for server in servers for routes in subjects_of(server) for endpoint in routes.endpoints]
    names = {f"{endpoint.method} {endpoint.path}" for endpoint in endpoints}
    assert {"POST /clipboard", "POST /tab-info"} <= names
    _told(check_listed(ROOT, "api.md", "route", names, "python_core.net.routes"))


def test_api_md_lists_every_error_code() -> None:
    from python_core.net.failures import STATUS_OF_CODE

    assert "bad_input" in STATUS_OF_CODE
    _told(check_listed(ROOT, "api.md", "error code", STATUS_OF_CODE, "python_core.net.failures"))


def test_api_md_lists_every_scope() -> None:
    from python_core.runtime.clients import SCOPES

    assert "clipboard:write" in SCOPES
    _told(check_listed(ROOT, "api.md", "scope", SCOPES, "python_core.runtime.clients"))


def test_events_md_lists_every_event_kind() -> None:
    from python_core.runtime.event_kinds import EVENT_KINDS

    assert "clipboard_processed" in EVENT_KINDS
    _told(check_listed(ROOT, "events.md", "event kind", EVENT_KINDS, "python_core.runtime.event_kinds"))


def test_troubleshooting_md_tells_errors_and_messages_that_there_are() -> None:
    from python_core.net.failures import STATUS_OF_CODE

    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    told = re.findall(r"(\d{3}) `(\w+)`", page)
    assert told
    assert [(status, code) for status, code in told if STATUS_OF_CODE.get(code) != int(status)] == []
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "python_core").rglob("*.py"))
    messages = re.findall(r"^\| `([A-Za-z][^`]* [^`]*)`", page, re.MULTILINE)
    assert messages
    assert [words for words in messages if words.partition("http")[0].partition("…")[0].strip() not in code] == []


def test_use_md_lists_every_command() -> None:
    from python_core import cli

    names = list(_list_commands("smrthub", cli.main))
    assert "smrthub serve" in names
    _told(check_listed(ROOT, "use.md", "command", names, "python_core.cli"))


def _list_commands(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for child, below in command.commands.items():
            yield from _list_commands(f"{name} {child}", below)
    else:
        yield name


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("gone", "Answers `gone`."),
        ("GET /events", "| `GET /events?kinds=` | one page |"),
        ("GET /clipboard/<clip_id>", "`GET /clipboard/{id}`"),
        ("smrthub pair", "`smrthub pair --name N`"),
    ],
)
def test_a_listed_name_is_found(tmp_path: Path, name: str, page: str) -> None:
    _write(tmp_path, page)
    assert check_listed(tmp_path, "page.md", "thing", [name], "code") == []


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("gone", "It is gone."),
        ("gone", "Answers `gone_for_good`."),
        ("GET /events", "`GET /events/{id}` and `POST /events`"),
        ("GET /clipboard/<clip_id>", "`GET /clipboard/newest`"),
        ("smrthub pair", "`smrthub pairing`"),
    ],
)
def test_a_name_that_is_not_listed_is_told(tmp_path: Path, name: str, page: str) -> None:
    _write(tmp_path, page)
    [sentence] = check_listed(tmp_path, "page.md", "thing", [name], "code")
    assert sentence.startswith(f"docs/page.md does not list the thing `{name}`")


def test_a_page_that_is_missing_is_told(tmp_path: Path) -> None:
    [sentence] = check_listed(tmp_path, "page.md", "thing", ["gone"], "code")
    assert sentence.startswith("docs/page.md is missing")


def _write(root: Path, page: str) -> None:
    (root / "docs").mkdir()
    (root / "docs/page.md").write_text(page, encoding="utf-8")
