/** Debian's Prometheus, unpacked into the cache folder rather than installed, which would start it (docs/adr/0003). */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, fillFolder } from '../vm/cache-folder';
import { withArchive } from '../vm/kernel-image';
import { kernelLineOf } from '../vm/kernel-line';

/** Of the suite that has this kernel, when the machine's own lists have no Prometheus. */
const DEBIAN_12 = '6.1';

/** Where the package is unpacked; downloads it once. */
async function packageFolder(): Promise<string> {
  const folder = join(cacheFolder(), 'prometheus');
  if (existsSync(folder)) return folder;
  await withArchive(kernelLineOf(DEBIAN_12), async (archive) => {
    const newest = await archive.newest('prometheus');
    await fillFolder(folder, (unfinished) => archive.unpack(newest, unfinished));
    return newest;
  });
  return folder;
}

/** Runs promtool in a folder, or on a text; throws with what it says when it fails. */
export async function promtool(
  { cwd, input }: { cwd?: string; input?: string },
  ...args: string[]
): Promise<string> {
  const program = join(await packageFolder(), 'usr/bin/promtool');
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, input, encoding: 'utf8' });
  if (status === 0) return stdout + stderr;
  throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`);
}

/** A Prometheus that runs. */
export class Prometheus {
  readonly #child: ChildProcess;
  #log = '';

  private constructor(
    program: string,
    private readonly options: { folder: string; port: number },
  ) {
    const { folder, port } = options;
    this.#child = spawn(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder },
    );
    this.#child.stderr?.on('data', (text: Buffer) => (this.#log += text.toString()));
  }

  /** `folder` has its prometheus.yml, and takes its data. */
  static async start(options: { folder: string; port: number }): Promise<Prometheus> {
    return new Prometheus(join(await packageFolder(), 'usr/bin/prometheus'), options);
  }

  /** Answers of its HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/); undefined while it does not answer. */
  async ask(path: string): Promise<unknown> {
    if (this.#child.exitCode !== null) throw new Error(`prometheus has ended: ${this.#log}`);
    try {
      const response = await fetch(`http://127.0.0.1:${this.options.port}/api/v1/${path}`);
      return response.ok ? ((await response.json()) as { data: unknown }).data : undefined;
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
