"""What the hub is measured against: a bare Flask app on Waitress, and beside it a bare callable, Waitress's own limit.

Run: python benchmarks/bare_app.py PORT [OPTIONS], where OPTIONS is a JSON object of Waitress's settings.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, request
from waitress import serve

app = Flask(__name__)
TINY = {"status": "ok", "service": "bare", "apiVersion": 1}
#: Of the size of a full /status.
PAGE = {**TINY, "modules": {f"part{n}": {"level": "healthy", "lastBeatAt": None, "detail": "x" * 90} for n in range(5)}}


@app.get("/tiny")
def get_tiny() -> dict[str, Any]:
    """Answer a small object."""
    return TINY


@app.get("/page")
def get_page() -> dict[str, Any]:
    """Answer a larger object."""
    return PAGE


@app.get("/unchanged")
def get_unchanged() -> Response:
    """Answer 304, as to a caller whose ETag is still right."""
    return Response(status=304, headers={"ETag": '"1"'})


@app.post("/echo")
def post_echo() -> Any:
    """Parse the body and answer the same."""
    return request.get_json()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer /callable without Flask, all else with it."""
    if environ["PATH_INFO"] != "/callable":
        return app(environ, start_response)
    body = json.dumps(TINY).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # as the hub does
    options = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    serve(application, host="127.0.0.1", port=int(sys.argv[1]), _quiet=True, **options)
