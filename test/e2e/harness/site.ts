/** A whole nsgate in the guest: one controller, one agent, an operator, each a real program over real mutual TLS. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from '@nsgate/proto';
import { openKernelDevice, type KernelDevice, type Listing } from '../../../agent/src/kernel-device';
import { createLocalCa } from '../../../deploy/certificates/local-ca';
import { Operator } from '../../../deploy/demo/operator';
import { eventually } from './eventually';
import { Program } from './program';

const PORT = 7443;
/** The id that the README's commands speak of. */
export const HOST_ID = 'demo-host';

export interface SiteOptions {
  /** The agent gets its certificate by a token, and for so long, such as `30s`; left out: it is put there as a file. */
  enrolledFor?: string;
}

export class Site {
  controller: Program | undefined;
  agent: Program | undefined;
  readonly socket: string;
  readonly address = `127.0.0.1:${PORT}`;

  private constructor(
    /** Laid out as the data folder of `npm start`. */
    readonly folder: string,
    private readonly tls: Record<'controller' | 'agent' | 'operator', TlsFiles>,
    readonly operator: Operator,
    private readonly options: SiteOptions,
  ) {
    this.socket = join(folder, 'controller.sock');
  }

  /** Makes certificates and starts controller and agent. */
  static async start(options: SiteOptions = {}): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'nsgate-e2e-'));
    const ca = await createLocalCa(join(folder, 'certs'));
    const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
    const tls = {
      controller: await ca.issue({
        name: 'controller',
        identity: { kind: 'controller', id: 'main' },
        ...names,
      }),
      agent: await ca.issue({ name: 'agent', identity: { kind: 'host', id: HOST_ID } }),
      operator: await ca.issue({ name: 'operator', identity: { kind: 'operator', id: 'admin' } }),
    };
    const site = new Site(folder, tls, new Operator(`127.0.0.1:${PORT}`, tls.operator), options);
    try {
      if (options.enrolledFor === undefined) site.startAgent();
      await site.startController();
      if (options.enrolledFor !== undefined) await site.#startEnrolling();
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  /** Of the agent. */
  get stateDir(): string {
    return join(this.folder, 'state');
  }

  /** Files of the operator's mutual TLS. */
  get operatorTls(): TlsFiles {
    return this.tls.operator;
  }

  /** `settings`: further flags. */
  async startController(...settings: string[]): Promise<void> {
    const { ca, cert, key } = this.tls.controller;
    const controller = new Program(
      'controller/dist/src/main.js',
      ...['--data-dir', join(this.folder, 'store'), '--listen', this.address, '--socket', this.socket],
      ...['--tls-ca', ca, '--tls-cert', cert, '--tls-key', key],
      ...this.#signing(),
      ...settings,
    );
    this.controller = controller;
    await eventually(async () => {
      controller.assertRuns();
      if (!(await this.operator.serves()))
        throw new Error(`the controller does not answer:\n${controller.log}`);
    });
  }

  /** With its files, or with what it has enrolled for. */
  startAgent(): void {
    const { ca, cert, key } = this.tls.agent;
    const isEnrolled = this.options.enrolledFor !== undefined;
    this.agent = new Program(
      'agent/dist/src/main.js',
      ...['run', '--controller', this.address, '--tls-server-name', 'localhost'],
      ...(isEnrolled ? [] : ['--tls-ca', ca, '--tls-cert', cert, '--tls-key', key]),
      ...['--host-id', HOST_ID, '--label', 'role=test', '--state-dir', this.stateDir],
    );
  }

  async #startEnrolling(): Promise<void> {
    const token = await this.operator.enroll(HOST_ID);
    mkdirSync(this.stateDir, { mode: 0o700 });
    writeFileSync(join(this.stateDir, 'enroll-token'), token, { mode: 0o600 });
    this.startAgent();
  }

  /** The site's CA signs for the hosts, too. */
  #signing(): string[] {
    const { enrolledFor } = this.options;
    if (enrolledFor === undefined) return [];
    return ['--ca-key', join(this.folder, 'certs/ca-key.pem'), '--certificate-lifetime', enrolledFor];
  }

  /** The module's generation: raised by every commit that changed something. */
  kernelGeneration(): bigint {
    return this.#askKernel((device) => device.info().generation);
  }

  /** What the module says of namespaces and what is bound to them. */
  kernelListing(): Listing {
    return this.#askKernel((device) => device.list());
  }

  #askKernel<Answer>(ask: (device: KernelDevice) => Answer): Answer {
    const device = openKernelDevice();
    try {
      return ask(device);
    } finally {
      device.close();
    }
  }

  async stop(): Promise<void> {
    this.operator.close();
    await this.agent?.end();
    await this.controller?.end();
    rmSync(this.folder, { recursive: true });
  }
}
