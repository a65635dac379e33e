"""Whether a word stands in anything that was captured: what must never get into a bundle is looked up here."""

from __future__ import annotations

import re

import apsw

from python_core.store.connection import Connection

#: Rows of each table, the newest, whose texts outside of the search index are read.
ROWS_READ = 50_000
#: Texts of people and programs that the search index does not hold, or not as words.
_ASIDE = {
    "clips": "app, window_title, url, site, title",
    "visits": "url, site, title, browser",
    "outputs": "title, producer, schema",
    "runs": "args, result, error",
    "hub_commands": "args",
    "indicators": "name, text",
    "clients": "name, origin",
    "pairings": "name, origin",
    "confirmations": "asked",
    "output_schemas": "name, body",
    "forgettings": "ids, site",
}
_WITHOUT_SEQ = frozenset({"hub_commands", "indicators", "clients", "pairings", "confirmations", "output_schemas"})
_WORD = re.compile(r"[^\W_]+")


def words_aside(conn: Connection) -> set[str]:
    """Return, in lower case, the words of captured texts that the search index does not hold."""
    queries = [f"SELECT {columns} FROM {table}{_newest_first(table)}" for table, columns in _ASIDE.items()]
    queries.append("SELECT title, body FROM documents WHERE seq > (SELECT upto FROM indexed) ORDER BY seq DESC")
    found = set[str]()
    for sql in queries:
        for row in conn.execute(f"{sql} LIMIT {ROWS_READ}"):
            for text in row:
                if isinstance(text, str):
                    found.update(map(str.casefold, _WORD.findall(text)))
    return found


def is_indexed(conn: Connection, word: str) -> bool:
    """Say whether a word, of letters and digits alone, stands in the search index, or may: where a damaged page hides it."""
    sql = "SELECT 1 FROM documents_index WHERE documents_index MATCH ? LIMIT 1"
    try:
        return conn.execute(sql, (f'"{word}"',)).fetchone() is not None
    except apsw.Error:
        return True


def _newest_first(table: str) -> str:
    return "" if table in _WITHOUT_SEQ else " ORDER BY seq DESC"
