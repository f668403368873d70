/** Every request message of every service, filled at random, against the real controller: it answers, and says which field is wrong. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  create,
  createFileRegistry,
  fromBinary,
  ScalarType,
  toBinary,
  type DescField,
  type DescMessage,
  type DescMethod,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { RpcError } from '@nsgate/proto';
import fc from 'fast-check';
import { buildController, ControllerProcess } from '../controller-process.testing';

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

const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(join(__dirname, '../../../proto/dist/nsgate.binpb'))),
);
const services = [...registry].filter((one) => one.kind === 'service');
const methods = services
  .flatMap((service) => service.methods)
  .filter((method) => method.methodKind !== 'bidi_streaming');

const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'policies/a',
    'policies/b',
    'addressSets/a',
    'hosts/a',
    'hosts/-',
    'tcp',
    'icmp',
    '10.0.0.0/8',
    '::1',
    '80',
    '*',
    '[',
    'name desc',
    'team=web',
    'operator_labels',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const INT = fc.oneof(fc.constantFrom(0, 1, -1, 2147483647, -2147483648), fc.integer());
const UINT = fc.oneof(fc.constantFrom(0, 1, 4294967295), fc.nat());
const SINT64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const UINT64 = fc.oneof(fc.constantFrom(0n, 1n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

const SCALARS: ReadonlyMap<ScalarType, fc.Arbitrary<unknown>> = new Map<ScalarType, fc.Arbitrary<unknown>>([
  [ScalarType.STRING, text],
  [ScalarType.BOOL, fc.boolean()],
  [ScalarType.BYTES, fc.uint8Array({ maxLength: 20 })],
  [ScalarType.UINT64, UINT64],
  [ScalarType.FIXED64, UINT64],
  [ScalarType.INT64, SINT64],
  [ScalarType.UINT32, UINT],
]);

function value(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const one = field.message
    ? message(field.message, depth - 1)
    : field.enum
      ? fc.oneof(fc.integer({ min: -1, max: 9 }), INT)
      : (SCALARS.get(field.scalar) ?? INT);
  if (field.fieldKind === 'list') return fc.array(one, { maxLength: 3 });
  return field.fieldKind === 'map' ? fc.dictionary(text, one, { maxKeys: 3 }) : one;
}

function message(description: DescMessage, depth: number): fc.Arbitrary<unknown> {
  const fields = description.fields.filter(
    (field) => field.oneof === undefined && (depth > 0 || field.message === undefined),
  );
  const record = Object.fromEntries(fields.map((field) => [field.localName, value(field, depth)]));
  return fc.record(record, { requiredKeys: [] }).map((init) => create(description, init));
}

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
        fc.asyncProperty(message(method.input, 4), async (request) => {
          const error = await call(method, Buffer.from(toBinary(method.input, request as never)));
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
