"""What schemathesis makes up from the hub's own document finds no failure, with the owner's token and without any."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.doors import SERVICES
from tests.whole.hub_home import Home

CHECKS = "not_a_server_error,negative_data_rejection,ignored_auth,unsupported_method,content_type_conformance"
#: A body over its limit is refused before it is looked at.
SETTINGS = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "429"]
"""
LISTENER = "^/(tab-info|pair|pair/token|ping)$"
OF_THE_OTHER = "^/(tab-info|pair|pair/token|_shutdown)$"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A whole hub, with the pairing window open."""
    home = Home(tmp_path_factory.mktemp("schemathesis"))
    try:
        home.start_hub()
        home.caller().post("/pairing/window", {"seconds": 600})
        yield home
    finally:
        home.end_all()


@pytest.mark.parametrize("shown", ["the owner's token", "no token"])
@pytest.mark.parametrize("service", SERVICES)
def test_nothing_that_is_made_up_from_the_document_finds_a_failure(
    home: Home, tmp_path: Path, service: str, shown: str
) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "spec.json").write_bytes(home.caller().call("GET", "/apispec.json").body)
    chosen = f"--include-path-regex={LISTENER}" if service == "web-listener" else f"--exclude-path-regex={OF_THE_OTHER}"
    token = ["-H", f"Authorization: Bearer {home.facts()['token']}"] if shown == "the owner's token" else []
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("run", "spec.json", "--url", home.facts(service)["url"], "--checks", CHECKS, chosen, *token),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--no-shrink", "--seed", "1"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
