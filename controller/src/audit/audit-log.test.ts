import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { AuditRecord } from './audit-entry';
import { AuditLog } from './audit-log';
import { RefusalMeter } from './refusal-meter';
import { headNotePath } from './head-note';
import { verifyChain } from './verify';
import { checkWholeLog } from './whole-log';

const record = (reason = ''): AuditRecord => ({
  principal: 'cert:alice',
  method: 'nsgate.v1.PolicyService/CreatePolicy',
  peer: '192.0.2.1:5000',
  resources: [{ name: 'policies/a', before: '', after: 'ab' }],
  result: 'OK',
  reason,
  validateOnly: false,
});

describe('the audit log', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-audit-'));
    path = join(folder, 'audit.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (count: number, options: { maxBytes?: number; keep?: number } = {}): void => {
    const log = new AuditLog({ path, maxBytes: 1 << 20, keep: 100, ...options });
    for (let i = 0; i < count; i++) log.append(record(`reason ${i}`), { durable: false });
    log.close();
  };
  const files = (): string[] => [
    ...readdirSync(folder)
      .filter((name) => /^audit\.jsonl\.\d{12}$/.test(name))
      .sort()
      .map((name) => join(folder, name)),
    path,
  ];

  it('is one JSON line an entry, for nobody but its owner', () => {
    write(2);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { sequence: 1, principal: 'cert:alice', result: 'OK', reason: 'reason 0' },
      { sequence: 2, resources: [{ name: 'policies/a' }], reason: 'reason 1' },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  const isFaulty = (paths: readonly string[]): boolean => {
    try {
      return checkWholeLog(paths, {}).faults.length > 0;
    } catch {
      return true;
    }
  };

  it('has an end that is known from the beginning', () => {
    write(0);
    expect(checkWholeLog([path], {})).toMatchObject({ faults: [], isEndKnown: true });
  });

  it('continues its chain when it is opened again', () => {
    write(3);
    write(2);
    expect(verifyChain([path])).toMatchObject({ first: 1, head: { sequence: 5 } });
  });

  it('shows a line that was removed, changed, added or moved, wherever it stands', () => {
    write(12);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const tampered = fc.oneof(
      fc.nat({ max: 11 }).map((at) => lines.filter((_, i) => i !== at)),
      fc.nat({ max: 11 }).map((count) => lines.slice(0, count)),
      fc
        .nat({ max: 11 })
        .map((at) => lines.map((line, i) => (i === at ? line.replace('alice', 'mallo') : line))),
      fc.nat({ max: 11 }).map((at) => lines.flatMap((line, i) => (i === at ? [line, line] : [line]))),
      fc
        .nat({ max: 10 })
        .map((at) => [...lines.slice(0, at), lines[at + 1], lines[at], ...lines.slice(at + 2)]),
    );
    fc.assert(
      fc.property(tampered, (forged) => {
        writeFileSync(path, `${forged.join('\n')}\n`);
        return isFaulty([path]);
      }),
    );
  });

  it('names file and line at which the chain breaks', () => {
    write(3);
    writeFileSync(path, readFileSync(path, 'utf8').replace('reason 1', 'reason x'));
    expect(() => verifyChain([path])).toThrow(`${path}:2: it was changed after it was written`);
  });

  it('is rotated by size without a break, and keeps so many files', () => {
    write(50, { maxBytes: 2000 });
    expect(files().length).toBeGreaterThan(5);
    expect(verifyChain(files())).toMatchObject({ first: 1, head: { sequence: 50 } });
    write(50, { maxBytes: 2000, keep: 2 });
    expect(files()).toHaveLength(3);
    expect(checkWholeLog([path], {}).faults).toEqual([]);
    expect(readFileSync(path, 'utf8')).toContain('"reason":"reason 49"');
    expect(verifyChain(files()).first).toBeGreaterThan(80);
  });

  describe('spread over files', () => {
    beforeEach(() => write(50, { maxBytes: 2000 }));

    it('shows a file that is missing between others', () => {
      const [first = '', second = '', ...rest] = files();
      const missing = Number(second.slice(-12));
      const before = Number(first.slice(-12));
      expect(() => verifyChain([first, ...rest])).toThrow(
        `${rest[0] ?? ''}:1: entry ${before + 1} is missing: here stands ${missing + 1}`,
      );
    });

    it('shows files in another order', () => {
      const [first = '', second = ''] = files();
      expect(() => verifyChain([second, first])).toThrow(`${first}:1: entry`);
    });

    it('shows the oldest file missing, unless the log itself has let it go', () => {
      const [oldest = ''] = files();
      const last = Number(oldest.slice(-12));
      rmSync(oldest);
      expect(checkWholeLog([path], {}).faults).toEqual([`entries 1 to ${last} are missing`]);
      expect(checkWholeLog([path], { isPart: true }).faults).toEqual([]);
      write(50, { maxBytes: 2000, keep: 3 });
      expect(checkWholeLog([path], {})).toMatchObject({ faults: [] });
      const [next = ''] = files();
      const { first } = checkWholeLog([path], {});
      rmSync(next);
      expect(checkWholeLog([path], {}).faults).toEqual([
        `entries ${first} to ${Number(next.slice(-12))} are missing`,
      ]);
    });

    it('finds the files that were put aside by itself', () => {
      const { first, head } = checkWholeLog([path], {});
      expect([first, head.sequence]).toEqual([1, 50]);
      expect(checkWholeLog(files(), {})).toMatchObject({ first: 1, head, faults: [] });
    });
  });

  describe('whose end was cut off', () => {
    let last: string;
    beforeEach(() => {
      write(5);
      last = verifyChain([path]).head.hash;
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      writeFileSync(path, `${lines.slice(0, -1).join('\n')}\n`);
    });

    it('shows it by the note that is kept beside it', () => {
      expect(checkWholeLog([path], {}).faults).toEqual(['entry 5 was written, and is not there']);
    });

    it('says so itself, when it is opened again, for as long as nobody has noted down an entry since', () => {
      write(1);
      const { faults, head } = checkWholeLog([path], {});
      expect(faults).toEqual([
        `entry 5 says: the log was found to end with entry 4, and 5 was written, with the hash ${last}: entries were cut off or lost`,
      ]);
      expect(checkWholeLog([path], { noted: head.hash }).faults).toEqual([]);
    });

    it('shows it, where the note was taken away as well, to who has noted a hash down elsewhere, and to nobody else', () => {
      rmSync(headNotePath(path));
      expect(checkWholeLog([path], {})).toMatchObject({ faults: [], isEndKnown: false });
      expect(checkWholeLog([path], { noted: last }).faults).toEqual([`no entry has the hash ${last}`]);
      write(3);
      expect(checkWholeLog([path], { noted: last }).faults).toEqual([`no entry has the hash ${last}`]);
    });
  });

  it('goes on after a kill in the middle of a line', () => {
    write(2);
    appendFileSync(path, '{"sequence":3,"ti');
    write(1);
    expect(verifyChain([path]).head.sequence).toBe(3);
  });

  it('is not continued behind a last line that somebody wrote', () => {
    write(1);
    appendFileSync(path, '{"sequence":2}\n');
    expect(() => write(1)).toThrow('it is no entry of an audit log');
  });

  it('says when it cannot be written, and writes what waited once it can', () => {
    const log = new AuditLog({ path, maxBytes: 1, keep: 100 });
    log.append(record('before'), { durable: true });
    renameSync(folder, `${folder}.away`);
    log.append(record('meanwhile'), { durable: true });
    expect(() => log.demandWritable()).toThrow('ENOENT');
    renameSync(`${folder}.away`, folder);
    expect(() => log.demandWritable()).not.toThrow();
    log.close();
    expect(verifyChain(files()).head.sequence).toBe(2);
  });

  it('tells its watchers', () => {
    const log = new AuditLog({ path, maxBytes: 1 << 20, keep: 1 });
    const seen: number[] = [];
    const end = log.watch(({ sequence }) => seen.push(sequence));
    log.append(record(), { durable: false });
    end();
    log.append(record(), { durable: false });
    log.close();
    expect(seen).toEqual([1]);
  });
});

describe('a flood of refusals', () => {
  it('is written in part, and counted, for each peer apart', () => {
    let now = 0;
    const meter = new RefusalMeter({ burst: 2, everyMs: 1000 }, () => now);
    expect([1, 2, 3, 4].map(() => meter.take('a'))).toEqual([0, 0, undefined, undefined]);
    expect(meter.take('b')).toBe(0);
    now = 1000;
    expect([meter.take('a'), meter.take('a')]).toEqual([2, undefined]);
  });
});
