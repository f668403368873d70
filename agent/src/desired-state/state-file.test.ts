import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { StateFile, type StoredState } from './state-file';

const folder = mkdtempSync(join(tmpdir(), 'nsgate-state-'));
const file = new StateFile(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const STATE: StoredState = {
  complete: true,
  policies: [{ name: 'policies/a', message: Buffer.from('one') }],
};

describe('the state on disk', () => {
  it('is none before the first is saved', () => {
    expect(new StateFile(join(folder, 'elsewhere')).load()).toEqual({ kind: 'none' });
  });

  it('is loaded as it was saved', async () => {
    const policy = fc.record({ name: fc.string(), message: fc.uint8Array().map((b) => Buffer.from(b)) });
    const state = fc.record({ complete: fc.boolean(), policies: fc.array(policy, { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(state, async (one) => {
        await file.save(one);
        expect(file.load()).toEqual({ kind: 'loaded', state: one });
      }),
      { numRuns: 25 },
    );
  });

  it('is replaced without a trace of the one before', async () => {
    await file.save({ complete: true, policies: Array.from({ length: 50 }, () => STATE.policies[0]!) });
    await file.save(STATE);
    expect(file.load()).toEqual({ kind: 'loaded', state: STATE });
    expect(existsSync(`${file.path}.tmp`)).toBe(false);
  });

  it('is unusable when it was cut short anywhere', async () => {
    await file.save(STATE);
    const whole = readFileSync(file.path);
    for (let length = 0; length < whole.length - 1; length++) {
      writeFileSync(file.path, whole.subarray(0, length));
      expect(file.load().kind).toBe('unusable');
    }
  });

  it('is unusable when any of its bytes was altered', async () => {
    await file.save(STATE);
    const whole = readFileSync(file.path);
    for (let at = 0; at < whole.length - 1; at++) {
      const altered = Buffer.from(whole);
      altered[at]! ^= 1;
      writeFileSync(file.path, altered);
      expect(file.load().kind).toBe('unusable');
    }
  });

  it('is unusable, and says why, when a newer agent wrote it', async () => {
    await file.save(STATE);
    const newer = readFileSync(file.path, 'utf8').replace('"version":1', '"version":2');
    writeFileSync(file.path, newer);
    expect(file.load()).toEqual({ kind: 'unusable', reason: 'it is of version 2, this agent reads 1' });
  });

  it('stays as it was when a new one cannot be saved', async () => {
    await file.save(STATE);
    const elsewhere = new StateFile(join(folder, 'missing'));
    await expect(elsewhere.save(STATE)).rejects.toThrow('ENOENT');
    expect(file.load().kind).toBe('loaded');
  });

  it('is for root alone', async () => {
    await file.save(STATE);
    expect(statSync(file.path).mode & 0o077).toBe(0);
  });
});
