/** The demo's host, seen from the operator's side: a virtual machine or this machine, both running ./host. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { boot } from '../../test/vm/boot';
import { parseHostEvent, type HostEvent, type HostOrders } from './host-event';
import type { DemoOptions } from './options';

const ROOT = resolve(__dirname, '../..');
const HOST_PROGRAM = ['--import', 'tsx', resolve(__dirname, 'host/main.ts')];
const STOP_PATIENCE_MS = 30_000;

/** A program with standard streams, wherever it runs. */
interface RunningHost {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
  /** Settles when it has ended: undefined if all went well, else what went wrong. */
  ended: Promise<string | undefined>;
  kill: () => void;
}

export class DemoHost {
  /** Settles when the host has ended: undefined if it was stopped and cleaned up, else what went wrong. */
  readonly ended: Promise<string | undefined>;
  readonly #running: RunningHost;

  private constructor(running: RunningHost, orders: HostOrders, logFile: string) {
    this.#running = running;
    this.ended = running.ended;
    running.stderr.pipe(createWriteStream(logFile));
    running.stdin.on('error', () => undefined); // A host that is gone is reported by `ended`.
    running.stdin.write(`${JSON.stringify(orders)}\n`);
  }

  /** Starts the host; the agent's log goes to the data folder. */
  static async start(options: DemoOptions, orders: HostOrders): Promise<DemoHost> {
    const running = options.host === 'vm' ? await startInVm() : startHere();
    return new DemoHost(running, orders, join(options.dataDir, 'agent.log'));
  }

  /** What the host tells, until it ends. */
  async *events(): AsyncGenerator<HostEvent> {
    for await (const line of createInterface({ input: this.#running.stdout })) yield parseHostEvent(line);
  }

  /** Has the host clean up and end; gives what went wrong. */
  async stop(): Promise<string | undefined> {
    this.#running.stdin.end();
    const killer = setTimeout(() => this.#running.kill(), STOP_PATIENCE_MS);
    const problem = await this.ended;
    clearTimeout(killer);
    return problem;
  }
}

async function startInVm(): Promise<RunningHost> {
  const machine = await boot({
    command: [process.execPath, ...HOST_PROGRAM],
    memoryMegabytes: 1024,
    network: { forwards: [] },
    workingDirectory: ROOT,
  });
  const ended = machine.exited.then((exit) => {
    const [trouble] = exit.troubles;
    if (trouble !== undefined) return `the guest's kernel reported ${trouble.kind}: ${trouble.line}`;
    if (exit.kind === 'exited')
      return exit.status === 0 ? undefined : `the host ended with status ${exit.status}`;
    return exit.kind === 'died'
      ? `the virtual machine died: ${exit.reason}`
      : 'the virtual machine was killed';
  });
  const { stdin, stdout, stderr } = machine;
  return { stdin, stdout, stderr, ended, kill: () => void machine.kill() };
}

function startHere(): RunningHost {
  const child = spawn(process.execPath, HOST_PROGRAM, { cwd: ROOT, stdio: 'pipe', detached: true });
  const ended = once(child, 'exit').then(([code, signal]) =>
    code === 0 ? undefined : `the host ended with ${String(signal ?? `status ${String(code)}`)}`,
  );
  const { stdin, stdout, stderr } = child;
  return { stdin, stdout, stderr, ended, kill: () => child.kill('SIGKILL') };
}
