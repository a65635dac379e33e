"""The SQL of each schema step, in order; ``schema`` runs them.

Times are milliseconds since 1970 UTC, ids UUIDv7 text, ``seq`` the order of arrival. ``document`` is the row of the item in
the search index, kept beside it so that no index over ids is needed. ``tallies`` keeps the counts that ``/status`` shows:
counting a million rows would take longer than the whole answer may. ``blob_bytes`` among them is kept by triggers, since rows of
fragments go with their clips, whoever removes those.
"""

from __future__ import annotations

_FOUNDATION = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE tallies(kind TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO tallies VALUES ('clips', 0), ('visits', 0), ('outputs', 0);

CREATE TABLE clients(
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, secret_hash BLOB NOT NULL, scopes TEXT NOT NULL,
    origin TEXT, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER, trusted INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE pairings(
    user_code TEXT PRIMARY KEY, device_hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL,
    scopes TEXT NOT NULL, origin TEXT, state TEXT NOT NULL, asked_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    polled_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reads(
    item TEXT NOT NULL, client TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (item, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE outcomes(
    day TEXT NOT NULL, service TEXT NOT NULL, code TEXT NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (day, service, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE confirmations(
    id TEXT PRIMARY KEY, client TEXT NOT NULL, digest TEXT NOT NULL, operation TEXT NOT NULL, asked TEXT NOT NULL,
    state TEXT NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events(
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL,
    trace_id TEXT NOT NULL, data TEXT NOT NULL
) STRICT;

CREATE TABLE answered(
    client TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, item TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (client, kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_by_time ON answered(at);

CREATE TABLE visits(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, client TEXT NOT NULL, tab TEXT NOT NULL, browser TEXT,
    url TEXT NOT NULL, site TEXT NOT NULL, title TEXT NOT NULL, started_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,
    closed_at INTEGER, document INTEGER NOT NULL
) STRICT;
CREATE INDEX visits_by_tab ON visits(client, tab);

CREATE TABLE sightings(
    seq INTEGER PRIMARY KEY, client TEXT NOT NULL, browser TEXT, visit INTEGER REFERENCES visits(seq) ON DELETE SET NULL,
    at INTEGER NOT NULL, until INTEGER NOT NULL, focused INTEGER
) STRICT;
CREATE INDEX sightings_by_browser ON sightings(client, browser, at);
CREATE INDEX sightings_by_time ON sightings(at);
CREATE INDEX sightings_by_visit ON sightings(visit);

CREATE TABLE clips(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, client TEXT NOT NULL, captured_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL, fingerprint INTEGER NOT NULL, app TEXT, window_title TEXT, url TEXT, site TEXT,
    title TEXT, visit TEXT, confidence REAL, evidence TEXT NOT NULL, document INTEGER NOT NULL
) STRICT;
CREATE INDEX clips_by_fingerprint ON clips(fingerprint);

CREATE TABLE fragments(
    clip INTEGER NOT NULL REFERENCES clips(seq) ON DELETE CASCADE, ordinal INTEGER NOT NULL, type TEXT NOT NULL,
    mime TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL, content BLOB, text_likely INTEGER,
    type_id TEXT, type_group TEXT, type_confidence REAL, type_extension TEXT, PRIMARY KEY (clip, ordinal)
) STRICT;
CREATE INDEX fragments_in_blobs ON fragments(digest) WHERE content IS NULL;
CREATE TABLE doomed_blobs(digest TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE documents(
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, item TEXT NOT NULL, at INTEGER NOT NULL, site TEXT, app TEXT,
    title TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE documents_index USING fts5(
    title, body, content='documents', content_rowid='seq', tokenize="unicode61 remove_diacritics 2"
);
INSERT INTO documents_index(documents_index, rank) VALUES ('secure-delete', 1), ('automerge', 16);

CREATE TABLE runs(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, trigger TEXT NOT NULL, args TEXT NOT NULL, client TEXT NOT NULL,
    trace_id TEXT NOT NULL, state TEXT NOT NULL, queued_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER,
    lease_until INTEGER, attempts INTEGER NOT NULL DEFAULT 0, result TEXT, error TEXT
) STRICT;
CREATE INDEX runs_unfinished ON runs(seq) WHERE state IN ('queued', 'running');

CREATE TABLE hub_window(
    one INTEGER PRIMARY KEY CHECK (one = 1), visible INTEGER NOT NULL, pinned INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
INSERT INTO hub_window VALUES (1, 0, 0, 0);
CREATE TABLE indicators(
    name TEXT PRIMARY KEY, level TEXT NOT NULL, text TEXT NOT NULL, confidence INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE hub_commands(
    id TEXT PRIMARY KEY, command TEXT NOT NULL, args TEXT NOT NULL, at INTEGER NOT NULL, acked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE output_schemas(
    name TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE outputs(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, schema TEXT NOT NULL, title TEXT, producer TEXT, client TEXT NOT NULL,
    payload TEXT NOT NULL, at INTEGER NOT NULL, document INTEGER NOT NULL
) STRICT;
CREATE TABLE output_sources(
    output INTEGER NOT NULL REFERENCES outputs(seq) ON DELETE CASCADE, ordinal INTEGER NOT NULL, kind TEXT NOT NULL,
    item TEXT NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (output, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE beats(
    module TEXT PRIMARY KEY, pid INTEGER NOT NULL, interval_s INTEGER NOT NULL, level TEXT NOT NULL, detail TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

_KEEPING = """
CREATE TABLE indexed(one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER NOT NULL) STRICT;
INSERT INTO indexed VALUES (1, 0);
DROP TABLE documents_index;
CREATE TABLE document_terms(seq INTEGER PRIMARY KEY, terms TEXT NOT NULL) STRICT;
CREATE TABLE document_places(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, fold INTEGER NOT NULL) STRICT;
CREATE INDEX document_places_by_time ON document_places(at);
CREATE TABLE document_days(day INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
CREATE VIEW searched AS
    SELECT d.seq, d.title, d.body, t.terms, substr(d.title, 1, 120) || char(10) || substr(d.body, 1, 200) AS head
    FROM document_terms t JOIN documents d ON d.seq = t.seq;
CREATE VIRTUAL TABLE documents_index USING fts5(
    title, body, terms, content='searched', content_rowid='seq', tokenize="unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE documents_pieces USING fts5(
    head, content='searched', content_rowid='seq', detail=none, columnsize=0, tokenize="trigram remove_diacritics 1"
);
INSERT INTO documents_index(documents_index, rank) VALUES ('secure-delete', 1), ('automerge', 16);
INSERT INTO documents_pieces(documents_pieces, rank) VALUES ('secure-delete', 1), ('automerge', 16);

ALTER TABLE clients ADD COLUMN last_used_at INTEGER;

CREATE TABLE pauses(
    seq INTEGER PRIMARY KEY, begun_at INTEGER NOT NULL, until INTEGER, is_over INTEGER NOT NULL
) STRICT;

CREATE TABLE marks(item TEXT NOT NULL, rule TEXT NOT NULL, PRIMARY KEY (item, rule)) STRICT, WITHOUT ROWID;
CREATE TRIGGER clip_unmarked AFTER DELETE ON clips BEGIN DELETE FROM marks WHERE item = OLD.id; END;
CREATE TRIGGER visit_unmarked AFTER DELETE ON visits BEGIN DELETE FROM marks WHERE item = OLD.id; END;
CREATE TRIGGER output_unmarked AFTER DELETE ON outputs BEGIN DELETE FROM marks WHERE item = OLD.id; END;

CREATE TABLE bells(port INTEGER PRIMARY KEY, secret BLOB NOT NULL, until INTEGER NOT NULL) STRICT;

CREATE INDEX events_of_access ON events(id) WHERE kind IN
    ('client_paired', 'client_rotated', 'client_trusted', 'client_revoked');

INSERT INTO tallies SELECT 'blob_bytes', coalesce(sum(bytes), 0)
    FROM (SELECT DISTINCT digest, bytes FROM fragments WHERE content IS NULL);
CREATE TRIGGER blob_named AFTER INSERT ON fragments WHEN NEW.content IS NULL AND NOT EXISTS
    (SELECT 1 FROM fragments WHERE digest = NEW.digest AND content IS NULL AND rowid <> NEW.rowid)
    BEGIN UPDATE tallies SET n = n + NEW.bytes WHERE kind = 'blob_bytes'; END;
CREATE TRIGGER blob_unnamed AFTER DELETE ON fragments WHEN OLD.content IS NULL AND NOT EXISTS
    (SELECT 1 FROM fragments WHERE digest = OLD.digest AND content IS NULL)
    BEGIN UPDATE tallies SET n = n - OLD.bytes WHERE kind = 'blob_bytes'; END;
"""

#: A forgetting's ``upto`` columns are the newest row of each kind that it takes, 0 for a kind that it does not.
_FORGETTING = """
CREATE TABLE forgettings(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, cause TEXT NOT NULL, client TEXT NOT NULL,
    trace_id TEXT NOT NULL, state TEXT NOT NULL, ids TEXT, site TEXT, from_at INTEGER, to_at INTEGER,
    clips_upto INTEGER NOT NULL, visits_upto INTEGER NOT NULL, outputs_upto INTEGER NOT NULL,
    spares_cited INTEGER NOT NULL, oldest_at INTEGER, finished_at INTEGER,
    gone TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX forgettings_unfinished ON forgettings(state, seq) WHERE state <> 'done';
ALTER TABLE answered ADD COLUMN forgotten_at INTEGER;
CREATE INDEX answered_by_item ON answered(item);
CREATE INDEX clips_by_visit ON clips(visit) WHERE visit IS NOT NULL;
CREATE INDEX outputs_by_source ON output_sources(item);
ALTER TABLE indicators ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
"""

#: ``pairs_from``: documents of the index from this row on have their pairs in it; those before get them when the hub is idle.
_PAIRS = """
CREATE VIRTUAL TABLE documents_pairs USING fts5(pairs, content='', detail=none, columnsize=0, tokenize="ascii");
INSERT INTO documents_pairs(documents_pairs, rank) VALUES ('secure-delete', 1), ('automerge', 16);
ALTER TABLE indexed ADD COLUMN pairs_from INTEGER NOT NULL DEFAULT 1;
UPDATE indexed SET pairs_from = upto + 1;
"""

STEPS = (_FOUNDATION, _KEEPING + _FORGETTING, _PAIRS)
