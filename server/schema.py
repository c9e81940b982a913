"""The tables of jobs, of what happened to them and of what they made.

``line`` is kept by triggers: one row per priority and line in which jobs wait, with how many they are and whose turn
it is. So a claim looks at a few rows, however many jobs and clients wait.
"""

from server.database import Schema

FIRST = """
CREATE TABLE job (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    client TEXT NOT NULL,
    priority INTEGER NOT NULL,
    line TEXT NOT NULL,
    place REAL NOT NULL,
    passed INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    deaths INTEGER NOT NULL DEFAULT 0,
    cancelling INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL,
    targets TEXT,
    models TEXT NOT NULL,
    origin TEXT NOT NULL,
    timeout REAL,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    worker TEXT,
    device TEXT,
    error TEXT,
    key TEXT UNIQUE,
    digest TEXT NOT NULL,
    document TEXT NOT NULL,
    editor_text TEXT
);
CREATE INDEX job_waiting ON job (priority, line, place, number) WHERE state = 'queued';
CREATE INDEX job_running ON job (worker) WHERE state = 'running';
CREATE INDEX job_state ON job (state, number);
CREATE INDEX job_client ON job (client, number);
CREATE INDEX job_finished ON job (finished) WHERE finished IS NOT NULL;

CREATE TABLE line (
    number INTEGER PRIMARY KEY,
    priority INTEGER NOT NULL,
    name TEXT NOT NULL,
    turn INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    UNIQUE (priority, name)
);
CREATE INDEX line_turn ON line (priority, turn, waiting);

CREATE TRIGGER job_joins AFTER INSERT ON job WHEN NEW.state = 'queued' BEGIN
    INSERT INTO line (priority, name, turn, waiting) VALUES (
        NEW.priority, NEW.line,
        CASE WHEN NEW.line = '' THEN 0
            ELSE 1 + coalesce((SELECT max(turn) FROM line WHERE priority = NEW.priority), 0) END,
        1
    ) ON CONFLICT (priority, name) DO UPDATE SET waiting = waiting + 1;
END;
CREATE TRIGGER job_changes_lines AFTER UPDATE OF state, priority, line ON job
WHEN OLD.state IS NOT NEW.state OR OLD.priority IS NOT NEW.priority OR OLD.line IS NOT NEW.line BEGIN
    INSERT INTO line (priority, name, turn, waiting) SELECT
        NEW.priority, NEW.line,
        CASE WHEN NEW.line = '' THEN 0
            ELSE 1 + coalesce((SELECT max(turn) FROM line WHERE priority = NEW.priority), 0) END,
        1
    WHERE NEW.state = 'queued' ON CONFLICT (priority, name) DO UPDATE SET waiting = waiting + 1;
    UPDATE line SET waiting = waiting - 1
    WHERE OLD.state = 'queued' AND priority = OLD.priority AND name = OLD.line;
    DELETE FROM line WHERE priority = OLD.priority AND name = OLD.line AND waiting = 0;
END;
CREATE TRIGGER job_leaves AFTER DELETE ON job WHEN OLD.state = 'queued' BEGIN
    UPDATE line SET waiting = waiting - 1 WHERE priority = OLD.priority AND name = OLD.line;
    DELETE FROM line WHERE priority = OLD.priority AND name = OLD.line AND waiting = 0;
END;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER REFERENCES job (number) ON DELETE CASCADE,
    time REAL NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX event_job ON event (job, seq);

CREATE TABLE output (
    number INTEGER PRIMARY KEY,
    job INTEGER REFERENCES job (number) ON DELETE SET NULL,
    node TEXT NOT NULL,
    item INTEGER NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    pending TEXT,
    sha256 TEXT,
    media_type TEXT,
    width INTEGER,
    height INTEGER,
    bytes INTEGER,
    UNIQUE (job, node, item, kind, place)
);
CREATE INDEX output_sha256 ON output (sha256);
CREATE INDEX output_name ON output (kind, name);
CREATE INDEX output_pending ON output (number) WHERE pending IS NOT NULL;

CREATE TABLE flag (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

QUEUE = Schema("queue", (FIRST,))
