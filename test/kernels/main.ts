// Entry of `npm run test:kernels [-- LINE…]`: the module on Debian's stock kernels, all supported lines unless some are named.
import { exitStatus, VmError } from '../vm/vm-error';
import { kernelLineOf, supportedLines } from '../vm/kernel-line';
import { type KernelResult, resultLine, resultOf } from './report';
import { stockKernel, testStockKernel } from './stock-kernel';

function say(message: string): void {
  process.stderr.write(`test:kernels: ${message}\n`);
}

async function testLine(line: string): Promise<KernelResult> {
  say(`Linux ${line} …`);
  return resultOf(line, async () => {
    const kernel = await stockKernel(line, say);
    return [kernel.image.release, ...(await testStockKernel(kernel))];
  });
}

async function main(): Promise<void> {
  const named = process.argv.slice(2);
  const lines = named.length > 0 ? named : supportedLines;
  try {
    lines.forEach(kernelLineOf);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    say(error.message);
    process.exitCode = exitStatus.usage;
    return;
  }
  const results: KernelResult[] = [];
  for (const line of lines) results.push(await testLine(line));
  for (const result of results) process.stdout.write(`${resultLine(result)}\n`);
  process.exitCode = results.every(({ kind }) => kind === 'passed') ? 0 : 1;
}

void main();
