// Entry of `npm run kernel-headers [-- VERSION]`: prints the folder against which modules for that kernel are built.
import { kernelHeaders } from './kernel-headers';
import { kernelImage } from './kernel-image';
import { defaultKernel } from './kernel-line';
import { VmError } from './vm-error';

function say(message: string): void {
  process.stderr.write(`vm: ${message}\n`);
}

async function main(): Promise<void> {
  try {
    const image = await kernelImage(process.argv[2] ?? defaultKernel, say);
    process.stdout.write(`${await kernelHeaders(image, say)}\n`);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    say(error.message);
    process.exitCode = error.status;
  }
}

void main();
