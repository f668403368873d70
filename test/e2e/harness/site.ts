/** A whole nsgate in the guest: one controller, one agent, an operator, each a real program over real mutual TLS. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from '@nsgate/proto';
import { openKernelDevice } from '../../../agent/src/kernel-device';
import { createLocalCa } from '../../../deploy/certificates/local-ca';
import { Operator } from '../../../deploy/demo/operator';
import { eventually } from './eventually';
import { Program } from './program';

const PORT = 7443;
/** The id that the README's commands speak of. */
export const HOST_ID = 'demo-host';

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
  ) {
    this.socket = join(folder, 'controller.sock');
  }

  /** Makes certificates and starts controller and agent. */
  static async start(): Promise<Site> {
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
    const site = new Site(folder, tls, new Operator(`127.0.0.1:${PORT}`, tls.operator));
    try {
      site.startAgent();
      await site.startController();
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  /** Files of the operator's mutual TLS. */
  get operatorTls(): TlsFiles {
    return this.tls.operator;
  }

  async startController(): Promise<void> {
    const { ca, cert, key } = this.tls.controller;
    const controller = new Program(
      'controller/dist/src/main.js',
      ...['--data-dir', join(this.folder, 'store'), '--listen', this.address, '--socket', this.socket],
      ...['--tls-ca', ca, '--tls-cert', cert, '--tls-key', key],
    );
    this.controller = controller;
    await eventually(async () => {
      controller.assertRuns();
      if (!(await this.operator.serves()))
        throw new Error(`the controller does not answer:\n${controller.log}`);
    });
  }

  startAgent(): void {
    const { ca, cert, key } = this.tls.agent;
    this.agent = new Program(
      'agent/dist/src/main.js',
      ...['run', '--controller', this.address, '--tls-server-name', 'localhost'],
      ...['--tls-ca', ca, '--tls-cert', cert, '--tls-key', key],
      ...['--host-id', HOST_ID, '--label', 'role=test', '--state-dir', join(this.folder, 'state')],
    );
  }

  /** The module's generation: raised by every commit that changed something. */
  kernelGeneration(): bigint {
    const device = openKernelDevice();
    try {
      return device.info().generation;
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
