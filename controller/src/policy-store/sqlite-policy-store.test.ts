/** What only the SQLite driver promises. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SqlitePolicyStore } from './sqlite-policy-store';

describe('the SQLite policy store', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nsgate-store-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('holds every acknowledged write when its process is killed in the middle of writing', async () => {
    const writer = `
      const { SqlitePolicyStore } = require(${JSON.stringify(join(__dirname, 'sqlite-policy-store.ts'))});
      const store = new SqlitePolicyStore({ folder: ${JSON.stringify(folder)} });
      (async () => {
        for (let i = 0; ; i++) {
          const policy = { name: 'policies/p' + i, description: 'x'.repeat(5000), labels: new Map(), hostSelector: { requirements: [] },
            namespaces: { include: ['*'], exclude: [] }, tier: 'default', priority: 0, rules: [], defaultVerdicts: [], uid: 'u' + i,
            createTime: new Date(), updateTime: new Date() };
          await store.put({ policy, expect: { kind: 'absent' }, note: { author: 'a', reason: '' } });
          console.log(i);
        }
      })();`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', writer], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = -1;
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line);
      if (acknowledged === 40) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');

    const store = new SqlitePolicyStore({ folder });
    const { revision, policies } = await store.list();
    await store.close();
    expect(acknowledged).toBeGreaterThanOrEqual(40);
    const names = new Set(policies.map(({ name }) => name));
    for (let i = 0; i <= acknowledged; i++) expect(names).toContain(`policies/p${i}`);
    expect(revision).toBe(BigInt(policies.length));
  }, 30_000);

  it('is for one process at a time', async () => {
    const store = new SqlitePolicyStore({ folder });
    expect(() => new SqlitePolicyStore({ folder })).toThrow(/is in use by another process/);
    await store.close();
  });

  it('refuses a folder that is none', () => {
    expect(() => new SqlitePolicyStore({ folder: '/dev/null/x' })).toThrow(
      /^the data folder \/dev\/null\/x cannot be written/,
    );
  });
});
