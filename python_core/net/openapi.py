"""The OpenAPI 3.1 document of both servers: made from the routes' declarations alone, and the same at every call.

It tells neither version nor settings of the hub that serves it: it is read without a token.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, get_type_hints

from python_core.net.endpoints import Endpoint, RawReply, Routes
from python_core.net.examples import BODIES
from python_core.net.failures import STATUS_OF_CODE
from python_core.net.openapi_schemas import (
    PATH_PART,
    SCHEMAS,
    body_schema,
    component_schemas,
    path_parameters,
    query_parameters,
    reply_schemas,
    reply_words,
)
from python_core.net.openapi_texts import (
    ABOUT,
    ACCESS,
    ASKS_OWNER,
    BEARER,
    CODE_MEANINGS,
    HEADERS,
    PARAMETERS,
    READ_BY,
    SAME_USER,
    SERVERS,
    SIDE_EFFECT,
    TOLD_BY,
)
from python_core.runtime.clients import SCOPES
from python_core.runtime.status import API_VERSION

#: What every route can answer.
CODES_OF_ALL = (
    "bad_input",
    "misdirected",
    "forbidden_user",
    "forbidden_origin",
    "unauthorized",
    "rate_limited",
    "internal",
    "busy",
)


@dataclass
class _Listed:
    """An endpoint with the subject it is declared under and the servers that have it."""

    endpoint: Endpoint
    tag: str
    services: list[str]


def build_document(subjects: Mapping[str, Sequence[Routes]]) -> dict[str, Any]:
    """Build the document.

    :param subjects: the declarations of each server, by its name.
    """
    listed = _listed(subjects)
    endpoints = [each.endpoint for each in listed]
    failures: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for each in listed:
        item = paths.setdefault(PATH_PART.sub(r"{\2}", each.endpoint.path), {})
        if each.services != ["bridge"]:
            item["servers"] = [SERVERS[service] for service in each.services]
        item[each.endpoint.method.lower()] = _operation(each, failures)
    return {
        "openapi": "3.1.0",
        "info": {"title": "SmrtHub", "version": str(API_VERSION), "summary": ABOUT[0], "description": ABOUT[1]},
        "servers": [SERVERS["bridge"]],
        "tags": _tags(listed),
        "paths": paths,
        "components": {
            "schemas": component_schemas(endpoints, STATUS_OF_CODE),
            "responses": failures,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {"bearer": BEARER},
        },
        "x-scopes": SCOPES,
    }


def codes_of(endpoint: Endpoint) -> tuple[str, ...]:
    """List the error codes that an endpoint can answer, in the order of ``STATUS_OF_CODE``."""
    codes = {*CODES_OF_ALL, *endpoint.codes}
    if endpoint.scope is not None:
        codes.add("insufficient_scope")
    if endpoint.side_effect or endpoint.asks_owner:
        codes.add("confirmation_required")
    if endpoint.body is not None:
        codes |= {"too_large", "unsupported_media_type"}
    if "<" in endpoint.path or endpoint.setting is not None:
        codes.add("not_found")
    if endpoint.method != "GET":
        codes.add("storage_full")
    return tuple(code for code in STATUS_OF_CODE if code in codes)


def _listed(subjects: Mapping[str, Sequence[Routes]]) -> list[_Listed]:
    listed: dict[tuple[str, str], _Listed] = {}
    for service, declared in subjects.items():
        for routes in declared:
            for endpoint in routes.endpoints:
                key = endpoint.method, endpoint.path
                listed.setdefault(key, _Listed(endpoint, routes.tag, [])).services.append(service)
    return list(listed.values())


def _tags(listed: list[_Listed]) -> list[dict[str, str]]:
    """Name the subjects in their order, each with the first lines of its modules."""
    words: dict[str, list[str]] = {}
    for each in listed:
        module = sys.modules[each.endpoint.handler.__module__].__doc__ or ""
        line = module.partition("\n")[0].replace("``", "`")
        if line not in words.setdefault(each.tag, []):
            words[each.tag].append(line)
    return [{"name": tag, "description": " ".join(lines)} for tag, lines in words.items()]


def _operation(each: _Listed, failures: dict[str, Any]) -> dict[str, Any]:
    endpoint = each.endpoint
    summary, _, more = inspect.cleandoc(endpoint.handler.__doc__ or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [each.tag],
        "summary": summary.replace("``", ""),  # plain text, unlike the description
        "description": "\n\n".join(part for part in (more.strip().replace("``", "`"), _who(endpoint)) if part),
        "security": _security(endpoint),
        "x-access": endpoint.access,
    }
    if endpoint.scope is not None:
        operation["x-scope"] = endpoint.scope
    if parameters := _parameters(endpoint):
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = _request_body(endpoint)
    operation["responses"] = _responses(endpoint, failures)
    return operation if endpoint.deprecated is None else endpoint.deprecated.mark(operation)


def _who(endpoint: Endpoint) -> str:
    """Say who may call, and what the route takes to be there at all."""
    if endpoint.scope is None:
        needs = "No token is needed."
    elif endpoint.anonymous:
        needs = f"No token is needed; one must allow `{endpoint.scope}`."
    else:
        needs = f"Scope: `{endpoint.scope}`."
    more = f" There only while the setting `{_camel(endpoint.setting)}` is on." if endpoint.setting else ""
    more += SIDE_EFFECT if endpoint.side_effect else ""
    more += ASKS_OWNER if endpoint.asks_owner else ""
    more += SAME_USER if endpoint.same_user else ""
    return f"{needs} {ACCESS[endpoint.access]}{more}"


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    needed = [{"bearer": [endpoint.scope]}] if endpoint.scope is not None else []
    return [{}, *needed] if needed and endpoint.anonymous else needed


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    parameters = path_parameters(endpoint)
    if endpoint.query is not None:
        parameters += query_parameters(endpoint.query)
    return parameters + [{"$ref": f"#/components/parameters/{name}"} for name in READ_BY.get(endpoint.name, ())]


def _request_body(endpoint: Endpoint) -> dict[str, Any]:
    assert endpoint.body is not None
    limit = endpoint.body_limit
    media: dict[str, Any] = {"schema": body_schema(endpoint.body)}
    if endpoint.name in BODIES:
        media["example"] = BODIES[endpoint.name]
    words = f"{limit:,} bytes" if isinstance(limit, int) else f"the setting `{_camel(limit)}`"
    return {"description": f"At most {words}.", "required": True, "content": {"application/json": media}}


def _responses(endpoint: Endpoint, failures: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in codes_of(endpoint):
        by_status.setdefault(STATUS_OF_CODE[code], []).append(code)
    responses: dict[str, Any] = {}
    for status in sorted({*endpoint.replies, *by_status}):
        codes = by_status.get(status, [])
        if status in endpoint.replies:
            responses[str(status)] = _reply(endpoint, status, codes)
        else:
            name = ".".join(codes)
            failures[name] = _failure(codes)
            responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return responses


def _reply(endpoint: Endpoint, status: int, codes: list[str]) -> dict[str, Any]:
    """Describe an answer of a handler; ``codes`` are errors that have the same status."""
    declared = endpoint.replies[status]
    headers = _headers(status, [endpoint.name, *codes])
    if declared is None:
        is_raw = get_type_hints(endpoint.handler)["return"] is RawReply and status == HTTPStatus.OK
        content: dict[str, Any] = {kind: {} for kind in endpoint.produces} if is_raw else {}
        answer = {"description": HTTPStatus(status).phrase, "headers": headers}
        return answer | ({"content": content} if content else {})
    schemas = reply_schemas(declared) + ([{"$ref": f"{SCHEMAS}Error"}] if codes else [])
    words = reply_words(declared) + (f" Or: {_failure(codes)['description']}" if codes else "")
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    content = {"application/json": {"schema": schema}}
    if endpoint.streams is not None and status == HTTPStatus.OK:
        content[endpoint.streams] = {"schema": {"type": "string"}}
    return {"description": words, "headers": headers, "content": content}


def _failure(codes: list[str]) -> dict[str, Any]:
    return {
        "description": " ".join(f"`{code}`: {CODE_MEANINGS[code]}" for code in codes),
        "headers": _headers(STATUS_OF_CODE[codes[0]], codes),
        "content": {"application/json": {"schema": {"$ref": f"{SCHEMAS}Error"}}},
        "x-error-codes": codes,
    }


def _headers(status: int, tellers: list[str]) -> dict[str, Any]:
    """Refer to the headers that every answer bears, and to those of the handler and codes that answer this status."""
    names = ["X-SmrtHub-Service", "X-Trace-Id", *(name for each in tellers for name in TOLD_BY.get((each, status), ()))]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
