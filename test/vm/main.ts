// Entry of `npm run vm`: runs one command in a guest, its streams joined to ours, its exit status ours.
import { realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { pipeline } from 'node:stream/promises';

import { boot } from './boot';
import { checkoutRoot } from './cache-folder';
import { parseCommandLine, type RunRequest } from './command-line';
import type { Machine, MachineExit } from './machine';
import { exitStatus, VmError } from './vm-error';

function say(message: string): void {
  process.stderr.write(`vm: ${message}\n`);
}

/** The caller's folder if the guest has it writable as well, else the checkout's root. npm names it in INIT_CWD. */
function workingDirectory(): string {
  const caller = realpathSync(process.env.INIT_CWD ?? process.cwd());
  return caller === checkoutRoot || caller.startsWith(`${checkoutRoot}/`) ? caller : checkoutRoot;
}

/** The exit status by which shells tell of a death by `signal`. */
function statusOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}

/** Copies the guest's output to ours. When our own reader goes away, that takes the machine with it: the answer is false. */
async function copyOutput(machine: Machine): Promise<boolean> {
  const copies = [
    pipeline(machine.stdout, process.stdout, { end: false }),
    pipeline(machine.stderr, process.stderr, { end: false }),
  ];
  try {
    await Promise.all(copies);
    return true;
  } catch (error) {
    await machine.kill();
    if (!isBrokenPipe(error)) throw error;
    return false;
  }
}

function forwardInput(machine: Machine): void {
  process.stdin.pipe(machine.stdin);
  machine.stdin.on('close', () => process.stdin.destroy());
}

/** Kills the machine at the first signal or when time is up; tells the status that this calls for, if it happened. */
function armKillers(machine: Machine, timeoutSeconds: number): () => number | undefined {
  let status: number | undefined;
  const killWith = (cause: number): void => {
    status ??= cause;
    void machine.kill();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      say(`the machine is killed on ${signal}`);
      killWith(statusOfSignal(signal));
    });
  }
  if (timeoutSeconds > 0) {
    setTimeout(() => {
      say(`the command was still running after ${timeoutSeconds} s (--timeout)`);
      killWith(exitStatus.timeout);
    }, timeoutSeconds * 1000).unref();
  }
  return () => status;
}

/** Reports what the kernel had to say, and settles the runner's exit status. */
function conclude(machine: Machine, exit: MachineExit): number {
  if (exit.troubles.length > 0) {
    for (const line of machine.console.excerpt()) process.stderr.write(`vm: console: ${line}\n`);
    const kinds = [...new Set(exit.troubles.map(({ kind }) => kind))].join(', ');
    const command = exit.kind === 'exited' ? `; the command exited with ${exit.status}` : '';
    say(`failed: the guest's kernel reported ${kinds}: ${exit.troubles[0]?.line ?? ''}${command}`);
    return exitStatus.kernelTrouble;
  }
  if (exit.kind === 'exited') return exit.status;
  if (exit.kind === 'stopped') return exitStatus.environment;
  for (const line of machine.console.tail(30)) process.stderr.write(`vm: console: ${line}\n`);
  say(`failed: ${exit.reason}`);
  return exitStatus.environment;
}

async function run(request: RunRequest): Promise<number> {
  const machine = await boot({ ...request.boot, announce: say });
  const killedWith = armKillers(machine, request.timeoutSeconds);
  forwardInput(machine);
  if (request.boot.verboseKernel)
    machine.console.follow((line) => process.stderr.write(`vm: console: ${line}\n`));
  const delivered = await copyOutput(machine);
  if (!delivered) return statusOfSignal('SIGPIPE');
  const status = conclude(machine, await machine.exited);
  return killedWith() ?? status;
}

async function main(): Promise<void> {
  try {
    const request = parseCommandLine(process.argv.slice(2), workingDirectory());
    process.exitCode = request ? await run(request) : 0;
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    say(error.message);
    process.exitCode = error.status;
  } finally {
    process.stdin.destroy();
  }
}

void main();
