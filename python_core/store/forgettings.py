"""Rows of forgettings: what is to go while it goes, and the receipt afterwards; what one takes is said here alone, in SQL.

A forgetting is a row before it is anything else. From that transaction on nobody who reads sees what it takes
(``hide_forgotten``), while the rows go in pieces; after a crash the row says what is left to do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from python_core.store.connection import Connection
from python_core.store.events import list_forgotten_since
from python_core.utils.learned_types import learned


class Taken(msgspec.Struct, kw_only=True, rename="camel"):
    """What has gone so far: numbers and ids. ``readers`` is ``{client: [items, times, last_at_ms]}``.

    ``is_loose``: there are so many that the search index is written anew, ``is_merging``: that has begun. ``page`` is where the
    overwriting of slack goes on.
    """

    counts: dict[str, int] = {}
    items: list[tuple[str, str]] = []
    outputs_marked: list[str] = []
    readers: dict[str, list[int]] = {}
    copies: dict[str, str] = {}
    is_loose: bool = False
    is_merging: bool = False
    page: int = 0


class Span(NamedTuple):
    """A span of time: what came within it may hold a piece of what is forgotten."""

    from_ms: int
    to_ms: int


class ForgettingRow(NamedTuple):
    """One forgetting; ``state`` is removing (rows go), securing (blobs and copies), overwriting (what rows left) or done.

    From overwriting on it is not said any more what was wanted: a site's name is what the user wants gone.
    ``ids``, ``site``, ``from_ms`` and ``to_ms`` narrow it, where they are given; a kind whose ``upto`` row is 0 is not taken.
    """

    seq: int
    id: str
    at_ms: int
    cause: str
    client: str
    trace_id: str
    state: str
    ids: list[str] | None
    site: str | None
    from_ms: int | None
    to_ms: int | None
    clips_upto: int
    visits_upto: int
    outputs_upto: int
    spares_cited: bool
    oldest_ms: int | None
    finished_ms: int | None
    gone: Taken
    detail: str


_COLUMNS = (
    "seq, id, at, cause, client, trace_id, state, ids, site, from_at, to_at, clips_upto, visits_upto, outputs_upto, "
    "spares_cited, oldest_at, finished_at, gone, detail"
)
KINDS = ("clip", "visit", "output")
_TABLES = {"clip": "clips", "visit": "visits", "output": "outputs"}
#: The times of an item: one of them in the span, or for a visit a part of it. To retention a visit is as old as it was last seen.
_WITHIN = {
    "clip": "(x.captured_at BETWEEN f.from_at AND f.to_at OR x.received_at BETWEEN f.from_at AND f.to_at)",
    "visit": "(iif(f.cause = 'retention', x.last_seen_at, x.started_at) <= f.to_at AND x.last_seen_at >= f.from_at)",
    "output": "x.at BETWEEN f.from_at AND f.to_at",
}
_OLDEST = {"clip": "min(x.captured_at, x.received_at)", "visit": "x.started_at", "output": "x.at"}
_ON_SITE = "(f.site IS NULL OR x.site = f.site OR substr(x.site, -length(f.site) - 1) = '.' || f.site)"


#: SQLite takes a partial index where its condition is said too: else each row that is shown costs a look at every receipt.
_GOING = "f.state <> 'done' AND f.state = 'removing'"


def _takes(kind: str) -> str:
    """Return the condition under which forgetting ``f`` takes row ``x`` of a kind."""
    site = _ON_SITE if kind != "output" else "f.site IS NULL"
    return f"""x.seq <= f.{_TABLES[kind]}_upto
        AND (f.ids IS NULL OR x.id IN (SELECT value FROM json_each(f.ids)))
        AND {site} AND (f.from_at IS NULL OR {_WITHIN[kind]})
        AND (NOT f.spares_cited OR NOT EXISTS (SELECT 1 FROM main.output_sources s WHERE s.item = x.id))"""


def hide_forgotten(conn: Connection) -> None:
    """Have this connection, which only reads, see nothing that a forgetting under way takes.

    Views of the connection's own stand before the tables, so that no query can leave it out. While nothing is being
    forgotten that costs one look into an empty index a row.
    """
    for kind, table in _TABLES.items():
        conn.execute(
            f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} x WHERE NOT EXISTS "
            f"(SELECT 1 FROM main.forgettings f WHERE {_GOING} AND {_takes(kind)})"
        )
    taken = " OR ".join(
        f"(d.kind = '{kind}' AND EXISTS (SELECT 1 FROM main.{table} x WHERE x.id = d.item AND {_takes(kind)}))"
        for kind, table in _TABLES.items()
    )
    conn.execute(
        "CREATE TEMP VIEW documents AS SELECT * FROM main.documents d WHERE NOT EXISTS "
        f"(SELECT 1 FROM main.forgettings f WHERE {_GOING} AND ({taken}))"
    )


def next_row(kind: str) -> str:
    """Return, in SQL, the number of the next row of a kind.

    SQLite gives the highest row's number away again once that row has gone: what comes meanwhile would count as older.
    """
    table = _TABLES[kind]
    return (
        f"(SELECT 1 + max(coalesce((SELECT max(seq) FROM {table}), 0), "
        f"coalesce((SELECT max({table}_upto) FROM forgettings WHERE state <> 'done'), 0)))"
    )


def is_going(conn: Connection, kind: str, seq: int) -> bool:
    """Say whether a forgetting under way takes a row that is still there."""
    sql = f"SELECT 1 FROM main.forgettings f, main.{_TABLES[kind]} x WHERE {_GOING} AND x.seq = ? AND {_takes(kind)}"
    return conn.execute(sql, (seq,)).fetchone() is not None


def add_forgetting(conn: Connection, row: ForgettingRow) -> ForgettingRow:
    """Add a forgetting and return it with its row number; its ``upto`` rows are the newest where they are above 0."""
    newest = dict[str, int]()
    for kind, upto in zip(KINDS, (row.clips_upto, row.visits_upto, row.outputs_upto), strict=True):
        last: Any = conn.execute(f"SELECT coalesce(max(seq), 0) FROM {_TABLES[kind]}").fetchone()
        newest[kind] = min(upto, last[0])
    row = row._replace(clips_upto=newest["clip"], visits_upto=newest["visit"], outputs_upto=newest["output"])
    conn.execute(f"INSERT INTO forgettings({_COLUMNS}) VALUES (NULL{', ?' * 18})", _values_of(row)[1:])
    return row._replace(seq=conn.last_insert_rowid())


def set_forgetting(conn: Connection, row: ForgettingRow) -> None:
    """Write down how far a forgetting is."""
    conn.execute(
        "UPDATE forgettings SET state = ?, oldest_at = ?, finished_at = ?, gone = ?, detail = ? WHERE seq = ?",
        (row.state, row.oldest_ms, row.finished_ms, msgspec.json.encode(row.gone).decode(), row.detail, row.seq),
    )


def clear_wanted(conn: Connection, row: ForgettingRow) -> None:
    """Go on to overwriting, without what was asked for."""
    set_forgetting(conn, row._replace(state="overwriting"))
    conn.execute("UPDATE forgettings SET site = NULL, ids = NULL WHERE seq = ?", (row.seq,))


def get_forgetting(conn: Connection, forgetting_id: str) -> ForgettingRow | None:
    """Return one forgetting."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM forgettings WHERE id = ?", (forgetting_id,)).fetchone()
    return _row_of(row) if row else None


def list_unfinished(conn: Connection) -> list[ForgettingRow]:
    """Return the forgettings that are not done, oldest first."""
    # Not by rows, which would look at every receipt.
    rows = conn.execute(f"SELECT {_COLUMNS} FROM forgettings WHERE state <> 'done' ORDER BY +seq").fetchall()
    return [_row_of(row) for row in rows]


def list_forgettings(conn: Connection, before: int | None, limit: int) -> list[ForgettingRow]:
    """Return forgettings, newest first, below row ``before``."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM forgettings WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        (before if before is not None else 2**62, limit),
    ).fetchall()
    return [_row_of(row) for row in rows]


def asides_of(row: ForgettingRow, oldest_ms: int | None) -> Span | None:
    """Return from when to when what ran or was shown may hold a piece of what a forgetting takes.

    That is all since the oldest of it came. Retention is about age: it takes what is as old as the items, and nothing by count.
    """
    if oldest_ms is None:
        return None
    if row.cause != "retention":
        return Span(oldest_ms, 2**62)
    return None if row.to_ms is None else Span(oldest_ms, row.to_ms)


def list_forgotten_ids(conn: Connection) -> set[str]:
    """Return the ids of what was forgotten, as far as the receipts, which name 1,000 each, and the event log still know them."""
    named = conn.execute("SELECT item.value ->> 1 FROM forgettings f, json_each(f.gone, '$.items') item")
    return {item for (item,) in named} | list_forgotten_since(conn, 0)


def get_last_beyond(conn: Connection, kind: str, keeps: int) -> int:
    """Return the newest row of a kind that is not among the ``keeps`` newest; 0 when all are."""
    sql = f"SELECT seq FROM {_TABLES[kind]} ORDER BY seq DESC LIMIT 1 OFFSET ?"
    row: Any = conn.execute(sql, (keeps,)).fetchone()
    return row[0] if row else 0


def list_taken(conn: Connection, row: ForgettingRow, kind: str, after: int, limit: int) -> list[int]:
    """Return rows of a kind that a forgetting takes, above row ``after``, oldest first; it need not be stored itself."""
    sql = f"{_from(row, kind)} WHERE {_takes(kind)} AND x.seq > ? ORDER BY x.seq LIMIT ?"
    return [seq for (seq,) in conn.execute(f"WITH {_ROW} SELECT x.seq FROM {sql}", (*_values_of(row), after, limit))]


def count_taken(conn: Connection, row: ForgettingRow) -> tuple[dict[str, int], int | None, int | None]:
    """Return how many rows of each kind a forgetting takes, and the times of the oldest and the newest of them."""
    counts, times = dict[str, int](), list[int]()
    for kind, table in _TABLES.items():
        told = f"count(*), min({_OLDEST[kind]}), max({_OLDEST[kind]})"
        found: Any = conn.execute(
            f"WITH {_ROW} SELECT {told} FROM {_from(row, kind)} WHERE {_takes(kind)}", _values_of(row)
        ).fetchone()
        counts[table] = found[0]
        times += [at_ms for at_ms in found[1:] if at_ms is not None]
    return counts, min(times, default=None), max(times, default=None)


_ROW = f"f({_COLUMNS}) AS (VALUES (?{', ?' * 18}))"


def _from(row: ForgettingRow, kind: str) -> str:
    """Return the tables to look through: from the few ids to their rows, else all rows of the kind."""
    table = f"main.{_TABLES[kind]} x"
    if row.ids is None:
        return f"f CROSS JOIN {table}"
    return f"f CROSS JOIN (SELECT DISTINCT value FROM f, json_each(f.ids)) w CROSS JOIN {table} ON x.id = w.value"


def _values_of(row: ForgettingRow) -> tuple[Any, ...]:
    ids = None if row.ids is None else msgspec.json.encode(row.ids).decode()
    return (*row[:7], ids, *row[8:17], msgspec.json.encode(row.gone).decode(), row.detail)


def _row_of(row: tuple[Any, ...]) -> ForgettingRow:
    values = list(row)
    values[7] = None if row[7] is None else msgspec.json.decode(row[7])
    values[14] = bool(row[14])
    values[17] = msgspec.json.decode(row[17], type=learned(Taken))
    return ForgettingRow._make(values)
