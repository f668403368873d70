/** The certificates of the demo: one CA in the data folder, and one for controller and operator each. The host enrols. */
import { join } from 'node:path';
import type { TlsFiles } from '@nsgate/proto';
import { createLocalCa } from '../certificates/local-ca';

/** Under which address a virtual machine sees the loopback of the machine that runs it (qemu's user network). */
export const ADDRESS_SEEN_FROM_VM = '10.0.2.2';
/** Id of the demo's host. */
export const HOST_ID = 'demo-host';

export interface DemoCertificates {
  controller: TlsFiles;
  /** Private key of the CA, with which the controller signs for its hosts. */
  authorityKey: string;
  operator: TlsFiles;
}

/** Makes what is not there yet. */
export async function makeCertificates(dataDir: string): Promise<DemoCertificates> {
  const ca = await createLocalCa(join(dataDir, 'certs'));
  return {
    authorityKey: ca.keyFile,
    controller: await ca.issue({
      name: 'controller',
      identity: { kind: 'controller', id: 'main' },
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1', '::1', ADDRESS_SEEN_FROM_VM],
    }),
    operator: await ca.issue({ name: 'operator', identity: { kind: 'operator', id: 'admin' } }),
  };
}
