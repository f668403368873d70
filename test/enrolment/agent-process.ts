/** The real agent as a process of its own, built from this checkout, on a folder of its own; it needs no kernel module to enrol. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { askForStatus } from '../../agent/src/local-api/local-server';
import type { AgentStatus } from '../../agent/src/local-api/status';

const AGENT = resolve(__dirname, '../../agent/dist/src/main.js');

export class AgentProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'nsgate-enrolling-'));
  readonly stateDir = join(this.folder, 'state');
  readonly tokenFile = join(this.stateDir, 'enroll-token');
  /** All that it has written, over all of its runs. */
  log = '';
  #child: ChildProcess | undefined;

  constructor(private readonly settings: readonly string[]) {
    mkdirSync(this.stateDir, { mode: 0o700 });
  }

  file(name: 'key' | 'cert' | 'ca'): string {
    return join(this.stateDir, 'identity', `${name}.pem`);
  }

  putToken(token: string): void {
    writeFileSync(this.tokenFile, `${token}\n`, { mode: 0o600 });
  }

  start(env: NodeJS.ProcessEnv = {}): void {
    const child = spawn(process.execPath, [AGENT, 'run', ...this.#flags()], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.#child = child;
  }

  /** `nsgate-agent <command>` with the same settings, to its end. */
  async run(command: string): Promise<{ status: number | null; output: string }> {
    const child = spawn(process.execPath, [AGENT, command, ...this.#flags()]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    await once(child, 'close');
    return { status: child.exitCode, output };
  }

  status(): Promise<AgentStatus> {
    return askForStatus(join(this.folder, 'agent.sock'));
  }

  /** What every user of the machine can read of it. */
  get commandLine(): string {
    return readFileSync(`/proc/${this.#child?.pid ?? 0}/cmdline`, 'utf8');
  }

  /** Waits for it to end by itself. */
  async exit(): Promise<number | null> {
    const child = this.#child;
    if (child?.exitCode === null) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  #flags(): string[] {
    return [
      ...['--state-dir', this.stateDir, '--socket', join(this.folder, 'agent.sock')],
      ...['--device', join(this.folder, 'no-device'), '--netns-dir', join(this.folder, 'no-names')],
      ...this.settings,
    ];
  }
}
