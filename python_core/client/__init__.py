"""The one HTTP client of our own API, for the commands, agents, Tools and the tests of the whole."""

from python_core.client.calls import HubClient, path_of
from python_core.client.findings import Refused, Stranger
from python_core.client.runtime_file import RunningServer, Service, find_server

__all__ = [
    "HubClient",
    "Refused",
    "RunningServer",
    "Service",
    "Stranger",
    "find_server",
    "path_of",
]
