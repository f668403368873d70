/** Requests of every method of the API, filled at random as their descriptions allow, for tests. */
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
import fc from 'fast-check';

export type { DescMethod };

const DESCRIPTIONS = join(__dirname, '../../../proto/dist/nsgate.binpb');

/** Of all services; buildDescriptions brings what is read here up to date. */
export function allMethods(): DescMethod[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTIONS)));
  return [...registry].filter((one) => one.kind === 'service').flatMap(({ methods }) => methods);
}

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

/** Requests of the method as bytes, with messages in them so many deep. */
export function anyRequest(method: DescMethod, depth: number): fc.Arbitrary<Buffer> {
  return anyMessage(method.input, depth).map((request) =>
    Buffer.from(toBinary(method.input, request as never)),
  );
}

/** A message of that type, with messages in it so many deep. */
function anyMessage(description: DescMessage, depth: number): fc.Arbitrary<unknown> {
  const isFit = ({ message }: DescField): boolean => depth > 0 || message === undefined;
  const members = description.members.flatMap((member): [string, fc.Arbitrary<unknown>][] => {
    if (member.kind === 'oneof') {
      const choices = member.fields.filter(isFit);
      return choices.length === 0 ? [] : [[member.localName, choice(choices, depth)]];
    }
    return isFit(member) ? [[member.localName, value(member, depth)]] : [];
  });
  return fc
    .record(Object.fromEntries(members), { requiredKeys: [] })
    .map((init) => create(description, init));
}

function choice(fields: readonly DescField[], depth: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...fields.map((field) => fc.record({ case: fc.constant(field.localName), value: value(field, depth) })),
  );
}

function value(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const one = field.message
    ? anyMessage(field.message, depth - 1)
    : field.enum
      ? fc.oneof(fc.integer({ min: -1, max: 9 }), INT)
      : (SCALARS.get(field.scalar) ?? INT);
  if (field.fieldKind === 'list') return fc.array(one, { maxLength: 3 });
  return field.fieldKind === 'map' ? fc.dictionary(text, one, { maxKeys: 3 }) : one;
}
