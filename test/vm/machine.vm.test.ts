import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { boot } from './boot';
import { cacheFolder, checkoutRoot } from './cache-folder';
import { kernelHeaders } from './kernel-headers';
import { kernelImage } from './kernel-image';
import { defaultKernel } from './kernel-line';
import { exitStatus } from './vm-error';

jest.setTimeout(180_000);

interface Outcome {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const runner = ['--import', 'tsx', join(__dirname, 'main.ts')];

async function vm(programArguments: readonly string[], input = Buffer.alloc(0)): Promise<Outcome> {
  const child = spawn(process.execPath, [...runner, ...programArguments], { cwd: checkoutRoot });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

async function inScratchFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(cacheFolder(), 'vm-test-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a command in the machine', () => {
  it('gets its arguments and input exactly, and its output and status come back exactly', async () => {
    const everyByte = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256));
    const script = 'cat; printf "%s|" "$@" >&2; exit 42';
    const outcome = await vm(['--', 'sh', '-c', script, 'sh', "it's", 'two\nlines', '', '$x'], everyByte);
    expect(outcome.stdout.equals(everyByte)).toBe(true);
    expect(outcome.stderr).toBe(`it's|two\nlines||$x|`);
    expect(outcome.status).toBe(42);
  });

  it('sees the host’s files, changes only the checkout, and can load the kernel’s modules', async () => {
    await inScratchFolder(async (folder) => {
      const script = `
        set -e
        pwd; id -u; uname -r
        echo kept > '${folder}/kept'
        echo gone > /etc/nsgate-vm-test; echo gone > /tmp/nsgate-vm-test
        modprobe -a pktgen veth nf_tables nf_conntrack iptable_raw bridge
        ip netns add a; ip netns exec a true
        ping -c 1 127.0.0.1 >/dev/null
        ls /run`;
      const outcome = await vm(['--', 'sh', '-c', script]);
      expect(outcome.stderr).toBe('');
      expect(outcome.stdout.toString()).toMatch(
        new RegExp(`^${checkoutRoot}\n0\n6\\.1\\.\\S+\nlock\nnetns\nnsgate-vm\n$`),
      );
      expect(outcome.status).toBe(0);
      expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('kept\n');
      expect(existsSync('/etc/nsgate-vm-test') || existsSync('/tmp/nsgate-vm-test')).toBe(false);
    });
  });
});

describe('a kernel in trouble fails the run', () => {
  it('by a panic, which is shown', async () => {
    const outcome = await vm(['--', 'sh', '-c', 'echo before; echo c > /proc/sysrq-trigger']);
    expect(outcome.status).toBe(exitStatus.kernelTrouble);
    expect(outcome.stderr).toContain('Kernel panic - not syncing: sysrq triggered crash');
    expect(outcome.stderr).toMatch(/^vm: failed: the guest's kernel reported panic/m);
  });

  it('by a warning, though the command succeeded', async () => {
    await inScratchFolder(async (folder) => {
      cpSync(join(__dirname, 'warning-module'), folder, { recursive: true });
      const headers = await kernelHeaders(await kernelImage(defaultKernel, () => undefined), () => undefined);
      execFileSync('make', ['-C', headers, `M=${folder}`, 'modules']);
      const outcome = await vm(['--', 'sh', '-c', `insmod '${folder}/warning.ko' && echo done`]);
      expect(outcome.stdout.toString()).toBe('done\n');
      expect(outcome.stderr).toContain('the runner must notice this');
      expect(outcome.stderr).toMatch(/reported WARNING: .*; the command exited with 0$/m);
      expect(outcome.status).toBe(exitStatus.kernelTrouble);
    });
  });
});

describe('a machine that lives on', () => {
  it('gives output line by line, takes input, and stops in order', async () => {
    const script =
      'trap "echo stopping; exit 5" TERM; while read -r line; do echo "got $line"; done; sleep 1000 & wait';
    const machine = await boot({ command: ['sh', '-c', script] });
    machine.stderr.resume();
    const lines = machine.lines()[Symbol.asyncIterator]();
    machine.stdin.write('one\n');
    expect(await lines.next()).toEqual({ done: false, value: 'got one' });
    machine.stdin.end('two\n');
    expect(await lines.next()).toEqual({ done: false, value: 'got two' });
    const exit = machine.stop(20);
    expect(await lines.next()).toEqual({ done: false, value: 'stopping' });
    expect(await exit).toEqual({ kind: 'exited', status: 5, troubles: [] });
  });

  it('is killed without a trace', async () => {
    const machine = await boot({ command: ['sleep', '1000'] });
    machine.stdout.resume();
    machine.stderr.resume();
    expect(await machine.kill()).toEqual({ kind: 'stopped', troubles: [] });
  });
});
