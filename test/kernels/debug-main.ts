// Entry of `npm run test:kernel-debug`: the module on a kernel that checks itself (KASAN, lockdep, RCU, kmemleak, …).
import { join } from 'node:path';

import { debugKernel } from './debug-kernel';
import { checksIn, type GuestTest, runInGuest, testsIn } from './guest-test';
import { buildModule } from './module-build';
import { resultLine, resultOf } from './report';
import { deviceTest, endToEndTest, noComplaint, workFolder } from './stock-kernel';

/** How many times slower than a stock kernel this one may be; what the tests wait for and work for grows with it. */
const patience = 4;

function say(message: string): void {
  process.stderr.write(`test:kernel-debug: ${message}\n`);
}

async function testDebugKernel(): Promise<string[]> {
  const { image, headers } = await debugKernel(say);
  const folder = workFolder(image.release);
  say(`building the module and testing it on ${image.release} …`);
  const module = await buildModule({ headers, release: image.release, folder });
  const run = (test: Pick<GuestTest, 'name' | 'command' | 'tested'>): Promise<string> =>
    runInGuest({
      ...{ image, folder, announce: say, cpus: 2, memoryMegabytes: 3072, timeoutSeconds: 5400, ...test },
      command: ['sh', join(__dirname, 'guest/then-look-for-leaks.sh'), ...test.command],
      environment: { NSGATE_TEST_PATIENCE: String(patience), NSGATE_MODULE: module },
    });
  const device = await run({ name: 'device-test', command: [deviceTest, module], tested: checksIn });
  const endToEnd = await run({ name: 'end-to-end', command: endToEndTest, tested: testsIn });
  return [image.release, noComplaint, device, endToEnd, 'nothing to report for the kernel'];
}

async function main(): Promise<void> {
  const result = await resultOf('debug', testDebugKernel);
  process.stdout.write(`${resultLine(result)}\n`);
  process.exitCode = result.kind === 'passed' ? 0 : 1;
}

void main();
