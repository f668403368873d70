/** The real controller as a process of its own, built from this checkout, for tests. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import {
  AddressSetServiceClient,
  AgentStreamServiceClient,
  AuditServiceClient,
  EnrollmentServiceClient,
  FleetServiceClient,
  PolicyServiceClient,
  ResourceServiceClient,
  RpcError,
  StatsServiceClient,
  type TlsFiles,
} from '@nsgate/proto';

const ROOT = join(__dirname, '../..');
/** A start takes half a second, and thirty times that on an emulated processor that has others to serve. */
const START_PATIENCE_MS = 60_000;

/** Brings what the processes run up to date with the source. */
export function buildController(): void {
  execFileSync(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-b',
    join(ROOT, 'controller'),
  ]);
  buildDescriptions();
}

/** Brings the description of the API, which reflection and the command line show, up to date with the .proto files. */
export function buildDescriptions(): void {
  describeApi('proto', 'nsgate.binpb');
  describeApi('node_modules/grpc-health-check/proto', 'health.binpb');
}

function describeApi(folder: string, file: string): void {
  const output = join(ROOT, 'proto/dist', file);
  // Tests that run at the same time read it: it is replaced as a whole.
  const fresh = `${output}.${process.pid}.binpb`;
  buf('build', join(ROOT, folder), '--as-file-descriptor-set', '-o', fresh);
  renameSync(fresh, output);
}

/** Runs buf; throws with what it says when it fails. */
export function buf(...args: string[]): string {
  return execFileSync(join(ROOT, 'node_modules/.bin/buf'), args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Runs the operators' command line to its end. */
export function nsgate(...args: string[]): Promise<Ended> {
  return runToEnd('cli/main.js', args);
}

/** Runs a controller that is expected to end by itself. */
export function failingController(...args: string[]): Promise<Ended> {
  return runToEnd('src/main.js', args);
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runToEnd(script: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, 'controller/dist', script), ...args], {
    env: process.env,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), START_PATIENCE_MS);
  await once(child, 'close');
  clearTimeout(timer);
  return { status: child.exitCode, stdout, stderr };
}

/** A controller on a folder of its own; what it keeps there outlives `stop` and `kill`, until `remove`. */
export class ControllerProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'nsgate-controller-'));
  readonly socket = join(this.folder, 'controller.sock');
  readonly dataDir = join(this.folder, 'data');
  /** Lines of its log. */
  log: Record<string, unknown>[] = [];
  /** TCP port, when it was given certificates. */
  port = 0;
  #child: ChildProcess | undefined;

  /** `nodeFlags`: of Node, for a look into the process. */
  constructor(private readonly nodeFlags: readonly string[] = []) {}

  /** `settings`: further flags. */
  async start(tls?: TlsFiles, settings: readonly string[] = []): Promise<void> {
    const tcp = tls && [
      '--listen',
      '127.0.0.1:0',
      '--tls-ca',
      tls.ca,
      '--tls-cert',
      tls.cert,
      '--tls-key',
      tls.key,
    ];
    const args = ['--data-dir', this.dataDir, '--socket', this.socket, ...(tcp ?? []), ...settings];
    const program = [...this.nodeFlags, join(ROOT, 'controller/dist/src/main.js')];
    const child = spawn(process.execPath, [...program, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.log = [];
    await new Promise<void>((resolve, reject) => {
      let rest = '';
      child.stderr.on('data', (text: Buffer) => {
        const lines = (rest + text.toString()).split('\n');
        rest = lines.pop() ?? '';
        this.log.push(...lines.filter((line) => line !== '').map(parseLine));
        if (lines.some((line) => line.includes('controller is ready'))) resolve();
      });
      child.once('exit', () =>
        reject(new Error(`the controller ended: ${JSON.stringify(this.log)} ${rest}`)),
      );
    });
    const listening = this.log.find(({ transport }) => transport === 'tls');
    this.port = Number(listening?.port ?? 0);
  }

  /** When it has ended, however. */
  async ended(): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
    const child = this.#child;
    if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { status: child?.exitCode ?? null, signal: child?.signalCode ?? null };
  }

  /** Throws while it does not run. */
  get pid(): number {
    const { pid } = this.#child ?? {};
    if (pid === undefined) throw new Error('the controller does not run');
    return pid;
  }

  /** Asks it to stop, and gives its exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }

  /** Clients over the Unix socket. */
  local(): Clients {
    return new Clients(`unix:${this.socket}`, credentials.createInsecure());
  }
}

/** What is no line of the log is Node's last word. */
function parseLine(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { level: 60, msg: line };
  }
}

export class Clients {
  readonly policies: PolicyServiceClient;
  readonly addressSets: AddressSetServiceClient;
  readonly resources: ResourceServiceClient;
  readonly fleet: FleetServiceClient;
  readonly stats: StatsServiceClient;
  readonly enrollment: EnrollmentServiceClient;
  readonly audit: AuditServiceClient;
  readonly agents: AgentStreamServiceClient;

  constructor(address: string, channel: ReturnType<typeof credentials.createInsecure>) {
    this.policies = new PolicyServiceClient(address, channel);
    this.addressSets = new AddressSetServiceClient(address, channel);
    this.resources = new ResourceServiceClient(address, channel);
    this.fleet = new FleetServiceClient(address, channel);
    this.stats = new StatsServiceClient(address, channel);
    this.enrollment = new EnrollmentServiceClient(address, channel);
    this.audit = new AuditServiceClient(address, channel);
    this.agents = new AgentStreamServiceClient(address, channel);
  }

  close(): void {
    const { policies, addressSets, resources, fleet, stats, enrollment, audit, agents } = this;
    const all = [policies, addressSets, resources, fleet, stats, enrollment, audit, agents];
    for (const client of all) client.close();
  }
}

/** A unary call as a promise, which rejects with RpcError: `unary((done) => client.getPolicy(request, done))`. */
export function unary<Response>(
  start: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) =>
      error === null ? resolve(response) : reject(RpcError.fromServiceError(error)),
    );
  });
}
