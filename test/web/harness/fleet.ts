/** A controller as a process of its own, with a web page and policies on it, a real host in a virtual machine, and faked ones for scale. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateEnrollmentTokenRequest,
  CreatePolicyRequest,
  type CreateEnrollmentTokenResponse,
  type Policy,
  type TlsFiles,
} from '@nsgate/proto';
import { createLocalCa, type LocalCa } from '../../../deploy/certificates/local-ca';
import { ADDRESS_SEEN_FROM_VM } from '../../../deploy/demo/certificates';
import { ControllerProcess, unary, type Clients } from '../../../controller/src/controller-process.testing';
import { TOKEN, viewersFile } from '../../../controller/src/web/web-bench.testing';
import { FakeHost } from './fake-host';
import { RealHost } from './real-host';

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
    const ipAddresses = ['127.0.0.1', ADDRESS_SEEN_FROM_VM];
    this.#tls = await this.#ca.issue({ name: 'c', identity, dnsNames: ['localhost'], ipAddresses });
    writeFileSync(this.#accessFile, viewersFile(TOKEN));
    await this.startController();
    return this;
  }

  get #accessFile(): string {
    return join(this.controller.folder, 'access.yaml');
  }

  /** Also again: on the same ports. */
  async startController(): Promise<void> {
    const listen = ['--listen', `127.0.0.1:${this.controller.port}`, '--ca-key', this.#ca?.keyFile ?? ''];
    const web = ['--web', `127.0.0.1:${this.webPort}`, '--access', this.#accessFile];
    await this.controller.start(this.#tls, [...listen, ...web, ...this.settings]);
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

  /** Its agent enrols by a token. */
  async bootHost(hostId: string, namespaces: readonly string[], traffic: boolean): Promise<RealHost> {
    const request = CreateEnrollmentTokenRequest.fromPartial({ host: `hosts/${hostId}` });
    const { token } = await unary<CreateEnrollmentTokenResponse>((done) =>
      this.clients.enrollment.createEnrollmentToken(request, done),
    );
    const controller = `${ADDRESS_SEEN_FROM_VM}:${this.controller.port}`;
    return RealHost.boot({ controller, serverName: 'localhost', hostId, token, namespaces, traffic });
  }

  /** One of those that are faked. */
  host(id: string): FakeHost {
    const host = this.#hosts.get(id);
    if (host === undefined) throw new Error(`there is no host ${id}`);
    return host;
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
