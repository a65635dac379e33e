"""``/structured-output``: payloads that fit a schema and cite their sources."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import output_schemas, structured_output
from python_core.runtime.output_schemas import SchemaList, SchemaView
from python_core.runtime.shapes import PAGE_DEFAULT, Cursor, Done, Limit, Query
from python_core.runtime.structured_output import NewOutput, OutputPage, OutputReceipt, OutputRefusal, OutputView

routes = Routes("Structured output")


class OutputQuery(Query, frozen=True, kw_only=True):
    """Which outputs: each parameter narrows the list."""

    schema: Annotated[str, msgspec.Meta(max_length=80, description="Of this schema, as name/version.")] | None = None
    producer: Annotated[str, msgspec.Meta(max_length=200, description="Made by this producer.")] | None = None
    limit: Limit = PAGE_DEFAULT
    cursor: Cursor | None = None


class SchemaQuery(Query, frozen=True, kw_only=True):
    """Which page of the schemas."""

    limit: Limit = PAGE_DEFAULT
    cursor: Cursor | None = None


@routes.declare("GET", "/structured-output/schemas", scope="output:read", query=SchemaQuery, replies={200: SchemaList})
def get_output_schemas(call: Call, query: SchemaQuery) -> Reply:
    """List the schemas: the ones that ship with the hub, then the users' own by name and version."""
    return Reply(output_schemas.list_schemas(call.hub, query.limit, query.cursor))


@routes.declare(
    "PUT",
    "/structured-output/schemas/<name>/<int:version>",
    scope="output:write",
    body=dict[str, Any],
    replies={201: SchemaView, 200: SchemaView},
    codes=("conflict", "storage_full"),
)
def put_output_schema(call: Call, name: str, version: int, body: dict[str, Any]) -> Reply:
    """Keep a JSON Schema 2020-12 under a name and version, for good: the same body again is 200, another 409."""
    schema, made = output_schemas.put_schema(call.hub, name, version, body)
    return Reply(schema, 201 if made else 200)


@routes.declare(
    "POST",
    "/structured-output",
    scope="output:write",
    body=NewOutput,
    body_limit="max_output_bytes",
    replies={201: OutputReceipt, 200: OutputReceipt | OutputRefusal},
    codes=("storage_full",),
)
def post_structured_output(call: Call, body: NewOutput) -> Reply:
    """Store a payload that fits its schema and whose sources are stored. 200 with ``"stored": false`` for what a rule keeps out.

    Event: ``output_added``.
    """
    receipt = structured_output.put_output(call.hub, call.caller, body, call.key())
    made = isinstance(receipt, OutputReceipt) and not receipt.duplicate
    return Reply(receipt, 201 if made else 200)


@routes.declare("GET", "/structured-output", scope="output:read", query=OutputQuery, replies={200: OutputPage})
def get_structured_outputs(call: Call, query: OutputQuery) -> Reply:
    """List outputs, newest first, without their payloads."""
    page = structured_output.list_outputs(call.hub, query.schema, query.producer, query.limit, query.cursor)
    call.note_reads(*(output.id for output in page.items))
    return Reply(page)


@routes.declare(
    "GET", "/structured-output/<output_id>", scope="output:read", replies={200: OutputView}, codes=("not_found",)
)
def get_structured_output(call: Call, output_id: str) -> Reply:
    """Show one output with its payload and, for each source, whether it is present, changed or forgotten."""
    output = structured_output.get_output(call.hub, output_id)
    call.note_reads(output.id)
    return Reply(output)


@routes.declare(
    "DELETE", "/structured-output/<output_id>", scope="output:write", replies={200: Done}, codes=("not_found",)
)
def delete_structured_output(call: Call, output_id: str) -> Reply:
    """Remove an output with all that the hub holds of it, as ``POST /forget`` does. Event: ``output_removed``."""
    structured_output.remove_output(call.hub, call.caller, output_id)
    return Reply(Done())
