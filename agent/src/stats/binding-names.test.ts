import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { BindingNames } from './binding-names';

describe('names of bindings that may end', () => {
  let folder: string;
  const made: BindingNames[] = [];

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nsgate-names-'))));
  afterEach(() => {
    for (const names of made.splice(0)) names.stop();
    rmSync(folder, { recursive: true });
  });

  function names(options: { bootId?: string; limit?: number } = {}): BindingNames {
    const one = new BindingNames({ folder, bootId: 'boot', log: pino({ level: 'silent' }), ...options });
    made.push(one);
    one.load();
    return one;
  }
  const file = (): string => join(folder, 'binding-names.json');
  const current = (...births: bigint[]): Map<bigint, string> =>
    new Map(births.map((birth) => [birth, `ns${birth}`]));

  async function saved(births: number): Promise<void> {
    for (;;) {
      try {
        const { names: stored } = JSON.parse(readFileSync(file(), 'utf8')) as { names: unknown[] };
        if (stored.length === births) return;
      } catch {
        // Not yet.
      }
      await sleep(10);
    }
  }

  it('are known after the namespace is gone', () => {
    const one = names();
    one.note(current(1n, 2n));
    one.note(current(2n));
    expect([1n, 2n, 3n].map((birth) => one.find(birth))).toEqual(['ns1', 'ns2', undefined]);
  });

  it('are those that the namespaces had last', () => {
    const one = names();
    one.note(new Map([[1n, 'before']]));
    one.note(new Map([[1n, 'after']]));
    expect(one.find(1n)).toBe('after');
  });

  it('are known to the next agent, until the host boots', async () => {
    names().note(current(1n, 2n ** 63n));
    await saved(2);
    expect(names().find(2n ** 63n)).toBe(`ns${2n ** 63n}`);
    expect(names({ bootId: 'another' }).find(1n)).toBeUndefined();
  });

  it('are forgotten from the one that is longest gone on', () => {
    const one = names({ limit: 2 });
    for (const birth of [1n, 2n, 3n, 4n]) one.note(current(birth));
    expect([1n, 2n, 3n, 4n].map((birth) => one.find(birth))).toEqual([undefined, 'ns2', 'ns3', 'ns4']);
  });

  it.each(['', '{', '{"boot":"boot","names":[["x","y"]]}'])('begin anew where the file holds %j', (text) => {
    writeFileSync(file(), text);
    const one = names();
    one.note(current(1n));
    expect(one.find(1n)).toBe('ns1');
  });
});
