"""The guard around the tests holds."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


@pytest.mark.parametrize("stranger", ["192.0.2.1", "2001:db8::1"])
def test_a_connection_beyond_loopback_is_refused(stranger: str) -> None:
    family = socket.AF_INET6 if ":" in stranger else socket.AF_INET
    with socket.socket(family) as attempt, pytest.raises(RuntimeError, match="stay on loopback"):
        attempt.connect((stranger, 80))


def test_no_strange_name_is_looked_up() -> None:
    with pytest.raises(RuntimeError, match="stay on loopback"):
        socket.create_connection(("smrthub.example", 80))


def test_a_connection_on_loopback_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_personal_folders_are_somewhere_else(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()
    for folder in (Path.home(), Path(os.environ["APPDATA"]), Path(os.environ["LOCALAPPDATA"])):
        assert folder.is_relative_to(base)
