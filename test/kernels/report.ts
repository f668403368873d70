// A line for each kernel: what held, or what did not.
import { VmError } from '../vm/vm-error';
import { TestFailure } from './test-failure';

/** How the tests on one kernel ended. */
export type KernelResult =
  | {
      readonly kind: 'passed';
      readonly kernel: string;
      readonly held: readonly string[];
      readonly seconds: number;
    }
  | { readonly kind: 'failed'; readonly kernel: string; readonly reason: string; readonly seconds: number };

/** The line for one result. */
export function resultLine(result: KernelResult): string {
  const head = `${result.kind.padEnd(6)}  ${result.kernel.padEnd(24)}`;
  const body = result.kind === 'passed' ? result.held.join(', ') : result.reason;
  return `${head}  ${body} (${result.seconds.toFixed(0)} s)`;
}

/** Runs the tests on one kernel; what they throw becomes part of the result, so that the next kernel has its turn. */
export async function resultOf(
  kernel: string,
  test: () => Promise<readonly string[]>,
): Promise<KernelResult> {
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  try {
    return { kind: 'passed', kernel, held: await test(), seconds: seconds() };
  } catch (error) {
    const known = error instanceof TestFailure || error instanceof VmError;
    if (!known) throw error;
    return { kind: 'failed', kernel, reason: error.message, seconds: seconds() };
  }
}
