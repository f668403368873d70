import { status } from '@grpc/grpc-js';
import type { RpcError } from '@nsgate/proto';
import {
  BindingStats,
  ConnectRequest,
  Hello,
  HostEventKind,
  NamespaceState,
  RealizationState,
  type Realization,
} from '@nsgate/proto';
import fc from 'fast-check';
import { MAX_ENTRIES, MAX_ENTRY_BYTES, MAX_MESSAGE_BYTES, partsOf, type MessagePart } from './message-parts';

type Message = NonNullable<ConnectRequest['message']>;
type Report = Exclude<Message, { $case: 'ack' | 'nack' | 'explained' }>;

const encode = (message: Message): Buffer => Buffer.from(ConnectRequest.encode({ message }).finish());
const name = fc.string({ minLength: 1, maxLength: 200 });
const count = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const many = <Value>(one: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> =>
  fc.array(one, { maxLength: 120, size: 'max' });

const realization = fc.record<Realization>({
  ...{
    policy: name,
    host: fc.constant(''),
    namespace: name,
    state: fc.constant(RealizationState.REALIZATION_STATE_PENDING),
  },
  ...{ rulesetDigest: name, reason: name, policyRevision: count },
});
const namespace = fc.record({
  ...{
    name,
    inode: fc.nat(),
    birthId: count,
    netCookie: count,
    state: fc.constant(NamespaceState.NAMESPACE_STATE_READY),
  },
  ...{ rulesetDigest: name, detail: name, initial: fc.boolean() },
});
const binding = fc
  .record({
    ...{ namespace: name, epoch: count, ruleKeys: many(count), packets: many(count), bytes: many(count) },
    ...{ shadowPackets: many(count), idleMs: many(count) },
  })
  .map((columns) => BindingStats.fromPartial(columns));
const event = fc.record({
  ...{
    time: fc.constant(new Date(0)),
    kind: fc.constant(HostEventKind.HOST_EVENT_KIND_STATE_FILE),
    namespace: name,
    detail: name,
  },
});
const report: fc.Arbitrary<Report> = fc.oneof(
  fc.record({
    $case: fc.constant('realizations' as const),
    value: fc.record({ snapshot: fc.boolean(), realizations: many(realization) }),
  }),
  fc.record({
    $case: fc.constant('namespaces' as const),
    value: fc.record({ snapshot: fc.boolean(), namespaces: many(namespace), removed: many(name) }),
  }),
  fc.record({
    $case: fc.constant('stats' as const),
    value: fc.record({ whole: fc.boolean(), bindings: many(binding), health: fc.constant(undefined) }),
  }),
  fc.record({
    $case: fc.constant('events' as const),
    value: fc.record({ events: many(event), lost: count }),
  }),
  fc.record({
    $case: fc.constant('hello' as const),
    value: fc
      .record({ held: many(fc.record({ name, digest: name, revision: count })), hostId: name })
      .map((hello) => Hello.fromPartial(hello)),
  }),
);

function decoded({ message }: MessagePart): Message {
  if (message?.$case !== 'stats') return message!;
  const bindings = message.value.bindings.map((bytes) => BindingStats.decode(bytes));
  return { $case: 'stats', value: { ...message.value, bindings } };
}

/** What all parts say together: lists one after the other, and the rest of each field that some part sets. */
function together(parts: readonly Message[]): Message {
  const merged: Record<string, unknown> = {};
  for (const { value } of parts) {
    for (const [field, said] of Object.entries(value)) {
      const before = merged[field];
      if (Array.isArray(said))
        merged[field] = [...((before as unknown[] | undefined) ?? []), ...(said as unknown[])];
      else if (before === undefined || said === true || (typeof said === 'bigint' && said > 0n))
        merged[field] = said;
    }
  }
  return { ...parts[0], value: merged } as unknown as Message;
}

describe('the parts of a message', () => {
  it('say together what the message says', () => {
    fc.assert(
      fc.property(report, (message) => {
        const parts = [...partsOf(encode(message))];
        expect(together(parts.map(decoded))).toEqual(message);
        expect(parts.map(({ isLast }) => isLast)).toEqual(parts.map((_, i) => i === parts.length - 1));
      }),
      { numRuns: 60 },
    );
  });

  const entry = {
    policy: 'policies/a',
    namespace: 'n'.repeat(90),
    state: RealizationState.REALIZATION_STATE_PENDING,
  };
  const realizations = (entries: number): Message =>
    ConnectRequest.fromPartial({
      message: {
        $case: 'realizations',
        value: { snapshot: true, realizations: Array.from({ length: entries }, () => entry) },
      },
    }).message!;

  it('are of some kilobytes, and the first alone is a snapshot', () => {
    const found = [...partsOf(encode(realizations(1000)))].map(decoded);
    const sizes = found.map((part) => encode(part).length);
    expect(found.length).toBeGreaterThan(20);
    expect(Math.max(...sizes)).toBeLessThan(5000);
    const snapshots = found.map((part) => part.$case === 'realizations' && part.value.snapshot);
    expect(snapshots).toEqual(found.map((_, i) => i === 0));
  });

  it('of statistics all know whether the report is whole, which the bytes say at their end', () => {
    const bindings = Array.from({ length: 500 }, () => ({ namespace: 'n'.repeat(50), epoch: 1n }));
    const message = ConnectRequest.fromPartial({
      message: { $case: 'stats', value: { whole: true, bindings } },
    }).message!;
    const found = [...partsOf(encode(message))].map((part) => part.message);
    expect(found.length).toBeGreaterThan(5);
    expect(found.every((part) => part?.$case === 'stats' && part.value.whole)).toBe(true);
  });

  const codeOf = (bytes: Buffer): status | undefined => {
    try {
      Array.from(partsOf(bytes));
      return undefined;
    } catch (error) {
      return (error as RpcError).code;
    }
  };

  it('are not made of what is too large: a message, an entry, a number of entries', () => {
    const long = (length: number): Buffer =>
      encode({ $case: 'nack', value: { nonce: 1n, name: 'a', reason: 'r'.repeat(length), passing: false } });
    expect(codeOf(long(1000))).toBeUndefined();
    expect(codeOf(long(MAX_ENTRY_BYTES))).toBe(status.RESOURCE_EXHAUSTED);
    expect(codeOf(Buffer.alloc(MAX_MESSAGE_BYTES + 1))).toBe(status.RESOURCE_EXHAUSTED);
    const empty = Buffer.alloc(2 * (MAX_ENTRIES + 1));
    for (let at = 0; at < empty.length; at += 2) empty[at] = 0x12;
    const length = Buffer.from([
      0x22,
      0x80 | (empty.length & 127),
      0x80 | ((empty.length >> 7) & 127),
      empty.length >> 14,
    ]);
    expect(codeOf(Buffer.concat([length, empty]))).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('are not made of bytes that are no message; no bytes do more than be refused', () => {
    const whole = encode(realizations(100));
    expect(codeOf(whole.subarray(0, -1))).toBe(status.INVALID_ARGUMENT);
    const refusals = [undefined, status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED];
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 40 }), (at, noise) => {
        const spoilt = Buffer.from(whole);
        spoilt.set(noise.subarray(0, spoilt.length - at), at);
        expect(refusals).toContain(codeOf(spoilt));
      }),
      { numRuns: 300 },
    );
  });
});
