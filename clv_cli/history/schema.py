"""The tables of the store, as the steps that made them: an older store takes those it has not."""

from __future__ import annotations

# Step n turns a store of version n into one of version n + 1; steps are never edited once released.
STEPS: tuple[str, ...] = (
    """
CREATE TABLE run (
  run_id      INTEGER PRIMARY KEY,
  as_of       TEXT NOT NULL,
  asked       TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  data_hash   TEXT NOT NULL,
  closed_hash TEXT NOT NULL,
  rules_hash  TEXT NOT NULL,
  version     TEXT NOT NULL,
  currency    TEXT NOT NULL,
  started_at  TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  seconds     REAL NOT NULL,
  peak_mb     INTEGER NOT NULL,
  exit        INTEGER NOT NULL,
  folder      TEXT NOT NULL UNIQUE,
  superseded  INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1))
) STRICT;
CREATE INDEX run_key ON run (data_hash, config_hash, closed_hash, version);
CREATE TABLE figure (
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  metric TEXT NOT NULL,
  month  INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  value  TEXT,
  reason TEXT,
  PRIMARY KEY (run_id, metric, month),
  CHECK ((value IS NULL) <> (reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE input (
  run_id     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  name       TEXT NOT NULL,
  table_name TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  rows       INTEGER NOT NULL,
  last_day   TEXT,
  headers    TEXT NOT NULL,
  PRIMARY KEY (run_id, name, table_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE flag (
  run_id  INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  place   INTEGER NOT NULL,
  name    TEXT NOT NULL,
  about   TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (run_id, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE restatement (
  run_id     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  place      INTEGER NOT NULL,
  month      INTEGER NOT NULL,
  customer   TEXT NOT NULL,
  cause      TEXT NOT NULL,
  line_id    TEXT NOT NULL,
  issued_on  TEXT NOT NULL,
  currency   TEXT NOT NULL,
  before     INTEGER NOT NULL,
  now        INTEGER NOT NULL,
  difference INTEGER NOT NULL,
  source     TEXT NOT NULL,
  row        INTEGER NOT NULL,
  PRIMARY KEY (run_id, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE moment (
  dedupe_key    TEXT PRIMARY KEY,
  customer      TEXT NOT NULL,
  kind          TEXT NOT NULL,
  date          TEXT NOT NULL,
  emitted_as_of TEXT NOT NULL,
  holdout       INTEGER NOT NULL CHECK (holdout IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TABLE closed_month (
  month      INTEGER PRIMARY KEY,
  closed_at  TEXT NOT NULL,
  as_of      TEXT NOT NULL,
  version    TEXT NOT NULL,
  rules_hash TEXT NOT NULL,
  currency   TEXT NOT NULL,
  billed     INTEGER NOT NULL,
  booked     BLOB NOT NULL,
  read       BLOB NOT NULL,
  cells      BLOB NOT NULL,
  sha256     TEXT NOT NULL
) STRICT;
CREATE TABLE closed_figure (
  month  INTEGER NOT NULL REFERENCES closed_month ON DELETE CASCADE,
  metric TEXT NOT NULL,
  kind   TEXT NOT NULL,
  value  TEXT,
  reason TEXT,
  PRIMARY KEY (month, metric)
) STRICT, WITHOUT ROWID;
""",
)
SCHEMA_VERSION = len(STEPS)
