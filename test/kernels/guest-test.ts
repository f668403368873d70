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
  /** Gets each test that fails, as it does, and what was tested in the end. */
  readonly announce: (message: string) => void;
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

/** The line by which a program says that a test failed: that of TAP, and of jest. */
const failure = /^(?:not ok|Bail out!|\s*●) .*/;

/** The tests that the lines of a program's output say have failed, each once. */
export function failuresIn(lines: readonly string[]): string[] {
  const found = lines.map((line) => failure.exec(stripVTControlCharacters(line))?.[0].trim());
  return [...new Set(found.filter((line) => line !== undefined))];
}

/** Calls `tell` for each line of a stream that says of a failure, as soon as the line is whole. */
function lookForFailures(tell: (failed: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    failuresIn(lines).forEach(tell);
  };
}

async function collect(machine: Machine, { name, announce }: GuestTest, log: string): Promise<string> {
  const file = createWriteStream(log);
  const told = new Set<string>();
  const tell = (failed: string): void => {
    if (!told.has(failed)) announce(`${name}: ${failed}`);
    told.add(failed);
  };
  let output = '';
  for (const stream of [machine.stdout, machine.stderr]) {
    const look = lookForFailures(tell);
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      look(text);
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
  const failures = failuresIn(output.split('\n'));
  if (failures.length > 0) return failures.join('; ');
  if (exit.status !== 0) return `it ended with status ${exit.status}`;
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
  const output = await collect(machine, test, log);
  clearTimeout(killer);
  const failed = verdict(await machine.exited, output, test);
  if (failed !== undefined) throw new TestFailure(`${name}: ${failed}`, log);
  const tested = test.tested(output) ?? '';
  test.announce(tested);
  return tested;
}
