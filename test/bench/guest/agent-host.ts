/** A host for measuring the agent: the module, a desired state on disk that no controller sent, and the agent's real program. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Action, AgentPolicy, agentPolicyDigest, AgentRule, Hook, RejectWith, ruleKey } from '@nsgate/proto';
import { StateFile } from '../../../agent/src/desired-state/state-file';
import { openKernelDevice, type KernelDevice } from '../../../agent/src/kernel-device';
import { createLocalCa } from '../../../deploy/certificates/local-ca';

/** A policy of `rules` rules, each of one source and one port of tcp, for the names that `glob` matches. */
export function policyOf(id: string, glob: string, rules: number): AgentPolicy {
  const uid = `uid-${id}`;
  const message = AgentPolicy.fromPartial({
    ...{ name: `policies/${id}`, uid, revision: 1n, namespaces: { include: [glob] } },
    rules: Array.from({ length: rules }, (_, n) => ruleOf(uid, n)),
  });
  return { ...message, digest: agentPolicyDigest(message) };
}

function ruleOf(uid: string, n: number): AgentRule {
  const id = `r${n}`;
  return AgentRule.fromPartial({
    ...{ id, key: ruleKey(uid, id), hook: Hook.HOOK_INPUT, action: Action.ACTION_DROP },
    ...{ rejectWith: RejectWith.REJECT_WITH_UNSPECIFIED, ipv4: true, protocols: [6] },
    sources: [{ address: Buffer.from([10, 1, n >> 8, n & 255]), length: 32 }],
    destinationPorts: [{ first: 1000 + n, last: 1000 + n }],
  });
}

/** The same rules for nft(8). */
export function nftRuleset(rules: number): string {
  const lines = Array.from(
    { length: rules },
    (_, n) => `ip saddr 10.1.${n >> 8}.${n & 255} tcp dport ${1000 + n} counter drop`,
  );
  return `table inet filter {\n chain input {\n type filter hook input priority 0;\n${lines.join('\n')}\n }\n}\n`;
}

const PROGRAM = resolve(__dirname, '../../../agent/dist/src/main.js');

/** The agent as a child process. Its log goes to a file: who measures does not read along, and a full pipe would stop it. */
export class AgentProcess {
  readonly #child: ChildProcess;
  #seen = 0;

  constructor(
    private readonly logFile: string,
    argv: readonly string[],
  ) {
    const log = openSync(logFile, 'w');
    this.#child = spawn(process.execPath, [PROGRAM, 'run', ...argv], { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** The whole lines that were written to the log since this was last asked for. */
  newLog(): string {
    const { log } = this;
    const lines = log.slice(this.#seen, log.lastIndexOf('\n') + 1);
    this.#seen += lines.length;
    return lines;
  }

  /** Throws, with the log, if it has ended; also where no event of the child is heard of, since all waiting blocks. */
  assertRuns(): void {
    const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${this.pid ?? 0}/status`, 'utf8'))?.[1];
    if (state === 'Z' || state === 'X') throw new Error(`the agent has ended:\n${this.log}`);
  }

  /** Sends a signal and waits for the end; gives the exit status, null after a signal's death. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exited;
    }
    return this.#child.exitCode;
  }
}

export class AgentHost {
  agent: AgentProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly tls: readonly string[],
  ) {}

  static async make(): Promise<AgentHost> {
    const folder = mkdtempSync(join(tmpdir(), 'nsgate-agent-bench-'));
    const ca = await createLocalCa(join(folder, 'certs'));
    const { cert, key } = await ca.issue({ name: 'agent', identity: { kind: 'host', id: 'bench' } });
    return new AgentHost(folder, ['--tls-ca', ca.caFile, '--tls-cert', cert, '--tls-key', key]);
  }

  get socket(): string {
    return join(this.folder, 'agent.sock');
  }

  get stateFolder(): string {
    return join(this.folder, 'state');
  }

  /** Puts on disk what the agent is to enforce. */
  async desire(...policies: AgentPolicy[]): Promise<void> {
    const stored = policies.map((policy) => ({
      name: policy.name,
      message: AgentPolicy.encode(policy).finish(),
    }));
    mkdirSync(this.stateFolder, { recursive: true });
    await new StateFile(this.stateFolder).save({ complete: true, policies: stored });
  }

  /** Nobody listens where it looks for its controller. */
  startAgent(...more: string[]): void {
    this.agent = new AgentProcess(join(this.folder, 'log'), [
      ...['--controller', '127.0.0.1:9', '--host-id', 'bench', '--socket', this.socket],
      ...['--state-dir', this.stateFolder, ...this.tls, ...more],
    ]);
  }

  /** Milliseconds of a processor that the agent has used, proc(5). */
  agentCpuMs(): number {
    const stat = readFileSync(`/proc/${this.agent?.pid ?? 0}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Bytes of resident memory. */
  agentMemory(): number {
    const status = readFileSync(`/proc/${this.agent?.pid ?? 0}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }

  async stop(): Promise<void> {
    await this.agent?.end();
    rmSync(this.folder, { recursive: true });
  }
}

/** Runs `use` with the device open. */
export function withDevice<T>(use: (device: KernelDevice) => T): T {
  const device = openKernelDevice();
  try {
    return use(device);
  } finally {
    device.close();
  }
}

/** Blocks. */
export function sleepMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
