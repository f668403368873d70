/** Tenants: who has rights inside of a network namespace, and nowhere else. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { run } from './command';
import { Namespace } from './namespace';

export interface Attempt {
  readonly status: number | null;
  readonly output: string;
}

export interface Inherited {
  /** What stands on its standard input. */
  readonly input?: Uint8Array;
  /** Becomes its descriptor 3. */
  readonly descriptor?: number;
}

/** Runs a program that may fail, with what it is left by its parent. */
export function attempt([program = '', ...rest]: readonly string[], inherited: Inherited = {}): Attempt {
  const { input = new Uint8Array(), descriptor } = inherited;
  const { status, stdout, stderr } = spawnSync(program, rest, {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
  });
  return { status, output: stdout + stderr };
}

/** A process that does nothing but keep its namespaces alive. */
class Sleeper {
  private constructor(
    private readonly child: ChildProcess,
    /** Of the innermost process, as the host numbers it. */
    readonly pid: number,
  ) {}

  /** `prefix` ends in what puts a command into new namespaces. */
  static async start(prefix: readonly string[]): Promise<Sleeper> {
    const [program, ...rest] = [...prefix, 'sh', '-c', 'echo in; exec sleep 100000'];
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${prefix.join(' ')} ended`))),
    ]);
    return new Sleeper(child, innermost(child.pid ?? 0));
  }

  get inode(): number {
    return statSync(`/proc/${this.pid}/ns/net`).ino;
  }

  async end(): Promise<void> {
    const exited = once(this.child, 'exit');
    process.kill(this.pid, 'SIGKILL');
    await exited;
  }
}

function innermost(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return child === undefined || child === '' ? pid : innermost(Number(child));
}

const AS_NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

/**
 * Root of a user namespace, and nobody on the host, as in a container without rights there. The network namespace is his own; the host has given it a name and
 * a link (namespace.ts). Mounts and processes are his own, too.
 */
export class Tenant {
  readonly #nested: Sleeper[] = [];

  private constructor(
    private readonly root: Sleeper,
    readonly namespace: Namespace,
  ) {}

  static async start(name: string, number: number): Promise<Tenant> {
    const own = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--mount-proc'];
    const root = await Sleeper.start([...AS_NOBODY, 'unshare', ...own]);
    run('ip', 'netns', 'attach', name, String(root.pid));
    return new Tenant(root, Namespace.join(name, number));
  }

  /** The link's end in here. */
  get link(): string {
    return `${this.namespace.name}n`;
  }

  /** What puts a command into the tenant's place. */
  get enter(): string[] {
    return enterAll(this.root);
  }

  /** Runs a script as the tenant; an Error holds what it said. */
  run(script: string): string {
    return succeed([...this.enter, 'sh', '-ec', script]);
  }

  /** Makes a namespace inside, owned as the tenant's own is, and without a name. */
  async nest(): Promise<NestedNamespace> {
    const sleeper = await Sleeper.start([...this.enter, 'unshare', '--net']);
    this.#nested.push(sleeper);
    const enter = enterAll(sleeper);
    const inside = (script: string): Attempt => attempt([...enter, 'sh', '-ec', script]);
    return {
      inode: sleeper.inode,
      exec: inside,
      run: (script) => succeed([...enter, 'sh', '-ec', script]),
      take: (device) => {
        this.run(`ip link set ${device} netns ${pidInside(sleeper)}`);
      },
    };
  }

  async end(): Promise<void> {
    for (const sleeper of this.#nested.splice(0)) await sleeper.end();
    await this.root.end();
    this.namespace.delete();
  }
}

export interface NestedNamespace {
  readonly inode: number;
  readonly exec: (script: string) => Attempt;
  /** An Error holds what it said. */
  readonly run: (script: string) => string;
  /** Has the tenant move a device of his into it. */
  readonly take: (device: string) => void;
}

function enterAll({ pid }: Sleeper): string[] {
  return ['nsenter', '--target', String(pid), '--user', '--net', '--mount', '--pid', '--'];
}

/** As the processes of its pid namespace number it. */
function pidInside({ pid }: Sleeper): string {
  const numbers = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  return numbers.split(/\s+/).at(-1) ?? '';
}

function succeed(argv: readonly string[]): string {
  const { status, output } = attempt(argv);
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${output}`);
  return output;
}
