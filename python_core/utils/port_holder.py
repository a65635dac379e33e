"""Who listens on a port of this machine: told to a person by the server that wanted it and by the client that met another."""

from __future__ import annotations


def holder_of(port: int) -> str:
    """Name the program that listens on a port, as in ``nginx (pid 123)``, where the system tells; it knows no more of others."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return "another program"
