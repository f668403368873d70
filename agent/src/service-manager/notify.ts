/**
 * Tells systemd how the service is (sd_notify(3)). Node opens no datagram sockets of the Unix kind, and what npm has for that is compiled on the
 * spot; so systemd's own program says it. The unit therefore takes notice of all processes of the service (NotifyAccess=all).
 */
import { execFile } from 'node:child_process';
import type { Logger } from 'pino';

export interface ServiceManagerOptions {
  env: NodeJS.ProcessEnv;
  log: Logger;
  /** Whether all is well; when it is not, the watchdog is not fed, and systemd starts the agent anew. */
  isAlive: () => boolean;
  program?: string;
}

export class ServiceManager {
  #watchdog: NodeJS.Timeout | undefined;
  #queue = Promise.resolve();

  constructor(private readonly options: ServiceManagerOptions) {}

  /** READY, and from then on the watchdog. */
  ready(status: string): void {
    this.#say('READY=1', `STATUS=${status}`);
    this.#startWatchdog();
  }

  reloading(): void {
    // systemd.service(5): with Type=notify-reload it wants to know since when.
    this.#say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  /** Resolves once it is said. */
  async stopping(): Promise<void> {
    clearInterval(this.#watchdog);
    this.#say('STOPPING=1');
    await this.#queue;
  }

  /** Twice in the time that systemd waits; WATCHDOG_PID says whether it is we who are watched. */
  #startWatchdog(): void {
    clearInterval(this.#watchdog);
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.options.env;
    const intervalMs = Number(WATCHDOG_USEC ?? 0) / 2000;
    if (intervalMs <= 0 || (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid)) return;
    this.#watchdog = setInterval(() => {
      if (this.options.isAlive()) this.#say('WATCHDOG=1');
    }, intervalMs);
    this.#watchdog.unref();
  }

  /** One after the other: what is said last must be heard last. */
  #say(...lines: string[]): void {
    if (this.options.env.NOTIFY_SOCKET === undefined) return;
    this.#queue = this.#queue.then(() => this.#run(lines));
  }

  #run(lines: string[]): Promise<void> {
    const { program = 'systemd-notify', env, log } = this.options;
    return new Promise((resolve) => {
      execFile(program, [`--pid=${process.pid}`, ...lines], { env, timeout: 5000 }, (error) => {
        if (error !== null) log.warn({ err: error, lines }, 'systemd could not be told');
        resolve();
      });
    });
  }
}
