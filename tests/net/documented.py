"""The OpenAPI document in tests' hands: its operations, its schemas as validators, and both servers to hold it against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from werkzeug.test import Client, TestResponse

from python_core.net import bridge_server, web_listener
from python_core.net.endpoints import Endpoint
from python_core.net.routes import subjects_of
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session

URLS = {"bridge": "http://127.0.0.1:5001", "web-listener": "http://127.0.0.1:5000"}
SUBJECTS = {service: subjects_of(service) for service in URLS}
DECLARED: list[tuple[str, Endpoint]] = [
    (service, endpoint) for service in SUBJECTS for routes in SUBJECTS[service] for endpoint in routes.endpoints
]


class Servers:
    """Both apps of a hub, behind their gates, asked as the owner does."""

    def __init__(self, hub: Hub) -> None:
        create = {"bridge": bridge_server.create_app, "web-listener": web_listener.create_app}
        self._clients = {service: Client(create[service](hub.settings, hub.store, hub)) for service in URLS}
        self._token = begin_owner_session(hub, None)

    def ask(
        self, method: str, path: str, body: Any = None, service: str = "bridge", token: str | None = None, **more: Any
    ) -> TestResponse:
        """Send a request; an empty token is none, no token the owner's."""
        token = self._token if token is None else token
        headers = ({"Authorization": f"Bearer {token}"} if token else {}) | more.pop("headers", {})
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return self._clients[service].open(path, method=method, base_url=URLS[service], headers=headers, **sent, **more)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give each operation with its method and path."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                yield method.upper(), path, operation


def told(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator of one schema of the document, with its references."""
    return jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]}, offline=True)


def check_reply(document: dict[str, Any], method: str, path: str, reply: TestResponse) -> None:
    """The reply is one of those that the document gives for this operation."""
    responses = document["paths"][path][method.lower()]["responses"]
    assert str(reply.status_code) in responses, (method, path, reply.status_code, reply.get_data())
    response = responses[str(reply.status_code)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    for name in response["headers"]:
        assert name in reply.headers or not document["components"]["headers"][name].get("required"), (path, name)
    if "application/json" in response.get("content", {}):
        told(document, response["content"]["application/json"].get("schema", {})).validate(reply.get_json())
    if "x-error-codes" in response:
        assert reply.get_json()["error"]["code"] in response["x-error-codes"]
