/** A real controller to be fuzzed, with those who have to be served meanwhile, and a look at what it holds. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  AgentStreamServiceClient,
  clientCredentials,
  Hello,
  ListHostsRequest,
  type PeerIdentity,
  type TlsFiles,
} from '@nsgate/proto';
import {
  buildController,
  Clients,
  ControllerProcess,
  unary,
} from '../../../controller/src/controller-process.testing';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { hostId, IDENTITIES, type Conversation } from './conversation';
import { demandOpenCalls } from './open-calls';
import type { Spoken } from './speaker';

/** What the controller holds, after garbage was collected. */
export interface VitalSigns {
  readonly heldBytes: number;
  readonly residentBytes: number;
  readonly descriptors: number;
  /** By kind, such as `TCPSocketWrap`. */
  readonly active: ReadonlyMap<string, number>;
}

/** Of one caller: as many as a host may have by default. */
const CALLS = 16;
/** Of an address that has proved nothing, and how many addresses may have them at a time. */
const STRANGERS = { calls: 4, addresses: 8 };

/** Of an operator's call that has to be answered. */
const PATIENCE_MS = 10_000;

export class FuzzedSite {
  readonly controller = new ControllerProcess([
    '--expose-gc',
    '--stack-trace-limit=50',
    '--import',
    join(__dirname, 'inside.mjs'),
  ]);
  readonly #folder = mkdtempSync(join(tmpdir(), 'nsgate-fuzz-'));
  readonly #contexts = new Map<string, SecureContext>();
  readonly #clients: Clients[] = [];
  #agent: AgentStreamServiceClient | undefined;
  /** Why the stream of the host that means well has ended. */
  #streamEnd: string | undefined;

  async start(): Promise<void> {
    buildController();
    const ca = await createLocalCa(this.#folder);
    const identity = { kind: 'controller', id: 'c' } as const;
    const server = await ca.issue({ name: 'c', identity, ipAddresses: ['127.0.0.1'] });
    await this.controller.start(server, ['--connection-rate', '100000', '--ca-key', ca.keyFile]);
    for (let number = 0; number < IDENTITIES; number++) {
      await this.#certify(ca, { kind: 'host', id: hostId(number) });
      await this.#certify(ca, { kind: 'operator', id: hostId(number) });
    }
    const honest = await ca.issue({ name: 'honest', identity: { kind: 'operator', id: 'honest' } });
    this.#clients.push(new Clients(this.#address, clientCredentials(honest)), this.controller.local());
    await this.#join(await ca.issue({ name: 'good', identity: { kind: 'host', id: 'good' } }));
  }

  get #address(): string {
    return `127.0.0.1:${this.controller.port}`;
  }

  async remove(): Promise<void> {
    for (const clients of this.#clients) clients.close();
    this.#agent?.close();
    await this.controller.remove();
    rmSync(this.#folder, { recursive: true });
  }

  spokenBy({ guise, number }: Conversation): Spoken {
    const { port, socket } = this.controller;
    return { port, socket, context: this.#contexts.get(`${guise}:${hostId(number)}`) };
  }

  /** Whether operators are answered over both transports, and the host that means well is still in; an Error says what is not. */
  async demandService(): Promise<void> {
    this.#demandNoFault();
    if (this.#streamEnd !== undefined)
      throw new Error(`the stream of another host has ended: ${this.#streamEnd}`);
    for (const { fleet } of this.#clients) {
      const deadline = { deadline: Date.now() + PATIENCE_MS };
      await unary((done) => fleet.listHosts(ListHostsRequest.create(), deadline as never, done as never));
    }
  }

  /** Rejects with what it said last when the controller ends. */
  async demandLife(): Promise<never> {
    const { status, signal } = await this.controller.ended();
    await setTimeout(100);
    this.#demandNoFault();
    throw new Error(`the controller has ended: status ${status ?? 'none'}, signal ${signal ?? 'none'}`);
  }

  #demandNoFault(): void {
    const faults = this.controller.log.filter(({ level }) => Number(level) >= 50);
    if (faults.length === 0) return;
    const told = faults
      .slice(0, 40)
      .map((fault) => String(fault.err === undefined ? fault.msg : JSON.stringify(fault)));
    throw new Error(`the controller tells of a fault of its own:\n${told.join('\n')}\n`);
  }

  /** Whether everybody may still have as many calls open as are his; an Error says who may not. To be asked when no conversation goes on. */
  async demandOpenCalls(): Promise<void> {
    const { port } = this.controller;
    const known = [...this.#contexts].map(([name, context]) => ({
      ...{ name, context, calls: CALLS, localAddress: '127.0.1.1' },
      path: name.startsWith('host:')
        ? '/nsgate.v1.AgentStreamService/Connect'
        : '/nsgate.v1.EnrollmentService/RevokeHost',
    }));
    const strangers = Array.from({ length: STRANGERS.addresses }, (_, i) => ({
      ...{ name: 'a stranger', context: undefined, calls: STRANGERS.calls, localAddress: `127.0.1.${i + 1}` },
      path: '/nsgate.v1.EnrollmentService/Enroll',
    }));
    await Promise.all([...known, ...strangers].map((caller) => demandOpenCalls({ ...caller, port })));
  }

  async vitalSigns(): Promise<VitalSigns> {
    const { controller } = this;
    const told = (): Record<string, unknown>[] => controller.log.filter(({ msg }) => msg === 'vital signs');
    const before = told().length;
    process.kill(controller.pid, 'SIGUSR2');
    const end = Date.now() + PATIENCE_MS;
    while (told().length === before) {
      if (Date.now() > end) throw new Error('the controller does not say what it holds');
      await setTimeout(20);
    }
    const { heldBytes, rss, active } = told().at(-1) as { heldBytes: number; rss: number; active: object };
    const descriptors = readdirSync(`/proc/${controller.pid}/fd`).length;
    return { heldBytes, residentBytes: rss, descriptors, active: new Map(Object.entries(active)) };
  }

  async #certify(ca: LocalCa, identity: PeerIdentity): Promise<void> {
    const { kind, id } = identity;
    const { cert, key } = await ca.issue({ name: `${kind}-${id}`, identity });
    this.#contexts.set(
      `${kind}:${id}`,
      createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) }),
    );
  }

  /** A host that says what it has to, and listens. */
  async #join(files: TlsFiles): Promise<void> {
    this.#agent = new AgentStreamServiceClient(this.#address, clientCredentials(files));
    const call = this.#agent.connect();
    call.on('error', (error) => (this.#streamEnd = error.message));
    call.on('end', () => (this.#streamEnd ??= 'without an error'));
    const welcomed = new Promise((resolve) => void call.once('data', resolve));
    call.on('data', () => undefined);
    call.write({ message: { $case: 'hello', value: Hello.fromPartial({ hostId: 'good', bootId: 'b' }) } });
    await welcomed;
  }
}
