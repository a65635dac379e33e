from __future__ import annotations

import json
import sys
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.config import BRIDGE, SECTIONS, WEB_LISTENER, BridgeSettings, WebListenerSettings
from python_core.config.generate import generated_files, json_schema, settings_table
from python_core.config.schema import contradictions, is_installed

# Settings of hypothesis for a busy machine, where how long one example takes says nothing.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SETTINGS = [(section, setting) for section in SECTIONS for setting in section.settings]

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def setting_named(section: Any, name: str) -> Any:
    return next(each for each in section.settings if each.name == name)


def accepts(section: Any, name: str, value: object) -> bool:
    try:
        msgspec.convert(value, setting_named(section, name).type)
    except msgspec.ValidationError:
        return False
    return True


def test_the_generated_files_are_current():
    for path, text in generated_files().items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m python_core.config.generate"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_the_defaults_are_valid_by_the_schema(section: Any):
    validator = jsonschema_rs.Draft202012Validator(json_schema(section))
    assert validator.is_valid(section.defaults())
    assert not validator.is_valid({"port": 70_000})
    assert validator.is_valid({"port": 70, "unknown": 1, "$schema": "x"})


@pytest.mark.parametrize(("section", "setting"), SETTINGS, ids=[f"{s.name}-{e.name}" for s, e in SETTINGS])
def test_every_setting_has_help_a_rule_and_a_default_that_keeps_it(section: Any, setting: Any):
    assert setting.help.endswith(".")
    assert setting.rule
    assert msgspec.convert(msgspec.to_builtins(setting.default), setting.type) == setting.default
    assert f"`{setting.name}`" in settings_table(section)
    assert f"`{setting.variable}`" in settings_table(section)


def test_what_the_contract_names_stands_as_it_names_it():
    assert (BridgeSettings().host, BridgeSettings().port, BridgeSettings().port_fallback) == ("127.0.0.1", 5001, True)
    assert (WebListenerSettings().host, WebListenerSettings().port) == ("127.0.0.1", 5000)
    assert (BRIDGE.file_name, WEB_LISTENER.file_name) == ("bridge-settings.json", "web-listener-settings.json")
    assert setting_named(BRIDGE, "port").variable == "SMRTHUB_BRIDGE_PORT"
    assert setting_named(WEB_LISTENER, "port").variable == "SMRTHUB_WEB_LISTENER_PORT"
    assert setting_named(BRIDGE, "maxClipBytes").variable == "SMRTHUB_BRIDGE_MAX_CLIP_BYTES"
    assert BridgeSettings().max_clip_bytes == 16 * 1024**2
    assert BridgeSettings().max_output_bytes == 4 * 1024**2
    assert WebListenerSettings().max_tab_bytes == 256 * 1024
    assert (WebListenerSettings().max_title_chars, WebListenerSettings().max_url_chars) == (1024, 8192)
    assert next(iter(BRIDGE.defaults())) == next(iter(WEB_LISTENER.defaults())) == "schemaVersion"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.0.9", "localhost", "::1"])
def test_loopback_hosts_are_taken(host: str):
    assert accepts(BRIDGE, "host", host)
    assert accepts(WEB_LISTENER, "host", host)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "",
        "::",
        "[::1]",
        "192.168.0.2",
        "128.0.0.1",
        "127.0.0.256",
        "127.0.0.01",
        "127.1",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost\n",
        " localhost",
        "LOCALHOST",
        "127.0.0.١",
        "::ffff:127.0.0.1",
        None,
        2130706433,
    ],
)
def test_no_other_host_is(host: object):
    assert not accepts(BRIDGE, "host", host)
    assert not accepts(WEB_LISTENER, "host", host)


@pytest.mark.parametrize(
    ("name", "fine", "wrong"),
    [
        ("port", [0, 1, 65535], [-1, 65536, 5001.0, "5001", True, None, 10**30]),
        ("portFallback", [True, False], [0, 1, "true", None]),
        ("threads", [2, 64], [1, 65]),
        ("logLevel", ["Verbose", "Fatal"], ["information", "INFO", "", 1]),
        ("allowedHosts", [[], ["hub.test:5001", "[::1]:9"]], [["*"], ["a b"], [""], ["a\n"], "a", [1], ["a"] * 33]),
        (
            "searchUrl",
            ["https://search.example/?q={query}", "https://search.example/find/{query}/now"],
            [
                "http://search.example/?q={query}",
                "https://search.example/?q=",
                "https://{query}/",
                "https:///{query}",
                "javascript:alert('https://a/{query}')",
                "https://a/ {query}",
                "https://a/{query}\n",
            ],
        ),
    ],
)
def test_the_bridges_rules_at_their_edges(name: str, fine: list[object], wrong: list[object]):
    assert all(accepts(BRIDGE, name, value) for value in fine)
    assert not [value for value in wrong if accepts(BRIDGE, name, value)]


@pytest.mark.parametrize(
    ("name", "fine", "wrong"),
    [
        ("excludedSites", [[], ["bank.example", "xn--bcher-kva.example"]], [["Bank.example"], ["*.a"], [".a"], ["a/"]]),
        ("trackingParameters", [["utm_*", "fbclid"]], [["*"], ["a*b"], [""], ["a=b"], ["a&b"]]),
    ],
)
def test_the_web_listeners_rules_at_their_edges(name: str, fine: list[object], wrong: list[object]):
    assert all(accepts(WEB_LISTENER, name, value) for value in fine)
    assert not [value for value in wrong if accepts(WEB_LISTENER, name, value)]


def test_event_streams_must_leave_a_thread_free():
    assert list(contradictions(BridgeSettings(threads=5, event_streams=4))) == []
    assert [names for names, _ in contradictions(BridgeSettings(threads=4, event_streams=4))] == [
        ("eventStreams", "threads")
    ]
    assert list(contradictions(WebListenerSettings())) == []


def test_a_unix_socket_is_refused_where_there_are_none() -> None:
    asked = BridgeSettings(unix_socket=True)
    assert [names for names, _ in contradictions(asked, "win32")] == [("unixSocket",)]
    assert list(contradictions(asked, "linux")) == list(contradictions(asked, "darwin")) == []
    assert list(contradictions(BridgeSettings(), "win32")) == []


@patient
@given(value=ANY_JSON, which=st.sampled_from(SETTINGS))
def test_the_published_schema_and_the_loader_judge_alike(value: object, which: Any):
    section, setting = which
    if isinstance(value, float) and value.is_integer():
        return  # to JSON Schema 1.0 is an integer; the loader asks for 1
    schema = json_schema(section)["properties"][setting.name]
    assert jsonschema_rs.is_valid(schema, value) == accepts(section, setting.name, value)


def test_a_table_has_a_line_a_setting():
    lines = settings_table(WEB_LISTENER).splitlines()
    assert len(lines) == 2 + len(WEB_LISTENER.settings)
    assert all(line.count(" | ") == 4 for line in lines if not line.startswith("|--"))
    assert f"`{json.dumps(WebListenerSettings().pulse_seconds)}`" in settings_table(WEB_LISTENER)


def test_another_host_is_refused_where_it_cannot_serve() -> None:
    def found(host: str, *, platform: str = "linux", installed: bool = True, unix: bool = False) -> list[str]:
        asked = BridgeSettings(wsgi_host=host, unix_socket=unix)  # type: ignore[arg-type]
        return [cause for _, cause in contradictions(asked, platform, lambda _: installed)]

    assert found("waitress", installed=False, unix=True) == []
    assert found("gunicorn") == found("granian", platform="win32") == []
    assert "not run on Windows" in found("gunicorn", platform="win32", installed=False)[0]
    [missing] = found("granian", installed=False)
    assert f"{sys.executable} -m pip install granian" in missing
    assert found("cheroot", unix=True) == ["unixSocket must be false with cheroot: waitress alone serves the socket"]
    assert not is_installed("no_such_library_at_all")
    assert is_installed("waitress")
