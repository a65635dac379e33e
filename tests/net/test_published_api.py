"""A published document keeps its promise: what it told stays, as long as ``apiVersion`` is the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from python_core.net.openapi import build_document
from tests.net.documented import SUBJECTS
from Tools.published_api import PUBLISHED, broken, promise_of, text_of


def test_what_was_published_is_still_so_unless_api_version_rises() -> None:
    published, now = json.loads(PUBLISHED.read_text("utf-8")), promise_of(build_document(SUBJECTS))
    if published["apiVersion"] == now["apiVersion"]:
        found = list(broken(published, now))
        how = "API_VERSION has to rise, or this has to stay (before a release: python Tools/docs.py --publish):"
        assert not found, "\n".join([how, *found])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda document: document["paths"].pop("/ping"), ["/operations/GET /ping is gone"]),
        (lambda document: document["paths"]["/status"].pop("get"), ["/operations/GET /status is gone"]),
        (
            lambda document: document["components"]["schemas"]["ClipView"]["properties"].pop("trust"),
            ["/schemas/ClipView/properties/trust is gone"],
        ),
        (
            lambda document: document["components"]["schemas"]["NewClip"]["required"].append("encounter"),
            ["/schemas/NewClip needs encounter now"],
        ),
        (lambda document: document["components"]["schemas"]["ClipView"]["properties"].update(more={}), []),
    ],
)
def test_a_change_that_breaks_a_program_is_found(change: Any, found: list[str]) -> None:
    document = build_document(SUBJECTS)
    published = json.loads(json.dumps(promise_of(document)))
    change(document)
    assert list(broken(published, promise_of(document))) == found


def test_it_is_written_down_and_read_back_as_it_is() -> None:
    promise = promise_of(build_document(SUBJECTS))
    assert json.loads(text_of(promise)) == promise
