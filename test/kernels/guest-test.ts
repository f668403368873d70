// Runs one test program in a machine with a given kernel, and judges it by its output, its status and the console.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';

import { boot } from '../vm/boot';
import type { KernelImage } from '../vm/kernel-image';
import type { Machine, MachineExit } from '../vm/machine';
import { TestFailure } from './test-failure';

/** A test program and the machine for it. */
export interface GuestTest {
  /** Names it in messages, and its log. */
  readonly name: string;
  readonly image: KernelImage;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly memoryMegabytes: number;
  /** After which the machine is killed. */
  readonly timeoutSeconds: number;
  /** The folder for its log. */
  readonly folder: string;
  /** Reads from the program's output what it tested; undefined if it did not come to its end. */
  readonly tested: (output: string) => string | undefined;
}

/** What the device test says of itself, e.g. `210 checks`; its output is that of the Test Anything Protocol. */
export function checksIn(output: string): string | undefined {
  const plan = /^1\.\.(\d+)$/m.exec(output)?.[1];
  return plan === undefined ? undefined : `${plan} checks of the device`;
}

/** What jest says of itself, e.g. `22 end-to-end tests`. */
export function testsIn(output: string): string | undefined {
  const total = /^Tests:.* (\d+) total$/m.exec(stripVTControlCharacters(output))?.[1];
  return total === undefined ? undefined : `${total} end-to-end tests`;
}

async function collect(machine: Machine, log: string): Promise<string> {
  const file = createWriteStream(log);
  let output = '';
  for (const stream of [machine.stdout, machine.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      file.write(text);
    });
  }
  await machine.exited;
  file.write(['', ...machine.console.excerpt()].map((line) => `console: ${line}\n`).join(''));
  await finished(file.end());
  return output;
}

function verdict(exit: MachineExit, output: string, test: GuestTest): string | undefined {
  if (exit.troubles[0]) return `the kernel reported ${exit.troubles[0].kind}: ${exit.troubles[0].line}`;
  if (exit.kind === 'stopped') return `it was still running after ${test.timeoutSeconds} s`;
  if (exit.kind === 'died') return exit.reason;
  const firstFailure = /^(?:not ok|Bail out!|\s*●) .*/m.exec(output)?.[0]?.trim();
  if (exit.status !== 0 || firstFailure !== undefined)
    return firstFailure ?? `it ended with status ${exit.status}`;
  return test.tested(output) === undefined ? 'it did not come to its end' : undefined;
}

/**
 * Boots the machine, runs the program, and tells what it tested.
 * @throws TestFailure if it failed, or the kernel had anything to report
 */
export async function runInGuest(test: GuestTest): Promise<string> {
  const { name, image, command, environment, cpus, memoryMegabytes, timeoutSeconds, folder } = test;
  const log = join(folder, `${name}.log`);
  const machine = await boot({
    kernel: image,
    command,
    cpus,
    memoryMegabytes,
    ...(environment && { environment }),
  });
  machine.stdin.end();
  const killer = setTimeout(() => void machine.kill(), timeoutSeconds * 1000);
  const output = await collect(machine, log);
  clearTimeout(killer);
  const failure = verdict(await machine.exited, output, test);
  if (failure !== undefined) throw new TestFailure(`${name}: ${failure}`, log);
  return test.tested(output) ?? '';
}
