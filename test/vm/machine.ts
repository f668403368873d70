// A running guest: boots a kernel, runs one command in it, and tells how that ended and what the kernel reported.
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import { checkoutRoot } from './cache-folder';
import { ConsoleWatch, type KernelTrouble, troublesInTaint } from './console-watch';
import { encodeJob, type ExitReport, parseExitReport } from './guest-job';
import { type Qemu, type QemuOptions, startQemu } from './qemu';

/** How a machine's run ended. */
export type MachineExit =
  /** The command ended with `status`, and all its output has been delivered. */
  | { readonly kind: 'exited'; readonly status: number; readonly troubles: readonly KernelTrouble[] }
  /** The guest ended without a word on the command: a panic, a power-off from inside, a failed start. */
  | { readonly kind: 'died'; readonly reason: string; readonly troubles: readonly KernelTrouble[] }
  /** `kill` or `stop` ended it. */
  | { readonly kind: 'stopped'; readonly troubles: readonly KernelTrouble[] };

/** A command and the machine to run it in. */
export interface MachineOptions extends QemuOptions {
  readonly command: readonly string[];
  /** Absolute folder of the guest in which the command starts. */
  readonly workingDirectory: string;
  /** The command's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
}

const secondsForConsole = 10;

/** A guest that runs one command. Its output streams must be read (or `resume`d), or the command blocks in time. */
export class Machine {
  /** The command's standard input; `end()` it to give the command end-of-file. */
  readonly stdin: Writable;
  /** The command's standard output, byte for byte. */
  readonly stdout: Readable;
  /** The command's standard error, byte for byte. */
  readonly stderr: Readable;
  /** What the kernel prints. */
  readonly console = new ConsoleWatch();
  /** Settles once qemu is gone and all output has been delivered; never rejects. */
  readonly exited: Promise<MachineExit>;

  readonly #qemu: Qemu;
  readonly #endMark = `nsgate-vm: end ${randomUUID()}`;
  readonly #gone: Promise<unknown>;
  #complaints = '';
  #stopping = false;

  private constructor(options: MachineOptions) {
    const qemu = startQemu(options);
    this.#qemu = qemu;
    this.#gone = qemuGone(qemu);
    this.stdin = qemu.stdin;
    const stdout = new CountedOutput(qemu.stdout);
    const stderr = new CountedOutput(qemu.stderr);
    this.stdout = stdout.stream;
    this.stderr = stderr.stream;
    this.#watch();
    this.exited = this.#run(options, stdout, stderr);
  }

  /** Boots the machine and starts the command; does not wait for either. */
  static start(options: MachineOptions): Machine {
    return new Machine(options);
  }

  /** The command's standard output line by line, without line ends. */
  lines(): AsyncIterable<string> {
    return createInterface({ input: this.stdout, crlfDelay: Infinity });
  }

  /** Sends a signal (`TERM`, `INT`, …) to the command and what it started in its session. */
  signal(name: string): void {
    this.#qemu.control.write(`signal ${name}\n`);
  }

  /** Asks the command to end by SIGTERM, and kills the machine if it has not after `graceSeconds`. */
  async stop(graceSeconds: number): Promise<MachineExit> {
    this.signal('TERM');
    const patience = new AbortController();
    const killLater = delay(graceSeconds * 1000, undefined, { signal: patience.signal }).then(
      () => this.kill(),
      () => undefined,
    );
    const exit = await this.exited;
    patience.abort();
    await killLater;
    return exit;
  }

  /** Takes the machine's power away. */
  async kill(): Promise<MachineExit> {
    this.#stopping = true;
    this.#qemu.process.kill('SIGKILL');
    return this.exited;
  }

  #watch(): void {
    const { complaints, console } = this.#qemu;
    complaints.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
    console.setEncoding('utf8').on('data', (text: string) => {
      this.console.feed(text);
    });
    for (const port of [this.#qemu.console, this.#qemu.control, this.#qemu.stdin]) {
      // A connection broken by qemu's end is not news: `exited` tells of that end itself.
      port.on('error', () => port.destroy());
    }
  }

  async #run(options: MachineOptions, stdout: CountedOutput, stderr: CountedOutput): Promise<MachineExit> {
    const { command, workingDirectory, environment } = options;
    const network = options.network !== undefined;
    const job = {
      command,
      workingDirectory,
      environment,
      checkout: checkoutRoot,
      network,
      endMark: this.#endMark,
    };
    this.#qemu.control.write(encodeJob(job));
    const report = await this.#exitReport();
    if (report) {
      await Promise.all([stdout.reaches(report.stdoutBytes), stderr.reaches(report.stderrBytes)]);
      await this.#consoleComplete();
      this.#qemu.process.kill('SIGKILL');
    }
    await this.#gone;
    await Promise.all([stdout.delivered, stderr.delivered]);
    if (!report) return this.#unreportedEnd();
    const lost = stdout.bytes !== report.stdoutBytes || stderr.bytes !== report.stderrBytes;
    if (lost)
      return { kind: 'died', reason: 'output of the command was lost', troubles: this.console.troubles };
    return { kind: 'exited', status: report.status, troubles: this.#troubles(report) };
  }

  /** Settles with what the guest reports on the control port, or undefined once that port is closed. */
  async #exitReport(): Promise<ExitReport | undefined> {
    const port = this.#qemu.control.setEncoding('utf8');
    let received = '';
    return new Promise((resolve) => {
      port.on('data', (text: string) => {
        received += text;
        const report = parseExitReport(received);
        if (report) resolve(report);
      });
      port.once('close', () => resolve(undefined));
    });
  }

  /** Waits until the console has printed all that the kernel said while the command ran. */
  async #consoleComplete(): Promise<void> {
    const deadline = Date.now() + secondsForConsole * 1000;
    while (!this.console.hasPrinted(this.#endMark) && Date.now() < deadline) await delay(2);
  }

  #troubles(report: ExitReport): readonly KernelTrouble[] {
    return this.console.troubles.length > 0 ? this.console.troubles : troublesInTaint(report.taint);
  }

  #unreportedEnd(): MachineExit {
    const { troubles } = this.console;
    if (this.#stopping) return { kind: 'stopped', troubles };
    const complaint = this.#complaints.trim();
    const reason = complaint === '' ? 'the guest went down before the command ended' : `qemu: ${complaint}`;
    return { kind: 'died', reason, troubles };
  }
}

async function qemuGone({ process, complaints }: Qemu): Promise<void> {
  const closed = new Promise((resolve) => complaints.once('close', resolve));
  await new Promise((resolve) => process.once('error', resolve).once('exit', resolve));
  await closed;
}

/** An output port's bytes on their way to the reader, counted. */
class CountedOutput {
  readonly stream = new PassThrough();
  /** Settles when all bytes that will ever come have been handed to `stream`. */
  readonly delivered: Promise<unknown>;
  bytes = 0;
  readonly #port: Readable;

  constructor(port: Readable) {
    this.#port = port;
    this.delivered = new Promise((resolve) => port.once('close', resolve));
    port.on('data', (chunk: Buffer) => (this.bytes += chunk.length));
    port.on('error', () => port.destroy());
    port.pipe(this.stream);
    port.on('close', () => this.stream.end());
  }

  /** Settles when `count` bytes have come, or no more will. */
  async reaches(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.bytes >= count) resolve();
      };
      this.#port.on('data', check).once('close', resolve);
      if (this.#port.destroyed) resolve();
      check();
    });
  }
}
