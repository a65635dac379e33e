"""``/apidocs/`` and ``/apispec.json``: Flasgger's two views, with our document, our page and a current Swagger UI.

Flasgger 0.9.7.1 brings a Swagger UI of 2020 with known holes, renders a foreign document for ``?url=``, loads fonts from
another host, and builds Swagger 2.0 from docstrings. So it stands in a small app of its own that no request reaches: the
declared routes ask it for these two answers, and it is imported when the first one is asked for (it takes 80 ms of a cold
start that has 200).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

_HERE = Path(__file__).parent
#: Every file that is served, by its path under ``assets/``, with its media type. Nothing else of the folder is.
ASSETS: dict[str, str] = {
    "apidocs/icon.svg": "image/svg+xml",
    "apidocs/page.css": "text/css",
    "apidocs/page.js": "text/javascript",
    "swagger/swagger-ui.css": "text/css",
    "swagger/swagger-ui-bundle.js": "text/javascript",
}
#: The page runs our scripts and talks to this origin, and nothing else. Swagger UI sets styles on elements, hence
#: ``unsafe-inline`` there; page.js renders Markdown without HTML, so that Trusted Types can hold.
PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


class ApiDocs:
    """What the two views answer; both are built at the first call and never change.

    :param build: builds the OpenAPI document.
    """

    def __init__(self, build: Callable[[], dict[str, Any]]) -> None:
        self._build = build
        self.page = cache(lambda: self._ask("/apidocs/"))
        self.document = cache(lambda: self._ask("/apispec.json"))

    def _ask(self, path: str) -> bytes:
        from werkzeug.test import create_environ
        from werkzeug.wrappers import Response

        response = Response.from_app(_flasgger_app(self._build()), create_environ(path))
        if response.status_code != 200:
            raise RuntimeError(f"Flasgger answered {response.status_code} for {path}")
        return response.get_data()


def read_asset(name: str) -> tuple[str, bytes] | None:
    """Return a served file's media type and content; None when ``name`` is none of ``ASSETS``."""
    kind = ASSETS.get(name)
    return (kind, (_HERE / "assets" / name).read_bytes()) if kind else None


def _flasgger_app(document: dict[str, Any]) -> Flask:
    from flasgger import Swagger
    from flask import Flask
    from flask.json.provider import DefaultJSONProvider

    templates = str(_HERE / "templates")
    app = Flask("python_core.net.apidocs", static_folder=None, template_folder=templates)
    app.debug = False  # with FLASK_DEBUG Flasgger would build a document of its own instead of taking ours
    app.json = json = DefaultJSONProvider(app)
    json.sort_keys, json.ensure_ascii, json.compact = False, False, True
    flasgger = Swagger(
        app,
        config={
            "title": "SmrtHub API",
            "headers": [],
            "specs": [{"endpoint": "apispec", "route": "/apispec.json"}],
            "specs_route": "/apidocs/",
            "template_folder": templates,
            "static_folder": str(_HERE / "assets" / "swagger"),
            "static_url_path": "/assets/swagger",
            "favicon": "/assets/apidocs/icon.svg",
        },
    )
    flasgger.apispecs["apispec"] = document  # its cache of what it has built
    return app
