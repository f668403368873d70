// The kernel tests on one of Debian's stock kernels.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { cacheFolder, checkoutRoot } from '../vm/cache-folder';
import { kernelHeaders } from '../vm/kernel-headers';
import { type KernelImage, kernelImage } from '../vm/kernel-image';
import { checksIn, runInGuest, testsIn } from './guest-test';
import { buildModule } from './module-build';

/** The program that tests the loaded module; `make -C kmod device-test` makes it. */
export const deviceTest = join(checkoutRoot, 'kmod/.build/device-test');

/** What a build that succeeded has shown. */
export const noComplaint = 'no complaint of W=1 or sparse';

/** The end-to-end tests of the module by itself; $NSGATE_MODULE says which one they load. */
export const endToEndTest: readonly string[] = [
  ...['node', 'node_modules/jest/bin/jest.js', '--selectProjects', 'e2e', '--runInBand'],
  ...['--testPathPatterns', 'test/e2e/module\\.test\\.ts$'],
];

/** The folder in which tests on the kernel `release` work and leave their logs. */
export function workFolder(release: string): string {
  const folder = join(cacheFolder(), 'kernels', release);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A kernel of Debian's, ready to be tested. */
export interface StockKernel {
  readonly image: KernelImage;
  readonly headers: string;
}

/** Has the newest kernel of a line, and the headers to build modules for it. */
export async function stockKernel(line: string, announce: (message: string) => void): Promise<StockKernel> {
  const image = await kernelImage(line, announce);
  return { image, headers: await kernelHeaders(image, announce) };
}

/**
 * Builds the module for the kernel and runs every test of it there; `announce` gets each step's outcome as it comes.
 * @returns what held, for a person
 * @throws TestFailure at the first that does not hold
 */
export async function testStockKernel(
  { image, headers }: StockKernel,
  announce: (message: string) => void,
): Promise<string[]> {
  const folder = workFolder(image.release);
  const module = await buildModule({ headers, release: image.release, folder });
  announce(noComplaint);
  const device = await runInGuest({
    ...{ name: 'device-test', image, folder, announce, cpus: 1, memoryMegabytes: 1024, timeoutSeconds: 900 },
    command: ['sh', '-c', 'modprobe veth && exec "$@"', 'sh', deviceTest, module],
    tested: checksIn,
  });
  const endToEnd = await runInGuest({
    ...{ name: 'end-to-end', image, folder, announce, cpus: 1, memoryMegabytes: 2048, timeoutSeconds: 900 },
    command: endToEndTest,
    environment: { NSGATE_MODULE: module },
    tested: testsIn,
  });
  return [noComplaint, device, endToEnd];
}
