import { mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { AuditEntry } from './audit-entry';
import { AuditGap, followAudit, type AuditPosition } from './audit-follower';
import { AuditLog } from './audit-log';

let folder: string;
let path: string;
let log: AuditLog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nsgate-follow-'));
  path = join(folder, 'audit.jsonl');
  open(4000);
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});

function open(maxBytes: number): void {
  log = new AuditLog({ path, maxBytes, keep: 1000 });
}

function write(count: number, reason = 'because'): void {
  for (let i = 0; i < count; i++) {
    const what = { principal: 'local', method: 'm', peer: 'unix', resources: [], validateOnly: false };
    log.append({ ...what, result: 'OK', reason }, { durable: false });
  }
}

/** Takes so many, as slowly as `pause` says. */
async function take(
  count: number,
  after: AuditPosition,
  pause: () => void | Promise<void> = () => undefined,
): Promise<AuditEntry[]> {
  const end = new AbortController();
  const taken: AuditEntry[] = [];
  for await (const entry of followAudit(log, { after, signal: end.signal })) {
    taken.push(entry);
    if (taken.length === count) end.abort();
    await pause();
  }
  return taken;
}

/** Takes away the two files that were put aside first. */
function loseOldest(): void {
  const aside = readdirSync(folder).filter((name) => /\d{12}$/.test(name));
  for (const name of aside.sort().slice(0, 2)) unlinkSync(join(folder, name));
}

const sequences = (entries: readonly AuditEntry[]): number[] => entries.map(({ sequence }) => sequence);
const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('who follows the log from a position', () => {
  it('has each entry once and in order: of files that were put aside, of a run before, and those to come', async () => {
    write(30);
    log.close();
    open(4000);
    write(20);
    expect(readdirSync(folder).length).toBeGreaterThan(3);
    const following = take(60, { sequence: 7 });
    write(20);
    expect(sequences(await following)).toEqual(upTo(8, 67));
  });

  it('has them so however it is written and read', async () => {
    log.close();
    open(20_000);
    const steps = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat({ max: 30 }), async (bursts, back) => {
        write(1);
        const from = Math.max(1, log.head.sequence - back);
        const wanted = log.head.sequence - from + bursts.reduce((sum, one) => sum + one, 0);
        if (wanted === 0) return;
        const rest = [...bursts];
        write(rest.shift() ?? 0);
        const taken = take(wanted, { sequence: from }, () => write(rest.shift() ?? 0));
        await new Promise(setImmediate);
        for (const count of rest.splice(0)) write(count);
        expect(sequences(await taken)).toEqual(upTo(from + 1, from + wanted));
      }),
      { numRuns: 30 },
    );
  }, 30_000);

  it('misses nothing when it is slower than the memory of the log is long', async () => {
    log.close();
    open(1 << 20);
    const long = 'x'.repeat(100_000);
    write(1, long);
    let written = 0;
    const taken = await take(100, { sequence: 0 }, () => write(written++ < 40 ? 3 : 0, long));
    expect(sequences(taken)).toEqual(upTo(1, 100));
    expect(log.recent.after(0)).toBeUndefined();
  }, 30_000);

  it('begins with the oldest that is kept when it has none', async () => {
    write(50);
    loseOldest();
    log.close();
    open(4000);
    const [first] = await take(1, { sequence: 0 });
    expect(first?.sequence).toBeGreaterThan(1);
  });

  it('ends when it is told to while nothing happens', async () => {
    const end = new AbortController();
    const all = followAudit(log, { after: { sequence: 0 }, signal: end.signal });
    const next = all.next();
    end.abort();
    expect(await next).toMatchObject({ done: true });
  });
});

describe('a position is refused', () => {
  beforeEach(() => write(50));

  it('that is still to come', async () => {
    await expect(take(1, { sequence: 51 })).rejects.toThrow(new AuditGap('there is no entry 51 yet'));
  });

  it('after which entries are no longer kept', async () => {
    loseOldest();
    log.close();
    open(4000);
    await expect(take(1, { sequence: 3 })).rejects.toThrow(/^entries 4 to \d+ are no longer kept$/);
  });

  it.each([3, 50])('whose hash is another: %d', async (sequence) => {
    const hash = 'ab'.repeat(32);
    await expect(take(1, { sequence, hash })).rejects.toThrow(`entry ${sequence} of this log has the hash`);
  });

  it('no more when its hash is that of the entry', async () => {
    const [entry] = await take(1, { sequence: 2 });
    const [next] = await take(1, { sequence: 3, hash: entry?.hash ?? '' });
    expect(next).toMatchObject({ sequence: 4, previous: entry?.hash });
  });
});
