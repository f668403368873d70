import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { FleetServiceService, ListHostsRequest } from '@nsgate/proto';
import { createLocalCa } from '../../deploy/certificates/local-ca';
import { unary } from '../src/controller-process.testing';
import { connect } from './connection';

describe('a connection with a token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgate-connection-'));
  const tokenFile = join(folder, 'token');
  const server = new Server();
  /** What the calls came with. */
  const seen: string[] = [];
  let endpoint: string;
  let tlsCa: string;

  beforeAll(async () => {
    const ca = await createLocalCa(join(folder, 'ca'));
    const identity = { kind: 'controller', id: 'c' } as const;
    const files = await ca.issue({ name: 'c', identity, ipAddresses: ['127.0.0.1'] });
    const pair = { private_key: readFileSync(files.key), cert_chain: readFileSync(files.cert) };
    server.addService(FleetServiceService, {
      listHosts: (call: { metadata: { get(key: string): unknown[] } }, done: (error: object) => void) => {
        seen.push(String(call.metadata.get('authorization')[0]));
        done({ code: status.UNIMPLEMENTED, details: 'seen' });
      },
    });
    const credentials = ServerCredentials.createSsl(null, [pair]);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    [endpoint, tlsCa] = [`127.0.0.1:${port}`, ca.caFile];
  });
  afterAll(() => {
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  });

  it('takes it out of its file anew for each call', async () => {
    writeFileSync(tokenFile, 'first\n');
    const connection = connect({ endpoint, tlsCa, tokenFile });
    const ask = (): Promise<unknown> =>
      unary((done) => connection.fleet.listHosts(ListHostsRequest.create(), done)).catch(() => undefined);
    await ask();
    writeFileSync(tokenFile, 'second\n');
    await ask();
    connection.close();
    expect(seen).toEqual(['Bearer first', 'Bearer second']);
  });

  it('says at once which file is not there', () => {
    expect(() => connect({ endpoint, tlsCa, tokenFile: join(folder, 'none') })).toThrow('ENOENT');
  });
});
