"""``/apidocs/``, ``/apispec.json``: the API's documentation of itself, the same for everyone and without any secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from python_core.errors import NotFound
from python_core.net.apidocs import PAGE_CSP, ApiDocs, read_asset
from python_core.net.endpoints import Call, RawReply, Reply, Routes


def routes_about(subjects: Mapping[str, Sequence[Routes]]) -> Routes:
    """Declare the routes that document all of ``subjects`` (by server), which is read when a document is first asked for."""
    routes = Routes("Documentation")

    def build() -> dict[str, Any]:
        from python_core.net.openapi import build_document  # 2 ms that a start does without

        return build_document(subjects)

    docs = ApiDocs(build)

    @routes.declare(
        "GET", "/apispec.json", access="page", anonymous=True, replies={200: None}, produces=("application/json",)
    )
    def get_apispec(call: Call) -> RawReply:  # noqa: ARG001  # the same for everyone
        """Give this document: OpenAPI 3.1, every route of both servers, every body, reply, error code and scope."""
        return RawReply(docs.document(), "application/json")

    @routes.declare("GET", "/apidocs/", access="page", anonymous=True, replies={200: None}, produces=("text/html",))
    def get_apidocs(call: Call) -> RawReply:  # noqa: ARG001  # the same for everyone
        """Show the document as a page to read and to try."""
        return RawReply(docs.page(), "text/html", {"Content-Security-Policy": PAGE_CSP})

    routes.declare("GET", "/apidocs", access="page", anonymous=True, replies={308: None})(get_apidocs_redirect)
    routes.declare(
        "GET",
        "/assets/<folder>/<name>",
        access="page",
        anonymous=True,
        replies={200: None},
        produces=("text/css", "text/javascript", "image/svg+xml"),
    )(get_asset)
    return routes


def get_apidocs_redirect(call: Call) -> Reply:  # noqa: ARG001  # the same for everyone
    """Send whoever leaves the slash out to the page."""
    return Reply(None, 308, {"Location": "/apidocs/"})


def get_asset(call: Call, folder: Literal["apidocs", "swagger"], name: str) -> RawReply:  # noqa: ARG001
    """Give a script, style or picture of the page."""
    found = read_asset(f"{folder}/{name}")
    if found is None:
        raise NotFound("There is no such file.")
    return RawReply(found[1], found[0])
