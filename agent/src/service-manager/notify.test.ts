import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { ServiceManager } from './notify';

describe('what systemd is told', () => {
  let folder: string;
  let manager: ServiceManager | undefined;
  let isAlive: boolean;

  /** Writes down what it is asked to say, in the place of systemd-notify. */
  function managerWith(env: NodeJS.ProcessEnv): ServiceManager {
    const program = join(folder, 'notify');
    writeFileSync(program, `#!/bin/sh\nsleep 0.0$((5 - $#))\necho "$@" >> ${join(folder, 'said')}\n`, {
      mode: 0o755,
    });
    manager = new ServiceManager({
      env: { PATH: process.env.PATH, ...env },
      log: pino({ level: 'silent' }),
      isAlive: () => isAlive,
      program,
    });
    return manager;
  }

  function said(): string[] {
    try {
      return readFileSync(join(folder, 'said'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsgate-notify-'));
    isAlive = true;
  });
  afterEach(async () => {
    await manager?.stopping();
    rmSync(folder, { recursive: true });
  });

  it('is nothing without systemd', async () => {
    const alone = managerWith({});
    alone.ready('all is well');
    await alone.stopping();
    expect(said()).toEqual([]);
  });

  it('comes in the order in which it happened', async () => {
    const served = managerWith({ NOTIFY_SOCKET: '/nowhere' });
    served.ready('2 policies');
    served.reloading();
    served.ready('3 policies');
    await served.stopping();
    const pid = `--pid=${process.pid}`;
    expect(said()).toEqual([
      `${pid} READY=1 STATUS=2 policies`,
      expect.stringMatching(/^--pid=\d+ RELOADING=1 MONOTONIC_USEC=\d+$/),
      `${pid} READY=1 STATUS=3 policies`,
      `${pid} STOPPING=1`,
    ]);
  });

  it('feeds the watchdog twice in its time, as long as all is well', async () => {
    const served = managerWith({ NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '200000' });
    served.ready('');
    const fed = (): number => said().filter((line) => line.endsWith('WATCHDOG=1')).length;
    for (let i = 0; i < 100 && fed() < 3; i++) await sleep(50);
    expect(fed()).toBeGreaterThanOrEqual(3);
    isAlive = false;
    await sleep(300);
    const before = fed();
    await sleep(500);
    expect(fed()).toBe(before);
  });

  it("does not feed another process's watchdog", async () => {
    const served = managerWith({ NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' });
    served.ready('');
    await sleep(200);
    await served.stopping();
    expect(said().some((line) => line.includes('WATCHDOG'))).toBe(false);
  });
});
