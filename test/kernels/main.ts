// Entry of `npm run test:kernels [-- --kernel LINE…]`: the module on Debian's stock kernels, all supported lines unless some
// are named. What is known is told at once: each step, each test that fails, and each kernel's result.
import { parseOptions } from './options';
import { type KernelResult, resultLine, resultOf } from './report';
import { stockKernel, testStockKernel } from './stock-kernel';

function say(message: string): void {
  process.stderr.write(`test:kernels: ${message}\n`);
}

async function testLine(line: string): Promise<KernelResult> {
  say(`Linux ${line} …`);
  const sayOfLine = (message: string): void => {
    say(`Linux ${line}: ${message}`);
  };
  return resultOf(line, async () => {
    const kernel = await stockKernel(line, say);
    return [kernel.image.release, ...(await testStockKernel(kernel, sayOfLine))];
  });
}

async function main(): Promise<void> {
  for (const line of parseOptions(process.argv.slice(2))) {
    const result = await testLine(line);
    process.stdout.write(`${resultLine(result)}\n`);
    if (result.kind === 'failed') process.exitCode = 1;
  }
}

void main();
