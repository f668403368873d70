/** The demo's controller: the real program, with its store, socket and log in the data folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DemoCertificates } from './certificates';
import type { DemoOptions } from './options';
import type { WebAccess } from './web-access';

const CONTROLLER = resolve(__dirname, '../../controller/dist/src/main.js');
const START_PATIENCE_MS = 20_000;
const STOP_PATIENCE_MS = 10_000;

export interface ControllerFiles {
  readonly certificates: DemoCertificates;
  readonly access: WebAccess;
}

/** A controller that serves. */
export class ControllerProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** host:port of its mutual TLS. */
    readonly address: string,
    /** Path of its Unix socket. */
    readonly socket: string,
  ) {}

  /** Starts the controller and waits until it serves; an Error repeats what it said when it does not. */
  static async start(
    options: DemoOptions,
    { certificates: { controller: tls, authorityKey }, access }: ControllerFiles,
    serves: () => Promise<boolean>,
  ): Promise<ControllerProcess> {
    const address = `127.0.0.1:${options.port}`;
    const socket = join(options.dataDir, 'controller.sock');
    const log = join(options.dataDir, 'controller.log');
    const output = openSync(log, 'a');
    const logStart = statSync(log).size;
    const flags = [
      ...['--data-dir', join(options.dataDir, 'store')],
      ...['--listen', address],
      ...['--socket', socket],
      ...['--tls-ca', tls.ca, '--tls-cert', tls.cert, '--tls-key', tls.key, '--ca-key', authorityKey],
      ...['--web', `127.0.0.1:${options.webPort}`, '--access', access.file],
    ];
    const child = spawn(process.execPath, [CONTROLLER, ...flags], {
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    const controller = new ControllerProcess(child, address, socket);
    await controller.#awaitService(serves, () => readFileSync(log).subarray(logStart).toString());
    return controller;
  }

  /** Settles with a sentence when the controller ends. */
  async ended(): Promise<string> {
    if (this.#running()) await once(this.child, 'exit');
    return `the controller ended (${this.child.signalCode ?? `exit status ${this.child.exitCode ?? '?'}`})`;
  }

  async stop(): Promise<void> {
    if (!this.#running()) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), STOP_PATIENCE_MS);
    await exited;
    clearTimeout(killer);
  }

  #running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async #awaitService(serves: () => Promise<boolean>, said: () => string): Promise<void> {
    const deadline = Date.now() + START_PATIENCE_MS;
    while (!(await serves())) {
      if (!this.#running()) throw new Error(`the controller did not start: ${lastLine(said())}`);
      if (Date.now() > deadline) {
        await this.stop();
        throw new Error(`the controller does not answer on ${this.address}: ${lastLine(said())}`);
      }
      await delay(100);
    }
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
