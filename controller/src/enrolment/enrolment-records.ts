/** Tokens, certificates that were given, and hosts whose certificates were taken back: kept over restarts and power cuts. */
import type { Database } from 'better-sqlite3';
import { openDatabase } from '../sqlite-database';

/** Of a certificate. */
export interface GivenCertificate {
  /** SHA-256 of its DER form, in hexadecimal. */
  readonly fingerprint: string;
  readonly host: string;
  readonly expires: Date;
}

export class EnrolmentRecords {
  readonly #database: Database;
  /** Asked at every call of a host. */
  readonly #revoked: Set<string>;

  constructor(folder: string) {
    this.#database = openDatabase({ folder, file: 'enrolment.db', durability: 'power-cut' });
    this.#database.exec(`
      CREATE TABLE IF NOT EXISTS tokens (
        hash TEXT PRIMARY KEY,                -- SHA-256 of the secret
        host TEXT NOT NULL,
        expires INTEGER NOT NULL              -- milliseconds since 1970
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS certificates (
        fingerprint TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        expires INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      -- Of these hosts, only the certificates that stand above are accepted.
      CREATE TABLE IF NOT EXISTS revoked_hosts (host TEXT PRIMARY KEY) STRICT, WITHOUT ROWID`);
    const rows = this.#database.prepare('SELECT host FROM revoked_hosts').all() as { host: string }[];
    this.#revoked = new Set(rows.map(({ host }) => host));
  }

  close(): void {
    this.#database.close();
  }

  /** Keeps the hash of a token in place of those that the host had. */
  putToken(hash: string, host: string, expires: Date): void {
    this.#database.transaction(() => {
      this.#database.prepare('DELETE FROM tokens WHERE host = ? OR expires < ?').run(host, Date.now());
      this.#database.prepare('INSERT INTO tokens VALUES (?, ?, ?)').run(hash, host, expires.getTime());
    })();
  }

  /** Uses up a token for a certificate: both are on disk, or neither. False when the token is not good for the host now. */
  redeem(hash: string, certificate: GivenCertificate, now: Date): boolean {
    return this.#database.transaction(() => {
      const { changes } = this.#database
        .prepare('DELETE FROM tokens WHERE hash = ? AND host = ? AND expires > ?')
        .run(hash, certificate.host, now.getTime());
      if (changes === 1) this.putCertificate(certificate);
      return changes === 1;
    })();
  }

  /** Whether a token would be taken. */
  knowsToken(hash: string, host: string, now: Date): boolean {
    const found = this.#database
      .prepare('SELECT 1 FROM tokens WHERE hash = ? AND host = ? AND expires > ?')
      .get(hash, host, now.getTime());
    return found !== undefined;
  }

  putCertificate({ fingerprint, host, expires }: GivenCertificate): void {
    this.#database.prepare('DELETE FROM certificates WHERE expires < ?').run(Date.now());
    this.#database
      .prepare('INSERT INTO certificates VALUES (?, ?, ?)')
      .run(fingerprint, host, expires.getTime());
  }

  /** Takes back all tokens and certificates of the host, also those that are not known here. */
  revoke(host: string): void {
    this.#database.transaction(() => {
      this.#database.prepare('DELETE FROM tokens WHERE host = ?').run(host);
      this.#database.prepare('DELETE FROM certificates WHERE host = ?').run(host);
      this.#database.prepare('INSERT OR IGNORE INTO revoked_hosts VALUES (?)').run(host);
    })();
    this.#revoked.add(host);
  }

  /** Whether the certificate was taken back: the host was revoked, and this one was not given since. */
  isBarred(host: string, fingerprint: string): boolean {
    if (!this.#revoked.has(host)) return false;
    const given = this.#database
      .prepare('SELECT 1 FROM certificates WHERE fingerprint = ? AND host = ?')
      .get(fingerprint, host);
    return given === undefined;
  }
}
