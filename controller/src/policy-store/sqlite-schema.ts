/** The tables of the SQLite driver, and how an older file is brought to them. */
import type { Database } from 'better-sqlite3';
import { StartupError } from '../startup-error';

/** Each runs once, in order, in a transaction of its own. Never edit one that was released: add another. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,            -- of the last change
    compacted_revision INTEGER NOT NULL   -- changes up to it are no longer in the log
  ) STRICT;
  INSERT INTO store VALUES (1, 0, 0);

  -- Every version of every policy that was ever stored.
  CREATE TABLE policy_versions (
    revision INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    create_time INTEGER NOT NULL,         -- milliseconds since 1970
    update_time INTEGER NOT NULL,
    body TEXT NOT NULL,                   -- policy-json.ts
    author TEXT NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX policy_versions_by_name ON policy_versions (name, revision);

  -- The policies that stand.
  CREATE TABLE policies (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL REFERENCES policy_versions (revision)
  ) STRICT, WITHOUT ROWID;

  -- What changed when, removals included, for watches that resume.
  CREATE TABLE changes (
    revision INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    removed INTEGER NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX changes_by_name ON changes (name, revision);
  `,
  `
  ALTER TABLE changes ADD COLUMN time INTEGER NOT NULL DEFAULT 0;   -- milliseconds since 1970

  CREATE TABLE address_sets (
    name TEXT PRIMARY KEY,
    uid TEXT NOT NULL,
    revision INTEGER NOT NULL,
    description TEXT NOT NULL,
    labels TEXT NOT NULL,                 -- JSON, a list of pairs
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    members_revision INTEGER NOT NULL     -- at the last change of members
  ) STRICT, WITHOUT ROWID;

  -- The members as they stood at a revision; deltas after it bring them up to date.
  CREATE TABLE address_set_members (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    v4 BLOB NOT NULL,                     -- packed-prefixes.ts
    v6 BLOB NOT NULL
  ) STRICT;

  CREATE TABLE address_set_deltas (
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    from_revision INTEGER NOT NULL,
    added4 BLOB NOT NULL,
    added6 BLOB NOT NULL,
    removed4 BLOB NOT NULL,
    removed6 BLOB NOT NULL,
    PRIMARY KEY (name, revision)
  ) STRICT;

  -- Which policies name which sets.
  CREATE TABLE set_references (
    set_name TEXT NOT NULL REFERENCES address_sets (name),
    policy_name TEXT NOT NULL,
    PRIMARY KEY (set_name, policy_name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX set_references_by_policy ON set_references (policy_name);
  `,
  `
  -- What was stored of each set, and what became of its members: takes the place of address_set_deltas.
  CREATE TABLE address_set_versions (
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    uid TEXT NOT NULL,
    gone INTEGER NOT NULL,                -- whether the set was removed
    from_revision INTEGER,                -- of the members before; NULL where the set begins or ends
    description TEXT NOT NULL,
    labels TEXT NOT NULL,                 -- JSON, a list of pairs
    create_time INTEGER NOT NULL,
    time INTEGER NOT NULL,                -- of this version
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    added INTEGER NOT NULL,               -- members
    removed INTEGER NOT NULL,
    added4 BLOB NOT NULL,                 -- packed-prefixes.ts
    added6 BLOB NOT NULL,
    removed4 BLOB NOT NULL,
    removed6 BLOB NOT NULL,
    PRIMARY KEY (name, revision)
  ) STRICT;
  INSERT INTO address_set_versions
    SELECT d.name, d.revision, s.uid, 0, d.from_revision, s.description, s.labels, s.create_time, coalesce(c.time, s.update_time),
      coalesce(c.author, ''), coalesce(c.reason, ''), length(d.added4) / 5 + length(d.added6) / 17,
      length(d.removed4) / 5 + length(d.removed6) / 17, d.added4, d.added6, d.removed4, d.removed6
    FROM address_set_deltas d JOIN address_sets s ON s.name = d.name LEFT JOIN changes c ON c.revision = d.revision;
  DROP TABLE address_set_deltas;
  `,
];

/** Brings the file to the newest schema; a file of a newer program is refused. */
export function migrate(database: Database): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT',
  );
  const row = database.prepare('SELECT max(version) AS version FROM migrations').get() as {
    version: bigint | null;
  };
  const current = Number(row.version ?? 0n);
  if (current > MIGRATIONS.length) {
    throw new StartupError(
      `${database.name} was written by a newer nsgate (schema ${current}, this one knows ${MIGRATIONS.length})`,
    );
  }
  for (const [i, sql] of MIGRATIONS.entries()) {
    if (i >= current) applyMigration(database, { version: i + 1, sql });
  }
}

function applyMigration(database: Database, migration: { version: number; sql: string }): void {
  database.transaction(() => {
    database.exec(migration.sql);
    database.prepare('INSERT INTO migrations VALUES (?, ?)').run(migration.version, Date.now());
  })();
}
