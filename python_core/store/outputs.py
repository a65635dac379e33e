"""Rows of structured outputs, the schemas they follow and the sources they cite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from python_core.store.connection import Connection
from python_core.store.forgettings import next_row
from python_core.store.tallies import add_to_tally


class SchemaRow(NamedTuple):
    """A JSON Schema under ``name/version``; it never changes."""

    name: str
    version: int
    body: dict[str, Any]
    at_ms: int


class SourceRow(NamedTuple):
    """What an output cites: ``seen`` is the item's mark at that time, so that a later change shows."""

    kind: str
    item: str
    seen: str


@dataclass(frozen=True)
class OutputRow:
    """A payload that was valid under ``schema`` (``name/version``) when it came."""

    id: str
    schema: str
    title: str | None
    producer: str | None
    client: str
    payload: Any
    at_ms: int
    document: int
    seq: int = 0
    sources: list[SourceRow] = field(default_factory=list)


_COLUMNS = "id, schema, title, producer, client, payload, at, document"


def add_schema(conn: Connection, schema: SchemaRow) -> None:
    """Add a schema."""
    conn.execute(
        "INSERT INTO output_schemas VALUES (?, ?, ?, ?)",
        (schema.name, schema.version, msgspec.json.encode(schema.body).decode(), schema.at_ms),
    )


def get_schema(conn: Connection, name: str, version: int) -> SchemaRow | None:
    """Return one schema."""
    row = conn.execute(
        "SELECT name, version, body, at FROM output_schemas WHERE name = ? AND version = ?", (name, version)
    ).fetchone()
    return _schema_of(row) if row else None


def list_schemas(conn: Connection, limit: int = -1, offset: int = 0) -> list[SchemaRow]:
    """Return the schemas by name and version, all of them or a part."""
    rows = conn.execute(
        "SELECT name, version, body, at FROM output_schemas ORDER BY name, version LIMIT ? OFFSET ?", (limit, offset)
    )
    return [_schema_of(row) for row in rows]


def _schema_of(row: tuple[Any, ...]) -> SchemaRow:
    return SchemaRow(row[0], row[1], msgspec.json.decode(row[2]), row[3])


def add_output(conn: Connection, output: OutputRow) -> None:
    """Add an output with its sources."""
    payload = msgspec.json.encode(output.payload).decode()
    conn.execute(
        f"INSERT INTO outputs(seq, {_COLUMNS}) VALUES ({next_row('output')}, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(output.id, output.schema, output.title, output.producer, output.client),
            *(payload, output.at_ms, output.document),
        ),
    )
    seq = conn.last_insert_rowid()
    conn.executemany(
        "INSERT INTO output_sources VALUES (?, ?, ?, ?, ?)",
        ((seq, ordinal, *source) for ordinal, source in enumerate(output.sources)),
    )
    add_to_tally(conn, "outputs", 1)


def get_output(conn: Connection, output_id: str) -> OutputRow | None:
    """Return one output with its sources."""
    row = conn.execute(f"SELECT {_COLUMNS}, seq FROM outputs WHERE id = ?", (output_id,)).fetchone()
    return _output_of(conn, row) if row else None


def get_output_in_row(conn: Connection, seq: int) -> OutputRow:
    """Return the output of a row that is there, with its sources."""
    row: Any = conn.execute(f"SELECT {_COLUMNS}, seq FROM outputs WHERE seq = ?", (seq,)).fetchone()
    return _output_of(conn, row)


def get_newest_output(conn: Connection) -> OutputRow | None:
    """Return the output that came last."""
    row = conn.execute(f"SELECT {_COLUMNS}, seq FROM outputs ORDER BY seq DESC LIMIT 1").fetchone()
    return _output_of(conn, row) if row else None


def list_outputs(
    conn: Connection, schema: str | None, producer: str | None, before: int | None, limit: int
) -> list[OutputRow]:
    """Return outputs, newest first, below row ``before``."""
    rows = conn.execute(
        f"SELECT {_COLUMNS}, seq FROM outputs WHERE seq < :before AND (:schema IS NULL OR schema = :schema) "
        "AND (:producer IS NULL OR producer = :producer) ORDER BY seq DESC LIMIT :limit",
        {
            "before": before if before is not None else 2**62,
            "schema": schema,
            "producer": producer,
            "limit": limit,
        },
    ).fetchall()
    return [_output_of(conn, row) for row in rows]


def remove_output(conn: Connection, output: OutputRow) -> None:
    """Remove an output and what it cites; its document is the caller's to remove."""
    conn.execute("DELETE FROM outputs WHERE seq = ?", (output.seq,))
    add_to_tally(conn, "outputs", -1)


def _output_of(conn: Connection, row: tuple[Any, ...]) -> OutputRow:
    sources = [
        SourceRow(*source)
        for source in conn.execute(
            "SELECT kind, item, seen FROM output_sources WHERE output = ? ORDER BY ordinal", (row[8],)
        )
    ]
    output_id, schema, title, producer, client, payload, at_ms, document, seq = row
    return OutputRow(
        output_id, schema, title, producer, client, msgspec.json.decode(payload), at_ms, document, seq, sources
    )
