/** What becomes of the desired state when its file, or the disk, is not as it should be. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { decodePolicy } from '../controller-client/policy-message';
import { AddressSetFiles } from './address-set-files';
import { DesiredState } from './desired-state';
import { StoringFault } from './durable-file';
import { policy } from './policy.testing';
import { StateFile } from './state-file';

const a = policy({ name: 'a' });

describe('the desired state of the last run', () => {
  let folder: string;
  let faults: string[];
  const path = (): string => join(folder, 'desired-state.json');

  function desiredState(file = new StateFile(folder)): DesiredState {
    const onFault = (detail: string): void => void faults.push(detail);
    const setFiles = new AddressSetFiles(folder);
    return new DesiredState({
      file,
      setFiles,
      decode: decodePolicy,
      log: pino({ level: 'silent' }),
      onFault,
    });
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-desired-'));
    faults = [];
    await desiredState().replace(new Map([[a.name, a]]), 'complete');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is taken up', () => {
    const desired = desiredState();
    desired.load();
    expect([...desired.policies.keys()]).toEqual(['policies/a']);
    expect(desired.completeness).toBe('complete');
    expect(faults).toEqual([]);
  });

  it.each<[string, () => void, string]>([
    ['cut short', () => truncateSync(path(), statSync(path()).size - 10), 'checksum'],
    ['cut to nothing', () => truncateSync(path(), 0), 'header'],
    ['altered', () => alter(), 'checksum'],
    ['followed by something', () => appendFileSync(path(), 'x'), 'checksum'],
    ['of a newer version', () => rewrite('"version":1', '"version":2'), 'version 2, this agent reads 1'],
    ['of another format', () => writeFileSync(path(), 'hello\n'), 'header'],
    ['a folder', () => replaceByFolder(), 'EISDIR'],
  ])('is not trusted when the file is %s: nothing is changed, and that is told', (_what, damage, reason) => {
    damage();
    const desired = desiredState();
    desired.load();
    expect(desired.completeness).toBe('unknown');
    expect(desired.policies.size).toBe(0);
    expect(faults).toEqual([expect.stringContaining(reason)]);
    expect(faults[0]).toContain('what the kernel enforces stays');
  });

  it('is whole again after the next sync', async () => {
    truncateSync(path(), 5);
    const desired = desiredState();
    desired.load();
    await desired.replace(new Map([[a.name, a]]), 'complete');
    const next = desiredState();
    next.load();
    expect(next.completeness).toBe('complete');
  });

  it.each(['ENOSPC', 'EROFS'])('stays as it was when nothing can be stored: %s', async (code) => {
    const file = new FullDisk(folder, code);
    const desired = desiredState(file);
    desired.load();
    await expect(desired.replace(new Map(), 'complete')).rejects.toThrow(code);
    await expect(desired.replace(new Map(), 'complete')).rejects.toThrow(code);
    expect([...desired.policies.keys()]).toEqual(['policies/a']);
    expect(desired.storingFault).toContain(code);
    expect(faults).toEqual([expect.stringContaining('what is enforced stays')]);
    expect(await desired.canStore()).toBe(false);
    file.isFull = false;
    expect(await desired.canStore()).toBe(true);
    expect(desired.storingFault).toBeUndefined();
    await desired.replace(new Map(), 'complete');
    expect(desired.policies.size).toBe(0);
  });

  it('is not said to be storable again while what was refused has no room', async () => {
    const file = new StateFile(folder);
    const asked = jest.spyOn(file, 'demandWritable');
    const desired = desiredState(file);
    desired.load();
    jest.spyOn(file, 'save').mockRejectedValue(new StoringFault(new Error('ENOSPC: no space left'), 123_456));
    await expect(desired.replace(new Map(), 'complete')).rejects.toThrow('ENOSPC');
    await desired.canStore();
    expect(asked).toHaveBeenCalledWith(123_456);
  });

  function alter(): void {
    const content = readFileSync(path());
    content[content.length - 20]! ^= 1;
    writeFileSync(path(), content);
  }

  function rewrite(from: string, to: string): void {
    writeFileSync(path(), readFileSync(path(), 'utf8').replace(from, to));
  }

  function replaceByFolder(): void {
    rmSync(path());
    mkdirSync(path());
  }
});

/** A disk that takes nothing. */
class FullDisk extends StateFile {
  isFull = true;

  constructor(
    folder: string,
    private readonly code: string,
  ) {
    super(folder);
  }

  override save(...args: Parameters<StateFile['save']>): Promise<void> {
    return this.isFull ? this.#refuse() : super.save(...args);
  }

  override demandWritable(): Promise<void> {
    return this.isFull ? this.#refuse() : super.demandWritable();
  }

  #refuse(): Promise<void> {
    return Promise.reject(Object.assign(new Error(`${this.code}: it takes nothing`), { code: this.code }));
  }
}
