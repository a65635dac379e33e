"""Who listens on a port, as far as the system tells."""

import os
import socket

from python_core.utils.port_holder import holder_of


def test_the_holder_of_a_port_is_named_with_its_pid() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert f"(pid {os.getpid()})" in holder_of(port)
    assert holder_of(port) == "another program"
