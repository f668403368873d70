/** Every request message of every service, filled at random, against the real controller: it answers, and says which field is wrong. */
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import fc from 'fast-check';
import { buildController, ControllerProcess } from '../controller-process.testing';
import { allMethods, anyRequest, type DescMethod } from './any-message.testing';

// Processes start slowly on a busy machine.
jest.setTimeout(120_000);

const controller = new ControllerProcess();
let client: Client;

beforeAll(async () => {
  buildController();
  await controller.start();
  client = new Client(`unix:${controller.socket}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await controller.remove();
});

const methods = allMethods().filter((method) => method.methodKind !== 'bidi_streaming');

/** What the call ends with: OK for a stream that goes on. */
function call(method: DescMethod, request: Buffer): Promise<RpcError | undefined> {
  const path = `/${method.parent.typeName}/${method.name}`;
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const fail = (error: ServiceError): void => resolve(RpcError.fromServiceError(error));
    if (method.methodKind === 'unary') {
      client.makeUnaryRequest(path, same, same, request, (error) =>
        error ? fail(error) : resolve(undefined),
      );
      return;
    }
    const stream = client.makeServerStreamRequest(path, same, same, request);
    const timer = setTimeout(() => stream.cancel(), 150);
    stream.on('error', (error: ServiceError) =>
      error.code === status.CANCELLED ? resolve(undefined) : fail(error),
    );
    stream.on('data', () => stream.cancel());
    stream.on('end', () => resolve(undefined));
    stream.on('close', () => clearTimeout(timer));
  });
}

const NEVER: readonly status[] = [status.INTERNAL, status.UNKNOWN, status.DATA_LOSS];

describe('every method', () => {
  it.each(methods.map((method) => [`${method.parent.name}.${method.name}`, method] as const))(
    '%s answers any request of its type, and names what is wrong',
    async (_name, method) => {
      await fc.assert(
        fc.asyncProperty(anyRequest(method, 4), async (request) => {
          const error = await call(method, request);
          if (error === undefined) return;
          expect([error.code, error.message]).not.toContain(NEVER.find((code) => code === error.code) ?? -1);
          if (error.code === status.INVALID_ARGUMENT) expect(error.violations.length).toBeGreaterThan(0);
        }),
        { numRuns: 60 },
      );
    },
  );

  it('answers bytes that are no message of its type', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...methods),
        fc.uint8Array({ maxLength: 40 }),
        async (method, bytes) => {
          const error = await call(method, Buffer.from(bytes));
          expect(NEVER).not.toContain(error?.code);
        },
      ),
      { numRuns: 300 },
    );
  });
});
