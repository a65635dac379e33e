"""The durable queue of trigger runs: claimed for a time, so that a killed worker's run comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from python_core.store.connection import Connection

#: A run whose worker died this often is failed: it may be what kills them.
ATTEMPTS_AT_MOST = 3


@dataclass(frozen=True)
class RunRow:
    """One run of a trigger; ``state`` is queued, running, succeeded, failed or cancelled."""

    id: str
    trigger: str
    args: dict[str, Any]
    client: str
    trace_id: str
    state: str
    queued_at_ms: int
    started_at_ms: int | None = None
    finished_at_ms: int | None = None
    lease_until_ms: int | None = None
    attempts: int = 0
    result: dict[str, Any] | None = None
    error: str | None = None
    seq: int = 0


_COLUMNS = (
    "id, trigger, args, client, trace_id, state, queued_at, started_at, finished_at, lease_until, attempts, result, "
    "error, seq"
)


def add_run(conn: Connection, run: RunRow) -> None:
    """Queue a run."""
    conn.execute(
        "INSERT INTO runs(id, trigger, args, client, trace_id, state, queued_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run.id, run.trigger, _text(run.args), run.client, run.trace_id, run.state, run.queued_at_ms),
    )


def get_run(conn: Connection, run_id: str) -> RunRow | None:
    """Return one run."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (run_id,)).fetchone()
    return _run_of(row) if row else None


def list_runs(conn: Connection, before: int | None, limit: int) -> list[RunRow]:
    """Return runs, newest first, below row ``before``."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        (before if before is not None else 2**62, limit),
    )
    return [_run_of(row) for row in rows]


def has_unfinished_run(conn: Connection) -> bool:
    """Say whether a run is queued or running, whoever has it."""
    return conn.execute("SELECT 1 FROM runs WHERE state IN ('queued', 'running') LIMIT 1").fetchone() is not None


def has_waiting_run(conn: Connection, now_ms: int, lease_until_ms: int) -> bool:
    """Say whether there is a run to take: queued, or running with a lease that has ended.

    A lease that goes on for longer than any that begins now is from before the clock was set back: it counts for nothing.
    """
    return _next_run(conn, now_ms, lease_until_ms) is not None


def take_run(conn: Connection, now_ms: int, lease_until_ms: int) -> RunRow | None:
    """Claim the run that waits longest; None when there is none. It belongs to the caller until the lease ends."""
    row = _next_run(conn, now_ms, lease_until_ms)
    if row is None:
        return None
    conn.execute(
        "UPDATE runs SET state = 'running', started_at = ?, lease_until = ?, attempts = attempts + 1 WHERE seq = ?",
        (now_ms, lease_until_ms, row[13]),
    )
    return get_run(conn, row[0])


def _next_run(conn: Connection, now_ms: int, lease_until_ms: int) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = conn.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE state IN ('queued', 'running') "
        "AND (state = 'queued' OR lease_until NOT BETWEEN ? AND ?) ORDER BY seq LIMIT 1",
        (now_ms, lease_until_ms),
    ).fetchone()
    return row


def set_run_finished(
    conn: Connection, run: RunRow, state: str, now_ms: int, result: dict[str, Any] | None, error: str | None
) -> bool:
    """End a run if the caller still holds it (same attempt, not cancelled); say whether it did."""
    conn.execute(
        "UPDATE runs SET state = ?, finished_at = ?, result = ?, error = ?, lease_until = NULL "
        "WHERE seq = ? AND state = 'running' AND attempts = ?",
        (state, now_ms, _text(result) if result is not None else None, error, run.seq, run.attempts),
    )
    return conn.changes() == 1


def set_run_cancelled(conn: Connection, run_id: str, now_ms: int) -> bool:
    """Cancel a run that has not ended; say whether it was so."""
    conn.execute(
        "UPDATE runs SET state = 'cancelled', finished_at = ?, lease_until = NULL "
        "WHERE id = ? AND state IN ('queued', 'running')",
        (now_ms, run_id),
    )
    return conn.changes() == 1


def list_queued_of(conn: Connection, client: str) -> list[tuple[str, str]]:
    """Return id and trigger of the runs of a client that nobody has begun."""
    rows: list[Any] = conn.execute(
        "SELECT id, trigger FROM runs WHERE state = 'queued' AND client = ? ORDER BY seq", (client,)
    ).fetchall()
    return rows


def count_unfinished_runs(conn: Connection) -> dict[str, int]:
    """Return ``{"queued": n, "running": n}``."""
    rows: list[Any] = conn.execute(
        "SELECT state, count(*) FROM runs WHERE state IN ('queued', 'running') GROUP BY state"
    ).fetchall()
    return {"queued": 0, "running": 0} | dict(rows)


def _run_of(row: tuple[Any, ...]) -> RunRow:
    run_id, trigger, args, client, trace_id, state, queued, started, finished, lease, attempts, result, error, seq = row
    return RunRow(
        run_id,
        trigger,
        msgspec.json.decode(args),
        client,
        trace_id,
        state,
        queued,
        started,
        finished,
        lease,
        attempts,
        msgspec.json.decode(result) if result else None,
        error,
        seq,
    )


def _text(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
