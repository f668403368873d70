import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { VmError } from '../vm/vm-error';
import { configurationKey, debugKernel } from './debug-kernel';

const offline = (): Promise<never> => Promise.reject(new VmError('apt-get update failed: no network'));
let cache: string;
let said: string[];
const say = (message: string): void => void said.push(message);
const { NSGATE_CACHE } = process.env;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'nsgate-debug-kernel-'));
  process.env.NSGATE_CACHE = cache;
  said = [];
});
afterEach(() => {
  if (NSGATE_CACHE === undefined) delete process.env.NSGATE_CACHE;
  else process.env.NSGATE_CACHE = NSGATE_CACHE;
  rmSync(cache, { recursive: true });
});

function addKernel(version: string, { key = configurationKey(), isComplete = true } = {}): void {
  const folder = join(cache, 'vm/debug-kernels', `${version}-${key}`);
  mkdirSync(join(folder, 'image/lib/modules', `of-${version}`), { recursive: true });
  if (isComplete) writeFileSync(join(folder, 'complete'), '');
}

describe('the debug kernel, where Debian cannot be asked', () => {
  it('is the newest whole one of this configuration that the cache has, and that is said in a line', async () => {
    addKernel('6.1.99-1');
    addKernel('6.1.192-3');
    addKernel('6.1.200-1', { isComplete: false });
    addKernel('6.1.201-1', { key: '0123456789abcdef' });
    const { image } = await debugKernel(say, offline);
    expect(image).toMatchObject({ release: 'of-6.1.192-3', package: { version: '6.1.192-3' } });
    expect(said).toEqual(['apt cannot tell the newest linux-source-6.1: taking 6.1.192-3 from the cache']);
  });

  it('is not to be had without one, for the reason that apt gave', async () => {
    addKernel('6.1.200-1', { isComplete: false });
    await expect(debugKernel(say, offline)).rejects.toThrow('no network');
    expect(said).toEqual([]);
  });

  it('hides no fault of its own', async () => {
    addKernel('6.1.192-3');
    await expect(debugKernel(say, () => Promise.reject(new TypeError('a fault')))).rejects.toThrow(TypeError);
  });
});

describe('the debug kernel, where Debian can be asked', () => {
  it('is of the newest source, whatever else the cache has', async () => {
    addKernel('6.1.192-3');
    addKernel('6.1.193-1');
    const newest = { name: 'linux-source-6.1', version: '6.1.192-3' };
    expect((await debugKernel(say, () => Promise.resolve(newest))).image.release).toBe('of-6.1.192-3');
    expect(said).toEqual([]);
  });
});
