import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { decodePolicy } from '../controller-client/policy-message';
import { AddressSetFiles } from './address-set-files';
import { DesiredState } from './desired-state';
import type { Policy } from './policy';
import { policy } from './policy.testing';
import { Intake } from './intake';
import { StateFile, type StoredState } from './state-file';

const log = pino({ level: 'silent' });

/** Counts how often it is written, and fails when told to. */
class CountingStateFile extends StateFile {
  writes = 0;
  fault: Error | undefined;

  override async save(state: StoredState): Promise<void> {
    this.writes += 1;
    if (this.fault !== undefined) throw this.fault;
    await super.save(state);
  }
}

describe('what the controller wants', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-intake-'));
  let file: CountingStateFile;
  let desired: DesiredState;
  let refused: Map<Policy, string>;
  let changes: number;
  let intake: Intake;
  let faults: string[];

  const a = policy({ name: 'a' });
  const a2 = policy({ name: 'a', revision: 2n, rules: ['r1', 'r2'] });
  const b = policy({ name: 'b' });

  function desiredState(stateFile: StateFile): DesiredState {
    const onFault = (detail: string): void => void faults.push(detail);
    const setFiles = new AddressSetFiles(folder);
    return new DesiredState({ file: stateFile, setFiles, decode: decodePolicy, log, onFault });
  }

  /** What another agent process would find. */
  function onDisk(): DesiredState {
    const next = desiredState(new StateFile(folder));
    next.load();
    return next;
  }

  beforeEach(() => {
    rmSync(join(folder, 'desired-state.json'), { force: true });
    rmSync(join(folder, 'address-sets'), { recursive: true, force: true });
    faults = [];
    file = new CountingStateFile(folder);
    desired = desiredState(file);
    refused = new Map();
    changes = 0;
    intake = new Intake({ desired, tryOut: () => refused, log, onChange: () => (changes += 1) });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('is held durably before it is answered', async () => {
    await expect(intake.submit({ kind: 'hold', policy: a })).resolves.toBeUndefined();
    expect([...onDisk().policies.values()].map(({ digest }) => digest)).toEqual([a.digest]);
    expect(changes).toBe(1);
  });

  it('is stored in one write when it comes in a burst', async () => {
    const many = Array.from({ length: 100 }, (_, i) => policy({ name: `p${i}` }));
    await Promise.all(many.map((one) => intake.submit({ kind: 'hold', policy: one })));
    expect(file.writes).toBe(1);
    expect(changes).toBe(1);
    expect(onDisk().policies.size).toBe(100);
  });

  it('is taken in order: the last word on a policy counts', async () => {
    const answers = [a, a2].map((one) => intake.submit({ kind: 'hold', policy: one }));
    const release = intake.submit({ kind: 'release', name: 'policies/b' });
    await Promise.all([...answers, release]);
    expect([...desired.policies.values()]).toEqual([a2]);
  });

  it('is refused policy by policy by what the kernel says of each, and the one before stays', async () => {
    await intake.submit({ kind: 'hold', policy: a });
    refused.set(a2, 'not that');
    const answers = await Promise.all([a2, b].map((one) => intake.submit({ kind: 'hold', policy: one })));
    expect(answers).toEqual([{ reason: 'not that', passing: false }, undefined]);
    expect([...onDisk().policies.values()].map(({ digest }) => digest)).toEqual([a.digest, b.digest]);
  });

  it('is refused whole when it cannot be stored, and nothing changes', async () => {
    await intake.submit({ kind: 'hold', policy: a });
    file.fault = new Error('ENOSPC: no space left on device');
    const answer = await intake.submit({ kind: 'release', name: a.name });
    expect(answer).toEqual({
      reason: 'the host cannot store it: ENOSPC: no space left on device',
      passing: true,
    });
    expect([...desired.policies.values()]).toEqual([a]);
    expect(changes).toBe(1);
  });

  it('is not written again when it says nothing new', async () => {
    await intake.submit({ kind: 'release', name: 'policies/unknown' });
    expect(file.writes).toBe(0);
  });

  it('is complete only after the mark, for this process and the next', async () => {
    await intake.submit({ kind: 'hold', policy: a });
    expect([desired.completeness, onDisk().completeness]).toEqual(['unknown', 'unknown']);
    await intake.submit({ kind: 'complete' });
    expect([desired.completeness, onDisk().completeness]).toEqual(['complete', 'complete']);
  });

  it('is unknown again when the file cannot be used, until the mark heals it', async () => {
    await intake.submit({ kind: 'complete' });
    writeFileSync(file.path, 'garbage');
    const next = onDisk();
    expect(next.completeness).toBe('unknown');
    const healed = new Intake({ desired: next, tryOut: () => refused, log, onChange: () => undefined });
    await Promise.all([healed.submit({ kind: 'hold', policy: b }), healed.submit({ kind: 'complete' })]);
    expect(onDisk().completeness).toBe('complete');
    expect([...onDisk().policies.keys()]).toEqual(['policies/b']);
  });
});
