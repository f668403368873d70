/** A controller as a process of its own, with a web page, a few faked hosts and policies on it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreatePolicyRequest, type Policy, type TlsFiles } from '@nsgate/proto';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { ControllerProcess, unary, type Clients } from '../../../controller/src/controller-process.testing';
import { TOKEN, viewersFile } from '../../../controller/src/web/web-bench.testing';
import { FakeHost } from './fake-host';

const SITES = ['fra', 'ams', 'waw'];

export class Fleet {
  readonly controller = new ControllerProcess();
  readonly #hosts = new Map<string, FakeHost>();
  #ca: LocalCa | undefined;
  #tls: TlsFiles | undefined;
  clients!: Clients;
  webPort = 0;

  /** `settings`: further flags of the controller. */
  constructor(private readonly settings: readonly string[] = []) {}

  async start(): Promise<this> {
    this.#ca = await createLocalCa(join(this.controller.folder, 'ca'));
    const identity = { kind: 'controller', id: 'c' } as const;
    this.#tls = await this.#ca.issue({ name: 'c', identity, ipAddresses: ['127.0.0.1'] });
    writeFileSync(this.#accessFile, viewersFile(TOKEN));
    await this.startController();
    return this;
  }

  get #accessFile(): string {
    return join(this.controller.folder, 'access.yaml');
  }

  /** Also again: on the same port. */
  async startController(): Promise<void> {
    const web = ['--web', `127.0.0.1:${this.webPort}`, '--access', this.#accessFile];
    await this.controller.start(this.#tls, [...web, ...this.settings]);
    const listening = this.controller.log.find(({ transport }) => transport === 'https');
    this.webPort = Number(listening?.port);
    this.clients = this.controller.local();
  }

  async addHost(id: string, namespaces: readonly string[]): Promise<void> {
    const tls = await this.#ca?.issue({ name: id, identity: { kind: 'host', id } });
    if (tls === undefined) throw new Error('the fleet has not been started');
    const labels = { role: 'edge', site: SITES[this.#hosts.size % SITES.length] ?? '' };
    const address = `127.0.0.1:${this.controller.port}`;
    const fails = (policy: string): boolean => policy === 'policies/dns-guard' && id === 'edge-3';
    this.#hosts.set(id, new FakeHost({ id, labels, namespaces, address, tls, fails }));
  }

  removeHost(id: string): void {
    this.#hosts.get(id)?.close();
    this.#hosts.delete(id);
  }

  async addPolicy(policy: Parameters<typeof CreatePolicyRequest.fromPartial>[0]['policy']): Promise<Policy> {
    const request = CreatePolicyRequest.fromPartial({ policy });
    return unary<Policy>((done) => this.clients.policies.createPolicy(request, done));
  }

  async stop(): Promise<void> {
    for (const host of this.#hosts.values()) host.close();
    this.clients.close();
    await this.controller.remove();
  }
}
