/** A host that is revoked just when it comes in: what was let in before stands no longer. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status, type ServiceError } from '@grpc/grpc-js';
import { AgentStreamServiceClient, clientCredentials, Hello, RpcError } from '@nsgate/proto';
import { createLocalCa } from '../../../deploy/certificates/local-ca';
import { buildController, ControllerProcess, nsgate } from '../controller-process.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'nsgate-revocation-'));
const controller = new ControllerProcess();

beforeAll(() => buildController());
afterAll(async () => {
  await controller.remove();
  rmSync(folder, { recursive: true });
});

it('a stream that was opened before, and greets afterwards, is ended with the reason', async () => {
  const ca = await createLocalCa(folder);
  const identity = { kind: 'controller', id: 'c' } as const;
  await controller.start(await ca.issue({ name: 'controller', identity, ipAddresses: ['127.0.0.1'] }));
  const files = await ca.issue({ name: 'host', identity: { kind: 'host', id: 'h1' } });
  const client = new AgentStreamServiceClient(`127.0.0.1:${controller.port}`, clientCredentials(files));
  const call = client.connect();
  const ended = once(call, 'error').catch((error: unknown) => [error]) as Promise<[ServiceError]>;
  call.on('data', () => undefined);
  await once(call, 'metadata');
  expect(await nsgate('--socket', controller.socket, 'host', 'revoke', 'h1')).toMatchObject({ status: 0 });
  call.write({ message: { $case: 'hello', value: Hello.fromPartial({ hostId: 'h1', bootId: 'b' }) } });
  const refusal = RpcError.fromServiceError((await ended)[0]);
  expect(refusal).toMatchObject({ code: status.PERMISSION_DENIED, reason: { reason: 'HOST_REVOKED' } });
  client.close();
});
